"""Snapshots of machines of an ESX host by SSH."""

from __future__ import annotations

import pytest
from esxshell.lab import EsxLab

from aiovirt.config import SnapshotConfig
from aiovirt.config.snapshot import SnapshotDisk, SnapshotMemory
from aiovirt.errors import AlreadyExists, ConfigError, NotFound, RemoteError, Unsupported
from aiovirt.model.constants import DomainSnapshotCreateFlags as Making
from aiovirt.model.constants import DomainSnapshotListFlags as Listing
from aiovirt.model.constants import DomainSnapshotRevertFlags as Reverting
from aiovirt.model.domain import StateReason
from aiovirt.objects import Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def make(vm: Domain, name: str, flags: Making | None = None) -> None:
    """Make a snapshot."""
    await vm.snapshots.create(SnapshotConfig(name=name), flags=flags or 0)


async def names(vm: Domain, flags: Listing | None = None) -> list[str]:
    """Return the names of a machine's snapshots."""
    return [each.name for each in await vm.snapshots.list(flags=flags or 0)]


async def test_a_tree(vm: Domain) -> None:
    assert await names(vm) == []
    assert await vm.snapshots.current() is None
    await make(vm, "one")
    await make(vm, "two")
    first, second = await vm.snapshots.get("one"), await vm.snapshots.get("two")
    assert await second.parent() == first
    assert await first.children() == [second]
    assert await vm.snapshots.current() == second
    assert await names(vm, Listing.ROOTS) == ["one"]
    assert await names(vm, Listing.LEAVES) == ["two"]


@pytest.mark.parametrize("name", ["a b", "x'\"$;`|&>(", "é漢", "-n", 'ends in "'])
async def test_odd_names_and_descriptions(vm: Domain, name: str) -> None:
    await vm.snapshots.create(SnapshotConfig(name=name, description='one\n"two",\n  three'))
    config = await (await vm.snapshots.get(name)).config()
    assert (config.name, config.description) == (name, 'one\n"two",\n  three')


async def test_memory_is_kept_of_what_runs(vm: Domain) -> None:
    await make(vm, "off")
    await vm.start()
    await make(vm, "memory")
    await make(vm, "disks", Making.DISK_ONLY)
    await make(vm, "quiet", Making.QUIESCE)
    states = [(await each.config()).state for each in await vm.snapshots.list()]
    assert dict(zip(await names(vm), states, strict=True)) == {
        "off": "shutoff",
        "memory": "running",
        "disks": "shutoff",
        "quiet": "shutoff",
    }
    assert await names(vm, Listing.ACTIVE) == ["memory"]


async def test_going_back(vm: Domain) -> None:
    await make(vm, "off")
    await vm.start()
    await make(vm, "on")
    await (await vm.snapshots.get("off")).revert()
    assert await vm.state() is StateReason.SHUTOFF_FROM_SNAPSHOT
    await (await vm.snapshots.get("on")).revert()
    assert await vm.state() is StateReason.RUNNING_FROM_SNAPSHOT
    await (await vm.snapshots.get("off")).revert(flags=Reverting.RUNNING)
    assert (await vm.record()).state.label == "running"


async def test_going_away(vm: Domain) -> None:
    for name in ("one", "two", "three", "four"):
        await make(vm, name)
    await (await vm.snapshots.get("two")).delete()
    assert await names(vm) == ["four", "one", "three"]
    await (await vm.snapshots.get("three")).delete(children=True)
    assert await names(vm) == ["one"]


async def test_all_go_at_once(vm: Domain) -> None:
    for name in ("one", "two"):
        await make(vm, name)
    await vm.snapshots.delete_all()
    assert await names(vm) == []


async def test_two_of_one_name_that_others_made(vm: Domain, esx: EsxLab) -> None:
    esx.snapshot("1", "same")
    esx.snapshot("1", "same")
    assert await names(vm) == ["same", "same#2"]
    await (await vm.snapshots.get("same#2")).delete()
    assert await names(vm) == ["same"]


async def test_what_cannot_be(vm: Domain) -> None:
    await make(vm, "one")
    with pytest.raises(AlreadyExists):
        await make(vm, "one")
    with pytest.raises(ConfigError, match="line break"):
        await make(vm, "a\tb")
    for config in (
        SnapshotConfig(memory=SnapshotMemory(snapshot="external", file="/x")),
        SnapshotConfig(disks=[SnapshotDisk.excluded("sda")]),
    ):
        with pytest.raises(Unsupported):
            await vm.snapshots.create(config)
    with pytest.raises(NotFound):
        await vm.snapshots.get("two")


async def test_a_host_that_makes_none(vm: Domain, esx: EsxLab) -> None:
    await vm.start()
    with esx.state() as host:
        host.machine("1")["guest"]["tools"] = False
    with pytest.raises(RemoteError, match="snapshot 'quiet'"):
        await make(vm, "quiet", Making.QUIESCE)
