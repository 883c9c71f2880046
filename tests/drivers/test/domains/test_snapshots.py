"""Snapshots and checkpoints of domains of the host in memory."""

from __future__ import annotations

import pytest
from memoryguests import details

from aiovirt.config import CheckpointConfig, SnapshotConfig
from aiovirt.errors import AlreadyExists, InvalidState, NotFound, Unsupported
from aiovirt.model.constants import DomainSnapshotCreateFlags, DomainSnapshotListFlags
from aiovirt.model.domain import StateReason
from aiovirt.model.events import LifecycleDetail as Told
from aiovirt.objects import Domain
from aiovirt.testing import TestHost

pytestmark = pytest.mark.anyio


def named(name: str) -> SnapshotConfig:
    """Return what makes a snapshot of that name."""
    return SnapshotConfig(name=name)


async def test_they_form_a_tree(vm: Domain) -> None:
    first = await vm.snapshots.create(named("a"))
    await vm.snapshots.create(named("b"))
    await first.revert()
    await vm.snapshots.create(named("c"))
    assert [child.name for child in await first.children()] == ["b", "c"]
    current = await vm.snapshots.current()
    assert current is not None
    assert current.name == "c"
    await first.delete()
    assert [s.name for s in await vm.snapshots.list(flags=DomainSnapshotListFlags.ROOTS)] == [
        "b",
        "c",
    ]


async def test_names_are_taken_once(vm: Domain) -> None:
    await vm.snapshots.create(named("a"))
    with pytest.raises(AlreadyExists):
        await vm.snapshots.create(named("a"))


async def test_going_back_is_told_as_libvirt_does(host: TestHost, vm: Domain) -> None:
    running = await vm.snapshots.create(named("running"))
    await vm.destroy()
    off = await vm.snapshots.create(named("off"))
    async with host.events() as events:
        await running.revert()
        await running.revert(paused=True)
        await off.revert()
        assert await details(events, 5) == [
            Told.STARTED_FROM_SNAPSHOT,
            Told.STOPPED_FROM_SNAPSHOT,
            Told.STARTED_FROM_SNAPSHOT,
            Told.SUSPENDED_FROM_SNAPSHOT,
            Told.STOPPED_FROM_SNAPSHOT,
        ]
    assert await vm.state() is StateReason.SHUTOFF_FROM_SNAPSHOT


async def test_the_configuration_goes_back_too(vm: Domain) -> None:
    snapshot = await vm.snapshots.create(named("a"))
    await vm.set_title("later", live=True)
    await snapshot.revert()
    assert await vm.title() is None


async def test_what_is_stored_beside_goes_back_too(vm: Domain) -> None:
    await vm.set_title("stored", config=True)
    snapshot = await vm.snapshots.create(named("a"))
    kept = await snapshot.config()
    assert (kept.domain.title, kept.inactive.title) == (None, "stored")
    await vm.set_title("later", config=True)
    await snapshot.revert()
    assert [(await vm.config(inactive=each)).title for each in (False, True)] == [None, "stored"]


async def test_one_that_is_off_has_nothing_beside(vm: Domain) -> None:
    await vm.destroy()
    assert not (await (await vm.snapshots.create(named("off"))).config()).inactive


async def test_an_external_one_lets_the_guest_go_on_in_a_new_image(vm: Domain) -> None:
    snapshot = await vm.snapshots.create(named("a"), disk_only=True)
    config = await snapshot.config()
    assert config.state == "disk-snapshot"
    assert config.disks[0].source.file == "/guest/diskimage1.a"
    assert (await vm.config()).disks[0].source.file == "/guest/diskimage1.a"
    assert (await vm.block_info("vda")).allocation == 0


async def test_definition_waits_for_snapshots(vm: Domain) -> None:
    await vm.snapshots.create(named("a"))
    await vm.destroy()
    with pytest.raises(InvalidState):
        await vm.undefine()
    await vm.undefine(snapshots_metadata=True)


async def test_they_are_defined_anew(vm: Domain) -> None:
    snapshot = await vm.snapshots.create(named("a"))
    xml = await snapshot.xml(secure=True)
    await snapshot.delete()
    again = await vm.snapshots.create(xml, flags=DomainSnapshotCreateFlags.REDEFINE)
    assert await again.xml(secure=True) == xml
    assert await vm.snapshots.current() is None


async def test_a_snapshot_that_is_not_there(vm: Domain) -> None:
    with pytest.raises(NotFound) as caught:
        await vm.snapshots.get("nope")
    assert caught.value.libvirt is not None
    assert caught.value.libvirt.code == 72


async def test_checkpoints_follow_each_other(vm: Domain) -> None:
    first = await vm.checkpoints.create(CheckpointConfig.of("c1"))
    second = await vm.checkpoints.create(CheckpointConfig.of("c2"))
    assert (await second.parent()).name == "c1"
    assert (await first.config()).disks[0].bitmap == "c1"
    await first.delete()
    with pytest.raises(NotFound):
        await second.parent()


async def test_a_checkpoint_needs_a_running_domain(vm: Domain) -> None:
    await vm.destroy()
    with pytest.raises(InvalidState):
        await vm.checkpoints.create(CheckpointConfig.of("c1"))


async def test_a_domain_has_snapshots_or_checkpoints(vm: Domain) -> None:
    snapshot = await vm.snapshots.create(named("a"))
    with pytest.raises(Unsupported):
        await vm.checkpoints.create(CheckpointConfig.of("c1"))
    await snapshot.delete()
    await vm.checkpoints.create(CheckpointConfig.of("c1"))
    with pytest.raises(Unsupported):
        await vm.snapshots.create(named("a"))
