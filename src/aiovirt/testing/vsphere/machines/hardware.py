"""The hardware that every machine has, and how devices are numbered.

Keys and unit numbers are those of VMware's products: they tell the kind of a device.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from aiovirt.protocols.vsphere.tables import devices as d
from aiovirt.protocols.vsphere.tables.base import Description

__all__ = ["default_devices", "key_for", "labelled", "with_members"]

PCI: Final = 100

# Kind of device -> the key of its first, and how it is called.
_FIRST: Final[tuple[tuple[type[d.VirtualDevice], int, str], ...]] = (
    (d.VirtualIDEController, 200, "IDE"),
    (d.VirtualPS2Controller, 300, "PS2 controller"),
    (d.VirtualSIOController, 400, "SIO controller"),
    (d.VirtualKeyboard, 600, "Keyboard"),
    (d.VirtualPointingDevice, 700, "Pointing device"),
    (d.VirtualMachineVideoCard, 500, "Video card"),
    (d.VirtualSCSIController, 1000, "SCSI controller"),
    (d.VirtualNVMEController, 31000, "NVME controller"),
    (d.VirtualSATAController, 15000, "SATA controller"),
    (d.VirtualUSBXHCIController, 14000, "USB xHCI controller"),
    (d.VirtualUSBController, 7000, "USB controller"),
    (d.VirtualPCIController, PCI, "PCI controller"),
    (d.VirtualDisk, 2000, "Hard disk"),
    (d.VirtualCdrom, 3000, "CD/DVD drive"),
    (d.VirtualFloppy, 8000, "Floppy drive"),
    (d.VirtualEthernetCard, 4000, "Network adapter"),
    (d.VirtualSerialPort, 9000, "Serial port"),
    (d.VirtualParallelPort, 10000, "Parallel port"),
    (d.VirtualSoundCard, 5000, "Sound card"),
    (d.VirtualTPM, 11000, "Virtual TPM"),
    (d.VirtualPCIPassthrough, 13000, "PCI device"),
    (d.VirtualUSB, 7010, "USB"),
    (d.VirtualSCSIPassthrough, 2500, "SCSI device"),
)
_NUMBERED_FROM_ZERO: Final = (d.VirtualController, d.VirtualUSB)


def default_devices() -> tuple[d.VirtualDevice, ...]:
    """The devices that a machine has without being asked."""
    made: list[d.VirtualDevice] = [
        d.VirtualIDEController(key=200, bus_number=0),
        d.VirtualIDEController(key=201, bus_number=1),
        d.VirtualPS2Controller(key=300, bus_number=0),
        d.VirtualPCIController(key=PCI, bus_number=0),
        d.VirtualSIOController(key=400, bus_number=0),
        d.VirtualKeyboard(key=600, controller_key=300, unit_number=0),
        d.VirtualPointingDevice(
            key=700,
            controller_key=300,
            unit_number=1,
            backing=d.VirtualPointingDeviceDeviceBackingInfo(
                device_name="", use_auto_detect=False, host_pointing_device="autodetect"
            ),
        ),
        d.VirtualMachineVideoCard(
            key=500,
            controller_key=PCI,
            unit_number=0,
            video_ram_size_in_kb=8192,
            num_displays=1,
            use_auto_detect=False,
            enable3_d_support=False,
            use3d_renderer="automatic",
        ),
    ]
    return with_members([labelled(each, ()) for each in made])


def kind_of(device: d.VirtualDevice) -> tuple[int, str]:
    """The key of the first device of its kind, and how such are called."""
    for kind, first, name in _FIRST:
        if isinstance(device, kind):
            return first, name
    return 12000, type(device).__name__


def key_for(device: d.VirtualDevice, taken: Iterable[int]) -> int:
    """A key for a new device: a disk's and a controller's tell where it is."""
    first, _ = kind_of(device)
    known = set(taken)
    if isinstance(device, d.VirtualDisk):
        place = device.controller_key or 1000
        first += 16 * (place % 1000) + 1000 * (place // 15000) + (device.unit_number or 0)
    elif isinstance(device, d.VirtualController):
        first += device.bus_number
    while first in known:
        first += 1
    return first


def labelled(device: d.VirtualDevice, others: Sequence[d.VirtualDevice]) -> d.VirtualDevice:
    """A new device with its label, such as ``Hard disk 1``."""
    first, name = kind_of(device)
    alike = sum(kind_of(each)[0] == first for each in others)
    if isinstance(device, d.VirtualController):
        label = f"{name} {device.bus_number}"
    else:
        label = f"{name} {alike + (not isinstance(device, _NUMBERED_FROM_ZERO))}"
    return replace(device, device_info=Description(label=label.strip(), summary=_summary(device)))


def _summary(device: d.VirtualDevice) -> str:
    if isinstance(device, d.VirtualDisk):
        return f"{device.capacity_in_kb:,} KB"
    backing = device.backing
    return str(getattr(backing, "device_name", "") or getattr(backing, "file_name", "") or "")


def with_members(devices: Iterable[d.VirtualDevice]) -> tuple[d.VirtualDevice, ...]:
    """The devices, with each controller's list of what it controls as it is."""
    every = tuple(devices)
    members: dict[int, list[int]] = {}
    for device in every:
        if device.controller_key is not None:
            members.setdefault(device.controller_key, []).append(device.key)
    return tuple(
        replace(device, device=tuple(members.get(device.key, ())))
        if isinstance(device, d.VirtualController)
        else device
        for device in every
    )
