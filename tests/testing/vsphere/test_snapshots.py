"""Snapshots of the simulator's machines: the tree, the layers of disks, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from vspherecaller import Caller, Refused, calling

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import devices as d
from aiovirt.protocols.vsphere.tables import machine_methods as mm
from aiovirt.protocols.vsphere.tables.enums import VirtualMachinePowerState as Power
from aiovirt.protocols.vsphere.tables.machine import (
    VirtualMachineConfigSpec,
    VirtualMachineGuestQuiesceSpec,
    VirtualMachineSnapshotTree,
)
from aiovirt.testing.vsphere import FakeVSphere, Settings

pytestmark = pytest.mark.anyio


async def take(caller: Caller, vm: Ref, name: str, **given: Any) -> Ref:  # noqa: ANN401 - arguments
    args = mm.CreateSnapshotTaskArgs(
        name=name, **{"memory": False, "quiesce": False, "description": "", **given}
    )
    ref = await caller.do(mm.CREATE_SNAPSHOT_TASK, vm, args)
    assert isinstance(ref, Ref)
    return ref


async def remove(caller: Caller, snapshot: Ref, *, children: bool = False) -> None:
    args = mm.RemoveSnapshotTaskArgs(remove_children=children)
    await caller.do(mm.REMOVE_SNAPSHOT_TASK, snapshot, args)


async def revert(caller: Caller, snapshot: Ref) -> None:
    await caller.do(mm.REVERT_TO_SNAPSHOT_TASK, snapshot, mm.RevertToSnapshotTaskArgs())


def shape(tree: tuple[VirtualMachineSnapshotTree, ...]) -> dict[str, Any]:
    return {each.name: shape(each.child_snapshot_list) for each in tree}


async def tree(caller: Caller, vm: Ref) -> dict[str, Any]:
    found = await caller.one(vm, "snapshot.rootSnapshotList")
    return shape(found or ())


def disks(fake: FakeVSphere, name: str = "machine0") -> list[str]:
    files, _ = fake.site.place("[datastore1]")
    return [each.partition("/")[2] for each in files.within(name) if each.endswith(".vmdk")]


async def test_snapshots_grow_from_the_current_one() -> None:
    async with calling(Settings(running=0)) as (fake, caller):
        vm = fake.machine("machine0").ref
        first = await take(caller, vm, "first")
        second = await take(caller, vm, "second")
        assert await tree(caller, vm) == {"first": {"second": {}}}
        await revert(caller, first)
        await take(caller, vm, "third")
        assert await tree(caller, vm) == {"first": {"second": {}, "third": {}}}
        assert await caller.one(first, "childSnapshot") == (
            second,
            fake.site.snapshots[vm].items[2].ref,
        )
        assert await caller.one(vm, "rootSnapshot") == (first,)


async def test_each_snapshot_gives_the_disk_a_layer_and_removing_merges_it() -> None:
    async with calling(Settings(running=0)) as (fake, caller):
        machine = fake.machine("machine0")
        snapshot = await take(caller, machine.ref, "first")
        assert disks(fake) == ["machine0-000001.vmdk", "machine0.vmdk"]
        (disk,) = machine.disks
        assert isinstance(disk.backing, d.VirtualDiskFlatVer2BackingInfo)
        assert disk.backing.file_name == "[datastore1] machine0/machine0-000001.vmdk"
        assert disk.backing.parent is not None
        await remove(caller, snapshot)
        assert disks(fake) == ["machine0.vmdk"]
        assert await caller.one(machine.ref, "snapshot") is None
        (disk,) = machine.disks
        assert isinstance(disk.backing, d.VirtualDiskFlatVer2BackingInfo)
        assert (disk.backing.file_name, disk.backing.parent) == (
            "[datastore1] machine0/machine0.vmdk",
            None,
        )


async def test_going_back_restores_the_configuration_and_drops_the_layer() -> None:
    async with calling(Settings(running=0)) as (fake, caller):
        machine = fake.machine("machine0")
        snapshot = await take(caller, machine.ref, "first")
        spec = VirtualMachineConfigSpec(memory_mb=2048, annotation="changed")
        await caller.do(mm.RECONFIG_VM_TASK, machine.ref, mm.ReconfigVMTaskArgs(spec=spec))
        await revert(caller, snapshot)
        assert (machine.config.hardware.memory_mb, machine.config.annotation) == (1024, "")
        assert len(disks(fake)) == 2


@pytest.mark.parametrize(
    ("memory", "power"), [(True, Power.POWERED_ON), (False, Power.POWERED_OFF)]
)
async def test_memory_is_what_decides_whether_a_machine_runs_again(
    *, memory: bool, power: Power
) -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        snapshot = await take(caller, machine.ref, "s", memory=memory)
        await revert(caller, snapshot)
        assert machine.power == power
        args = mm.RevertToCurrentSnapshotTaskArgs(suppress_power_on=True)
        await caller.do(mm.REVERT_TO_CURRENT_SNAPSHOT_TASK, machine.ref, args)
        assert machine.power == Power.POWERED_OFF


async def test_children_stay_or_go_with_a_snapshot() -> None:
    async with calling(Settings(running=0)) as (fake, caller):
        vm = fake.machine("machine0").ref
        first = await take(caller, vm, "first")
        second = await take(caller, vm, "second")
        await take(caller, vm, "third")
        await remove(caller, second)
        assert await tree(caller, vm) == {"first": {"third": {}}}
        await remove(caller, first, children=True)
        assert (await tree(caller, vm), disks(fake)) == ({}, ["machine0.vmdk"])


async def test_all_go_at_once() -> None:
    async with calling(Settings(running=0)) as (fake, caller):
        vm = fake.machine("machine0").ref
        for name in "abc":
            await take(caller, vm, name)
        await caller.do(mm.REMOVE_ALL_SNAPSHOTS_TASK, vm, mm.RemoveAllSnapshotsTaskArgs())
        assert (await tree(caller, vm), disks(fake)) == ({}, ["machine0.vmdk"])


async def test_layers_that_were_left_are_consolidated_later() -> None:
    async with calling(Settings(running=0)) as (fake, caller):
        vm = fake.machine("machine0").ref
        snapshot = await take(caller, vm, "first")
        args = mm.RemoveSnapshotTaskArgs(remove_children=False, consolidate=False)
        await caller.do(mm.REMOVE_SNAPSHOT_TASK, snapshot, args)
        assert await caller.one(vm, "runtime.consolidationNeeded")
        assert len(disks(fake)) == 2
        await caller.do(mm.CONSOLIDATE_VM_DISKS_TASK, vm)
        assert not await caller.one(vm, "runtime.consolidationNeeded")
        assert disks(fake) == ["machine0.vmdk"]


async def test_a_snapshot_is_renamed() -> None:
    async with calling(Settings(running=0)) as (fake, caller):
        vm = fake.machine("machine0").ref
        snapshot = await take(caller, vm, "first")
        args = mm.RenameSnapshotArgs(name="other", description="why")
        await caller.call(mm.RENAME_SNAPSHOT, snapshot, args)
        (told,) = await caller.one(vm, "snapshot.rootSnapshotList")
        assert (told.name, told.description) == ("other", "why")
        with pytest.raises(Refused, match="InvalidName"):
            await caller.call(mm.RENAME_SNAPSHOT, snapshot, mm.RenameSnapshotArgs(name=""))


async def test_what_cannot_be_is_refused() -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        with pytest.raises(Refused, match="InvalidName"):
            await take(caller, machine.ref, "")
        args = mm.RevertToCurrentSnapshotTaskArgs()
        with pytest.raises(Refused, match="NotFound"):
            await caller.do(mm.REVERT_TO_CURRENT_SNAPSHOT_TASK, machine.ref, args)
        machine.guest.tools = False
        with pytest.raises(Refused, match="FilesystemQuiesceFault"):
            await take(caller, machine.ref, "s", quiesce=True)
        machine.configure(flags=type(machine.config.flags)(snapshot_disabled=True))
        with pytest.raises(Refused, match="SnapshotDisabled"):
            await take(caller, machine.ref, "s")


async def test_the_newer_way_to_take_one() -> None:
    async with calling() as (fake, caller):
        vm = fake.machine("machine0").ref
        args = mm.CreateSnapshotExTaskArgs(
            name="s", memory=False, quiesce_spec=VirtualMachineGuestQuiesceSpec(timeout=5)
        )
        await caller.do(mm.CREATE_SNAPSHOT_EX_TASK, vm, args)
        (told,) = await caller.one(vm, "snapshot.rootSnapshotList")
        assert told.quiesced


async def test_a_snapshot_that_has_gone_is_not_found() -> None:
    async with calling(Settings(running=0)) as (fake, caller):
        snapshot = await take(caller, fake.machine("machine0").ref, "s")
        await remove(caller, snapshot)
        with pytest.raises(Refused, match="ManagedObjectNotFound"):
            await revert(caller, snapshot)
