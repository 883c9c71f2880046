"""Changing the simulator's machines: figures, options, devices, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from vspherecaller import Caller, Refused, calling

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import devices as d
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables import machine_methods as mm
from aiovirt.protocols.vsphere.tables.base import OptionValue, SharesInfo
from aiovirt.protocols.vsphere.tables.enums import (
    SharesLevel,
    VirtualDeviceConfigSpecFileOperation,
    VirtualDeviceConfigSpecOperation,
    VirtualSCSISharing,
)
from aiovirt.protocols.vsphere.tables.inventory import ResourceAllocationInfo
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineConfigSpec
from aiovirt.protocols.vsphere.tables.networks import DistributedVirtualSwitchPortConnection
from aiovirt.testing.vsphere import Settings
from aiovirt.testing.vsphere.machines.machine import Machine

pytestmark = pytest.mark.anyio

OFF = Settings(running=0)
ADD, EDIT, REMOVE = (
    VirtualDeviceConfigSpecOperation.ADD,
    VirtualDeviceConfigSpecOperation.EDIT,
    VirtualDeviceConfigSpecOperation.REMOVE,
)
CREATE = VirtualDeviceConfigSpecFileOperation.CREATE
DESTROY = VirtualDeviceConfigSpecFileOperation.DESTROY


async def reconfigure(caller: Caller, ref: Ref, **fields: Any) -> None:  # noqa: ANN401 - fields
    spec = VirtualMachineConfigSpec(**fields)
    await caller.do(mm.RECONFIG_VM_TASK, ref, mm.ReconfigVMTaskArgs(spec=spec))


def change(
    operation: VirtualDeviceConfigSpecOperation,
    device: d.VirtualDevice,
    files: VirtualDeviceConfigSpecFileOperation | None = None,
) -> tuple[d.VirtualDeviceConfigSpec, ...]:
    return (d.VirtualDeviceConfigSpec(operation=operation, device=device, file_operation=files),)


def disk(
    kb: int = 1024, path: str = "", controller: int | None = 1000, unit: int | None = None
) -> d.VirtualDisk:
    backing = d.VirtualDiskFlatVer2BackingInfo(
        file_name=path, disk_mode="persistent", thin_provisioned=True
    )
    return d.VirtualDisk(
        key=-1,
        controller_key=controller,
        unit_number=unit,
        capacity_in_kb=kb,
        backing=backing,
    )


def found(machine: Machine, key: int) -> d.VirtualDevice:
    return next(each for each in machine.devices if each.key == key)


async def test_figures_and_options() -> None:
    async with calling(OFF) as (fake, caller):
        machine = fake.machine("machine0")
        await reconfigure(
            caller,
            machine.ref,
            num_cpus=4,
            num_cores_per_socket=2,
            memory_mb=4096,
            annotation="hello",
            extra_config=(OptionValue(key="a.b", value="1"), OptionValue(key="c", value="2")),
            cpu_allocation=ResourceAllocationInfo(
                limit=1000, shares=SharesInfo(shares=0, level=SharesLevel.HIGH)
            ),
        )
        await reconfigure(caller, machine.ref, extra_config=(OptionValue(key="c", value=""),))
        config = machine.config
        assert (config.hardware.num_cpu, config.hardware.num_cores_per_socket) == (4, 2)
        assert (config.hardware.memory_mb, config.annotation) == (4096, "hello")
        assert [(each.key, each.value) for each in config.extra_config] == [("a.b", "1")]
        assert config.cpu_allocation is not None
        assert config.cpu_allocation.shares == SharesInfo(shares=8000, level=SharesLevel.HIGH)
        assert b'memSize = "4096"' in file_of(machine)


def file_of(machine: Machine) -> bytes:
    files, inner = machine.site.place(machine.path)
    return files.get(inner).data


async def test_who_has_seen_an_older_state_is_refused() -> None:
    async with calling(OFF) as (fake, caller):
        machine = fake.machine("machine0")
        version = machine.config.change_version
        await reconfigure(caller, machine.ref, annotation="a", change_version=version)
        with pytest.raises(Refused, match="ConcurrentAccess"):
            await reconfigure(caller, machine.ref, annotation="b", change_version=version)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"num_cpus": 2}, "CpuHotPlugNotSupported"),
        ({"memory_mb": 2048}, "MemoryHotPlugNotSupported"),
        ({"firmware": "efi"}, "InvalidPowerState"),
        ({"guest_id": "ubuntu64Guest"}, "InvalidPowerState"),
        ({"cpu_hot_add_enabled": True}, "InvalidPowerState"),
    ],
)
async def test_what_a_running_machine_keeps(fields: dict[str, Any], fault: str) -> None:
    async with calling() as (fake, caller):
        with pytest.raises(Refused, match=fault):
            await reconfigure(caller, fake.machine("machine0").ref, **fields)


async def test_hot_plug_where_it_is_allowed() -> None:
    async with calling(OFF) as (fake, caller):
        machine = fake.machine("machine0")
        await reconfigure(
            caller, machine.ref, cpu_hot_add_enabled=True, memory_hot_add_enabled=True
        )
        await caller.do(mm.POWER_ON_VM_TASK, machine.ref, mm.PowerOnVMTaskArgs())
        await reconfigure(caller, machine.ref, num_cpus=2, memory_mb=2048)
        with pytest.raises(Refused, match="CpuHotPlugNotSupported"):
            await reconfigure(caller, machine.ref, num_cpus=1)
        with pytest.raises(Refused, match="MemoryHotPlugNotSupported"):
            await reconfigure(caller, machine.ref, memory_mb=1024)


# --- disks ----------------------------------------------------------------------------------------


async def test_a_disk_is_added_grown_and_removed_with_its_file() -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        await reconfigure(caller, machine.ref, device_change=change(ADD, disk(), CREATE))
        added = found(machine, 2001)
        assert isinstance(added, d.VirtualDisk)
        assert isinstance(added.backing, d.VirtualDiskFlatVer2BackingInfo)
        assert added.backing.file_name == "[datastore1] machine0/machine0_1.vmdk"
        grown = d.VirtualDisk(key=2001, capacity_in_kb=4096, backing=added.backing)
        await reconfigure(caller, machine.ref, device_change=change(EDIT, grown))
        files, inner = fake.site.place(added.backing.file_name)
        assert files.disk(inner).capacity_kb == 4096
        await reconfigure(caller, machine.ref, device_change=change(REMOVE, grown, DESTROY))
        assert inner not in files.files


@pytest.mark.parametrize(
    ("device", "files", "fault"),
    [
        (disk(0), CREATE, "InvalidDeviceSpec"),
        (disk(controller=77), CREATE, "InvalidController"),
        (disk(unit=0), CREATE, "InvalidDeviceSpec"),
        (disk(unit=7), CREATE, "InvalidDeviceSpec"),
        (disk(path="[datastore1] machine1/machine1.vmdk"), CREATE, "FileAlreadyExists"),
        (disk(path="[datastore1] gone/gone.vmdk"), None, "FileNotFound"),
        (disk(path="[gone] a.vmdk"), None, "InvalidDatastore"),
        (disk(), DESTROY, "InvalidDeviceOperation"),
        (d.VirtualDisk(key=-1, capacity_in_kb=1), CREATE, "InvalidDeviceBacking"),
        (d.VirtualIDEController(key=-1, bus_number=2), None, "InvalidDeviceOperation"),
        (d.VirtualAHCIController(key=-1, bus_number=0), CREATE, "InvalidDeviceOperation"),
        (d.VirtualVmxnet3(key=-1), None, "InvalidDeviceBacking"),
    ],
)
async def test_devices_that_cannot_be_added(
    device: d.VirtualDevice, files: VirtualDeviceConfigSpecFileOperation | None, fault: str
) -> None:
    async with calling(OFF) as (fake, caller):
        changes = change(ADD, device, files)
        with pytest.raises(Refused) as caught:
            await reconfigure(caller, fake.machine("machine0").ref, device_change=changes)
        assert caught.value.kind == fault
        if isinstance(caught.value.fault, f.InvalidDeviceSpec):
            assert caught.value.fault.device_index == 0


async def test_a_wrong_change_undoes_the_right_ones() -> None:
    async with calling(OFF) as (fake, caller):
        machine = fake.machine("machine0")
        changes = (*change(ADD, disk(), CREATE), *change(REMOVE, disk()))
        with pytest.raises(Refused) as caught:
            await reconfigure(caller, machine.ref, memory_mb=2048, device_change=changes)
        assert isinstance(caught.value.fault, f.DeviceNotFound)
        assert caught.value.fault.device_index == 1
        assert (len(machine.disks), machine.config.hardware.memory_mb) == (1, 1024)


async def test_a_disk_neither_shrinks_nor_grows_below_a_snapshot() -> None:
    async with calling(OFF) as (fake, caller):
        machine = fake.machine("machine0")
        smaller = d.VirtualDisk(key=2000, capacity_in_kb=1024)
        with pytest.raises(Refused, match="InvalidDeviceOperation"):
            await reconfigure(caller, machine.ref, device_change=change(EDIT, smaller))
        args = mm.CreateSnapshotTaskArgs(name="s", memory=False, quiesce=False)
        await caller.do(mm.CREATE_SNAPSHOT_TASK, machine.ref, args)
        larger = d.VirtualDisk(key=2000, capacity_in_kb=1024**3)
        with pytest.raises(Refused, match="InvalidDeviceOperation"):
            await reconfigure(caller, machine.ref, device_change=change(EDIT, larger))


async def test_a_controller_and_its_disk_come_in_one_call() -> None:
    async with calling(OFF) as (fake, caller):
        machine = fake.machine("machine0")
        sharing = VirtualSCSISharing.NO_SHARING
        controller = d.VirtualLsiLogicSASController(key=-9, bus_number=1, shared_bus=sharing)
        changes = (*change(ADD, controller), *change(ADD, disk(controller=-9), CREATE))
        await reconfigure(caller, machine.ref, device_change=changes)
        made = found(machine, 1001)
        assert isinstance(made, d.VirtualController)
        assert made.device == (2016,)
        with pytest.raises(Refused, match="InvalidController"):
            await reconfigure(caller, machine.ref, device_change=change(REMOVE, made))


async def test_ide_is_not_plugged_into_a_running_machine() -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        changes = change(ADD, disk(controller=201), CREATE)
        with pytest.raises(Refused, match="DeviceHotPlugNotSupported"):
            await reconfigure(caller, machine.ref, device_change=changes)


# --- cards and drives -----------------------------------------------------------------------------


async def test_cards_on_standard_and_distributed_networks() -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        dvs = Ref("VmwareDistributedVirtualSwitch", "dvs-14")
        port = DistributedVirtualSwitchPortConnection(
            switch_uuid=await caller.one(dvs, "uuid"), portgroup_key="dvportgroup-15"
        )
        backing = d.VirtualEthernetCardDistributedVirtualPortBackingInfo(port=port)
        card = d.VirtualE1000e(key=-1, backing=backing, mac_address="00:50:56:01:02:03")
        await reconfigure(caller, machine.ref, device_change=change(ADD, card))
        made = found(machine, 4001)
        assert isinstance(made, d.VirtualE1000e)
        assert (made.mac_address, made.address_type) == ("00:50:56:01:02:03", "manual")
        assert [ref.kind for ref in await caller.one(machine.ref, "network")] == [
            "Network",
            "DistributedVirtualPortgroup",
        ]
        gone = d.VirtualEthernetCardNetworkBackingInfo(device_name="gone")
        changes = change(EDIT, d.VirtualE1000e(key=4001, backing=gone))
        with pytest.raises(Refused, match="InvalidDeviceBacking"):
            await reconfigure(caller, machine.ref, device_change=changes)


async def test_a_cd_is_put_in_and_must_be_there() -> None:
    async with calling() as (fake, caller):
        machine = fake.machine("machine0")
        files, _ = fake.site.place("[datastore1]")
        connect = d.VirtualDeviceConnectInfo(
            start_connected=True, allow_guest_control=True, connected=True
        )
        backing = d.VirtualCdromIsoBackingInfo(file_name="[datastore1] a.iso")
        drive = d.VirtualCdrom(key=3000, backing=backing, connectable=connect)
        with pytest.raises(Refused, match="InvalidDeviceBacking"):
            await reconfigure(caller, machine.ref, device_change=change(EDIT, drive))
        files.write("a.iso", b"iso")
        await reconfigure(caller, machine.ref, device_change=change(EDIT, drive))
        made = found(machine, 3000)
        assert isinstance(made.backing, d.VirtualCdromIsoBackingInfo)
        assert made.backing.datastore == Ref("Datastore", "datastore-11")
