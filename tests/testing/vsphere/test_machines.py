"""Making, copying, registering, moving and removing the simulator's machines."""

from __future__ import annotations

from typing import Any

import pytest
from vspherecaller import Caller, Refused, calling

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables import inventory_methods as im
from aiovirt.protocols.vsphere.tables import machine_methods as mm
from aiovirt.protocols.vsphere.tables.enums import VirtualMachineMovePriority
from aiovirt.protocols.vsphere.tables.machine import (
    VirtualMachineCloneSpec,
    VirtualMachineConfigSpec,
    VirtualMachineRelocateSpec,
)
from aiovirt.protocols.vsphere.tables.storage import VirtualMachineFileInfo
from aiovirt.testing.vsphere import FakeVSphere, Settings

pytestmark = pytest.mark.anyio

OFF = Settings(running=0)
POOL = Ref("ResourcePool", "resgroup-8")
FOLDER = Ref("Folder", "group-v3")
NFS = Ref("Datastore", "datastore-12")
OTHER_HOST = Ref("HostSystem", "host-21")


async def create(caller: Caller, name: str, **given: Any) -> Ref:  # noqa: ANN401 - fields
    fields = {"files": VirtualMachineFileInfo(vm_path_name="[datastore1]"), **given}
    spec = VirtualMachineConfigSpec(name=name, **fields)
    ref = await caller.do(im.CREATE_VM_TASK, FOLDER, im.CreateVMTaskArgs(config=spec, pool=POOL))
    assert isinstance(ref, Ref)
    return ref


async def clone(caller: Caller, source: Ref, name: str, **given: Any) -> Ref:  # noqa: ANN401 - fields
    fields = {"location": VirtualMachineRelocateSpec(), "template": False, "power_on": False}
    spec = VirtualMachineCloneSpec(**{**fields, **given})
    args = mm.CloneVMTaskArgs(folder=FOLDER, name=name, spec=spec)
    ref = await caller.do(mm.CLONE_VM_TASK, source, args)
    assert isinstance(ref, Ref)
    return ref


def files(fake: FakeVSphere, folder: str, datastore: str = "datastore1") -> list[str]:
    found, _ = fake.site.place(f"[{datastore}]")
    return [each.partition("/")[2] for each in found.within(folder)]


# --- making ---------------------------------------------------------------------------------------


async def test_a_new_machine_is_in_its_places() -> None:
    async with calling() as (fake, caller):
        ref = await create(caller, "new", num_cpus=2, memory_mb=512, guest_id="ubuntu64Guest")
        machine = fake.site.machine(ref)
        assert machine.path == "[datastore1] new/new.vmx"
        assert files(fake, "new") == ["new.vmsd", "new.vmx"]
        assert ref in await caller.one(POOL, "vm")
        assert ref in await caller.one(machine.host, "vm")
        assert ref in await caller.one(Ref("Datastore", "datastore-11"), "vm")
        summary = await caller.one(ref, "summary.config")
        assert (summary.num_cpu, summary.memory_size_mb) == (2, 512)
        assert summary.guest_full_name == "Ubuntu Linux (64-bit)"


@pytest.mark.parametrize(
    ("name", "given", "fault"),
    [
        ("machine0", {}, "DuplicateName"),
        ("", {}, "InvalidName"),
        ("x" * 81, {}, "InvalidName"),
        ("new", {"files": None}, "InvalidArgument"),
        ("new", {"files": VirtualMachineFileInfo(vm_path_name="nonsense")}, "InvalidDatastorePath"),
        ("new", {"files": VirtualMachineFileInfo(vm_path_name="[gone]")}, "InvalidDatastore"),
        (
            "new",
            {"files": VirtualMachineFileInfo(vm_path_name="[datastore1] machine0/machine0.vmx")},
            "FileAlreadyExists",
        ),
        ("new", {"guest_id": "beosGuest"}, "InvalidArgument"),
        ("new", {"memory_mb": 3}, "InvalidArgument"),
        ("new", {"num_cpus": 1000}, "NumVirtualCpusExceedsLimit"),
        ("new", {"num_cpus": 3, "num_cores_per_socket": 2}, "InvalidArgument"),
    ],
)
async def test_what_cannot_be_made_is_refused(name: str, given: dict[str, Any], fault: str) -> None:
    async with calling() as (_, caller):
        with pytest.raises(Refused) as caught:
            await create(caller, name, **given)
        assert caught.value.kind == fault


