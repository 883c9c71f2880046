"""Snapshots of machines, as another client and libvirt's own driver see them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from vcsimlab import Checker, Simulator
from vcsimlab.fixtures import Reference
from xmldifferences import differences

from aiovirt.config import SnapshotConfig
from aiovirt.config.snapshot import SnapshotMemory
from aiovirt.errors import AlreadyExists, ConnectionLost, NotFound, Unsupported
from aiovirt.model.constants import DomainSnapshotListFlags
from aiovirt.model.domain import StateReason
from aiovirt.model.jobs import JobKind
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]

Check = Callable[[Simulator], Checker]


def seen(checker: Checker, name: str) -> dict[str, bool]:
    """Return a machine's snapshots by name, and whether each is the current one."""
    return {each.name: each.current for each in checker.machine(name).snapshots}


async def test_a_tree(vsphere: Simulator, host: Connection, name: str, check: Check) -> None:
    vm = await host.domains.get(name)
    first = await vm.snapshots.create(SnapshotConfig(name="first", description="new & clean"))
    second = await vm.snapshots.create(SnapshotConfig(name="second"))
    await first.revert()
    third = await vm.snapshots.create(SnapshotConfig(name="third"))
    assert seen(check(vsphere), name) == {"first": False, "second": False, "third": True}
    assert await vm.snapshots.current() == third
    assert await third.parent() == await second.parent() == first
    assert {each.name for each in await first.children()} == {"second", "third"}
    (tree,) = await vm.snapshots.tree()
    assert [each.snapshot.name for each in tree.children] == ["second", "third"]
    assert not await first.is_current()
    assert not await first.has_metadata()
    with pytest.raises(NotFound):
        await first.parent()


async def test_xml_is_libvirts(
    vsphere: Simulator, host: Connection, name: str, virsh: Reference
) -> None:
    vm = await host.domains.get(name)
    await vm.snapshots.create(SnapshotConfig(name="first", description="new & <clean>"))
    second = await vm.snapshots.create(SnapshotConfig(name="second"))
    reference = virsh(vsphere)
    for each in ("first", "second"):
        theirs = reference.run("snapshot-dumpxml", name, each)
        ours = await (await vm.snapshots.get(each)).xml()
        assert differences(theirs, ours) == []
    assert (await second.config()).parent == "first"
    listed = reference.run("snapshot-list", name, "--name").split()
    assert listed == [each.name for each in await vm.snapshots.list()]


async def test_deleting(vsphere: Simulator, host: Connection, name: str, check: Check) -> None:
    vm = await host.domains.get(name)
    first, second, _third, fourth = [
        await vm.snapshots.create(SnapshotConfig(name=each)) for each in "abcd"
    ]
    await fourth.delete()
    assert set(seen(check(vsphere), name)) == {"a", "b", "c"}
    await second.delete(metadata_only=True)
    await second.delete()
    assert set(seen(check(vsphere), name)) == {"a", "c"}
    await first.delete(children_only=True)
    assert set(seen(check(vsphere), name)) == {"a"}
    await vm.snapshots.create(SnapshotConfig(name="e"))
    await first.delete(children=True)
    assert not seen(check(vsphere), name)
    assert await vm.snapshots.current() is None


async def test_reverting_brings_the_state_back(host: Connection, name: str) -> None:
    vm = await host.domains.get(name)
    running = await vm.snapshots.create()
    await vm.destroy()
    off = await vm.snapshots.create(SnapshotConfig(name="off"))
    assert (await off.config()).state == "shutoff"
    assert (await running.config()).state == "running"
    await off.revert(running=True)
    assert await vm.state() is StateReason.RUNNING_FROM_SNAPSHOT


async def test_a_server_that_goes_away_over_it(vsphere: Simulator, host: Connection) -> None:
    """VMware's simulator does where the first goes and those made from it stay."""
    vm = (await host.domains.list())[0]
    first = await vm.snapshots.create(SnapshotConfig(name="first"))
    vsphere.drop("RemoveSnapshot_Task", done=False)
    with pytest.raises(ConnectionLost, match="remove snapshot 'first'") as caught:
        await first.delete()
    assert "snapshot-list" in (caught.value.hint or "")


async def test_what_is_refused(host: Connection, name: str) -> None:
    vm = await host.domains.get(name)
    await vm.snapshots.create(SnapshotConfig(name="one"))
    with pytest.raises(AlreadyExists, match="'one'"):
        await vm.snapshots.create(SnapshotConfig(name="one"))
    with pytest.raises(Unsupported, match="0x1"):
        await vm.snapshots.create(SnapshotConfig(name="two"), flags=1)  # type: ignore[arg-type]
    kept = SnapshotMemory(snapshot="external", file="/kept")
    with pytest.raises(Unsupported, match="memory"):
        await vm.snapshots.create(SnapshotConfig(name="two", memory=kept))
    with pytest.raises(NotFound, match="'no'"):
        await vm.snapshots.get("no")
    assert len(await vm.snapshots.list()) == 1


async def test_by_kind(host: Connection, name: str) -> None:
    vm = await host.domains.get(name)
    await vm.snapshots.create(SnapshotConfig(name="running"))
    await vm.destroy()
    await vm.snapshots.create(SnapshotConfig(name="off"))
    active = await vm.snapshots.list(flags=DomainSnapshotListFlags.ACTIVE)
    leaves = await vm.snapshots.list(leaves=True)
    assert [each.name for each in active] == ["running"]
    assert [each.name for each in leaves] == ["off"]
    assert (await vm.job_stats()).kind is JobKind.NONE


async def test_two_of_one_name_are_told_apart(
    vsphere: Simulator, host: Connection, name: str, check: Check
) -> None:
    vm = await host.domains.get(name)
    await vm.snapshots.create(SnapshotConfig(name="same"))
    check(vsphere).snapshot(name, "same")
    await vm.snapshots.create(SnapshotConfig(name="last"))
    assert len(await vm.snapshots.list()) == 3
    assert any(re.fullmatch(r"same#\d+", each.name) for each in await vm.snapshots.list())