async def test_two_machines_of_one_name_have_folders_of_their_own() -> None:
    async with calling(OFF) as (fake, caller):
        await caller.call(mm.UNREGISTER_VM, fake.machine("machine0").ref)
        ref = await create(caller, "machine0")
        assert fake.site.machine(ref).path == "[datastore1] machine0_1/machine0.vmx"


async def test_a_machine_is_registered_from_its_file() -> None:
    async with calling(OFF) as (fake, caller):
        machine = fake.machine("machine0")
        before = machine.config
        await caller.call(mm.UNREGISTER_VM, machine.ref)
        args = im.RegisterVMTaskArgs(path=machine_path(0), as_template=False, pool=POOL)
        ref = await caller.do(im.REGISTER_VM_TASK, FOLDER, args)
        after = fake.site.machine(ref).config
        assert (after.name, after.uuid, after.guest_id) == (
            before.name,
            before.uuid,
            before.guest_id,
        )
        assert after.hardware.memory_mb == 1024
        assert [each.key for each in after.hardware.device] == [
            each.key for each in before.hardware.device
        ]
        with pytest.raises(Refused, match="AlreadyExists"):
            await caller.do(im.REGISTER_VM_TASK, FOLDER, args)


def machine_path(number: int) -> str:
    return f"[datastore1] machine{number}/machine{number}.vmx"


WITHOUT_DISK = b"""config.version = "8"
scsi0.present = "TRUE"
scsi0:0.present = "TRUE"
scsi0:0.fileName = "gone.vmdk"
ethernet0.present = "TRUE"
ethernet0.networkName = "gone"
"""


@pytest.mark.parametrize(
    ("path", "text", "fault"),
    [
        ("[datastore1] gone/gone.vmx", None, "FileNotFound"),
        ("[datastore1] odd.vmx", b"nonsense", "InvalidVmConfig"),
    ],
)
async def test_what_is_no_machine_is_not_registered(
    path: str, text: bytes | None, fault: str
) -> None:
    async with calling() as (fake, caller):
        if text is not None:
            found, inner = fake.site.place(path)
            found.write(inner, text)
        args = im.RegisterVMTaskArgs(path=path, as_template=False, pool=POOL)
        with pytest.raises(Refused, match=fault):
            await caller.do(im.REGISTER_VM_TASK, FOLDER, args)


async def test_a_registered_machine_misses_its_disk_and_network_when_it_starts() -> None:
    async with calling() as (fake, caller):
        found, inner = fake.site.place("[datastore1] odd.vmx")
        found.write(inner, WITHOUT_DISK)
        args = im.RegisterVMTaskArgs(path="[datastore1] odd.vmx", as_template=False, pool=POOL)
        ref = await caller.do(im.REGISTER_VM_TASK, FOLDER, args)
        assert await caller.one(ref, "network") == ()
        with pytest.raises(Refused, match="FileNotFound"):
            await caller.do(mm.POWER_ON_VM_TASK, ref, mm.PowerOnVMTaskArgs())


# --- copying --------------------------------------------------------------------------------------


async def test_a_copy_has_files_and_identity_of_its_own() -> None:
    async with calling(OFF) as (fake, caller):
        source = fake.machine("machine0")
        ref = await clone(caller, source.ref, "copy", power_on=True)
        copy = fake.site.machine(ref)
        assert copy.config.uuid != source.config.uuid
        assert copy.runtime.power_state == "poweredOn"
        assert files(fake, "copy") == ["copy.vmdk", "copy.vmx"]
        macs = {getattr(each, "mac_address", None) for each in (*source.devices, *copy.devices)}
        assert len(macs - {None}) == 2


async def test_a_linked_copy_stands_on_a_snapshot() -> None:
    async with calling(OFF) as (fake, caller):
        source = fake.machine("machine0")
        linked = VirtualMachineRelocateSpec(disk_move_type="createNewChildDiskBacking")
        with pytest.raises(Refused, match="InvalidArgument"):
            await clone(caller, source.ref, "copy", location=linked)
        args = mm.CreateSnapshotTaskArgs(name="s", memory=False, quiesce=False)
        snapshot = await caller.do(mm.CREATE_SNAPSHOT_TASK, source.ref, args)
        await clone(caller, source.ref, "copy", location=linked, snapshot=snapshot)
        found, inner = fake.site.place("[datastore1] copy/copy.vmdk")
        assert found.disk(inner).parent == "[datastore1] machine0/machine0.vmdk"


async def test_templates_are_made_and_deployed() -> None:
    async with calling(OFF) as (fake, caller):
        machine = fake.machine("machine0")
        await caller.call(mm.MARK_AS_TEMPLATE, machine.ref)
        assert await caller.one(machine.ref, "resourcePool") is None
        with pytest.raises(Refused, match="NotSupported"):
            await caller.do(mm.POWER_ON_VM_TASK, machine.ref, mm.PowerOnVMTaskArgs())
        with pytest.raises(Refused, match="InvalidArgument"):
            await clone(caller, machine.ref, "copy")
        await clone(caller, machine.ref, "copy", location=VirtualMachineRelocateSpec(pool=POOL))
        back = mm.MarkAsVirtualMachineArgs(pool=POOL)
        await caller.call(mm.MARK_AS_VIRTUAL_MACHINE, machine.ref, back)
        assert not machine.config.template


async def test_a_host_of_its_own_cannot_copy() -> None:
    async with calling(Settings(kind="esx")) as (fake, caller):
        with pytest.raises(Refused, match="NotSupported"):
            await clone(caller, fake.machine("machine0").ref, "copy")


# --- moving ---------------------------------------------------------------------------------------


async def test_a_running_machine_moves_to_another_host() -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        before = machine.host
        args = mm.MigrateVMTaskArgs(
            host=OTHER_HOST, priority=VirtualMachineMovePriority.DEFAULT_PRIORITY
        )
        await caller.do(mm.MIGRATE_VM_TASK, machine.ref, args)
        assert (before, machine.host) == (Ref("HostSystem", "host-20"), OTHER_HOST)
        assert machine.ref in await caller.one(OTHER_HOST, "vm")
        assert machine.ref not in await caller.one(before, "vm")
        assert type(fake.site.events.entries[-1].event).__name__ == "VmMigratedEvent"


async def test_a_machine_moves_to_another_datastore_with_its_layers() -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        args = mm.CreateSnapshotTaskArgs(name="s", memory=False, quiesce=False)
        snapshot = await caller.do(mm.CREATE_SNAPSHOT_TASK, machine.ref, args)
        spec = VirtualMachineRelocateSpec(datastore=NFS)
        await caller.do(mm.RELOCATE_VM_TASK, machine.ref, mm.RelocateVMTaskArgs(spec=spec))
        assert machine.path == "[nfs1] machine0/machine0.vmx"
        assert await caller.one(machine.ref, "datastore") == (NFS,)
        assert files(fake, "machine0", "nfs1") == [
            "machine0-000001.vmdk",
            "machine0-Snapshot1.vmsn",
            "machine0.vmdk",
            "machine0.vmsd",
            "machine0.vmx",
        ]
        assert files(fake, "machine0") == []
        revert = mm.RevertToSnapshotTaskArgs()
        await caller.do(mm.REVERT_TO_SNAPSHOT_TASK, snapshot, revert)


async def test_places_that_are_none_are_refused() -> None:
    async with calling() as (fake, caller):
        ref = fake.machine("machine0").ref
        gone = VirtualMachineRelocateSpec(host=Ref("HostSystem", "host-99"))
        with pytest.raises(Refused, match="ManagedObjectNotFound"):
            await caller.do(mm.RELOCATE_VM_TASK, ref, mm.RelocateVMTaskArgs(spec=gone))
        wrong = VirtualMachineRelocateSpec(host=Ref("Datastore", "datastore-12"))
        with pytest.raises(Refused) as caught:
            await caller.do(mm.RELOCATE_VM_TASK, ref, mm.RelocateVMTaskArgs(spec=wrong))
        assert isinstance(caught.value.fault, f.InvalidArgument)
        assert caught.value.fault.invalid_property == "spec.host"


# --- names and removing ---------------------------------------------------------------------------


async def test_a_machine_is_renamed() -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        await caller.do(im.RENAME_TASK, machine.ref, im.RenameTaskArgs(new_name="other/%2f\"'é"))
        told = await caller.get(machine.ref, "name", "summary.config.name", "config.name")
        assert set(told.values()) == {"other/%2f\"'é"}
        with pytest.raises(Refused, match="DuplicateName"):
            await caller.do(im.RENAME_TASK, machine.ref, im.RenameTaskArgs(new_name="machine1"))


async def test_a_machine_goes_with_or_without_its_files() -> None:
    async with calling(OFF) as (fake, caller):
        kept, gone = fake.machine("machine0").ref, fake.machine("machine1").ref
        await caller.call(mm.UNREGISTER_VM, kept)
        await caller.do(im.DESTROY_TASK, gone)
        found, _ = fake.site.place("[datastore1]")
        assert "machine0" in found.folders
        assert "machine1" not in found.folders
        assert {kept, gone}.isdisjoint(await caller.one(POOL, "vm"))


async def test_a_machine_that_runs_does_not_go() -> None:
    async with calling() as (fake, caller):
        ref = fake.machine("machine0").ref
        with pytest.raises(Refused, match="InvalidPowerState"):
            await caller.call(mm.UNREGISTER_VM, ref)
        with pytest.raises(Refused, match="InvalidPowerState"):
            await caller.do(im.DESTROY_TASK, ref)


# --- files that somebody has changed ------------------------------------------------------------


def change_file(fake: FakeVSphere, name: str, old: str, new: str) -> None:
    """Change a machine's file as by hand."""
    machine = fake.machine(name)
    store, inner = fake.site.place(machine.path, machine.ref)
    text = store.get(inner).data.decode()
    assert old in text
    store.write(inner, text.replace(old, new).encode())


async def test_a_changed_file_is_read_anew() -> None:
    async with calling(OFF) as (fake, caller):
        machine = fake.machine("machine0")
        change_file(fake, "machine0", 'numvcpus = "1"', 'numvcpus = "2"\nsound.present = "TRUE"')
        await caller.call(im.RELOAD, machine.ref)
        assert machine.config.hardware.num_cpu == 2
        assert ("sound.present", "TRUE") in {(x.key, x.value) for x in machine.config.extra_config}
        change_file(fake, "machine0", "config.version", "none")
        change_file(fake, "machine0", "virtualHW.version", "none")
        await caller.call(im.RELOAD, machine.ref)
        assert machine.runtime.connection_state == "invalid"
        assert machine.config.hardware.num_cpu == 2


async def test_a_vcenter_reads_another_file_for_a_machine_that_is_off() -> None:
    async with calling(OFF) as (fake, caller):
        ref, other = fake.machine("machine0").ref, fake.machine("machine1").path
        own = mm.ReloadVirtualMachineFromPathTaskArgs(configuration_path=machine_path(0))
        change_file(fake, "machine0", 'memSize = "', 'memSize = "1')
        await caller.do(mm.RELOAD_VIRTUAL_MACHINE_FROM_PATH_TASK, ref, own)
        assert str(fake.machine("machine0").config.hardware.memory_mb).startswith("1")
        for path, fault in ((other, "AlreadyExists"), ("[datastore1] gone.vmx", "FileNotFound")):
            args = mm.ReloadVirtualMachineFromPathTaskArgs(configuration_path=path)
            with pytest.raises(Refused, match=fault):
                await caller.do(mm.RELOAD_VIRTUAL_MACHINE_FROM_PATH_TASK, ref, args)
        await caller.do(mm.POWER_ON_VM_TASK, ref)
        with pytest.raises(Refused, match="InvalidPowerState"):
            await caller.do(mm.RELOAD_VIRTUAL_MACHINE_FROM_PATH_TASK, ref, own)


async def test_a_host_alone_reads_only_its_own_files() -> None:
    async with calling(Settings(kind="esx", running=0)) as (fake, caller):
        machine = fake.machine("machine0")
        args = mm.ReloadVirtualMachineFromPathTaskArgs(configuration_path=machine.path)
        with pytest.raises(Refused, match="NotSupported"):
            await caller.do(mm.RELOAD_VIRTUAL_MACHINE_FROM_PATH_TASK, machine.ref, args)
