"""Places of drives on their controllers, and of devices on virtio-mmio transports.

Every place is given once; what the configuration says is kept, what it leaves open is filled.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from aiovirt.config import Device, DomainConfig
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.drivers.qemu.devices.lookup import model_of
from aiovirt.drivers.qemu.devices.order import disk_index
from aiovirt.model.addresses import DeviceAddress, DriveAddress

__all__ = [
    "assign_drives",
    "check_transports",
    "transports",
]


class _Shape(NamedTuple):
    """How many buses a disk controller has, and how many units each takes."""

    buses: int
    units: int
    controllers: int


# Source: libvirt's virDomainDiskDefAssignAddress; a machine has one IDE and one floppy controller.
_SHAPES: Final = {
    "ide": _Shape(buses=2, units=2, controllers=1),
    "sata": _Shape(buses=1, units=6, controllers=64),
    "scsi": _Shape(buses=1, units=7, controllers=64),
    "fdc": _Shape(buses=1, units=2, controllers=1),
}


def assign_drives(config: DomainConfig) -> None:
    """Give each disk on IDE, SATA, SCSI or a floppy controller its unit.

    Raises:
        XMLError: Two disks have the same place, or none is left.
    """
    for bus, shape in _SHAPES.items():
        disks = [disk for disk in config.disks if disk.target.bus == bus]
        taken = _given(disks, DriveAddress)
        for disk in disks:
            if not isinstance(disk.address, DriveAddress):
                index = disk_index(disk.target.dev or "") or 0
                free = (a for a in _drive_places(shape, index) if a not in taken)
                disk.address = _first(free, disk, f"no place is left on the {bus} controllers")
                taken.add(disk.address)


def _drive_places(shape: _Shape, first: int) -> Iterator[DriveAddress]:
    """The places from the one that the disk's name suggests, then all others."""
    per_controller = shape.buses * shape.units
    total = per_controller * shape.controllers
    for index in itertools.chain(range(first, total), range(min(first, total))):
        controller, rest = divmod(index, per_controller)
        bus, unit = divmod(rest, shape.units)
        yield DriveAddress(controller=controller, bus=bus, unit=unit)


def _given(devices: Iterable[Device], kind: type[DeviceAddress]) -> set[DeviceAddress]:
    taken: set[DeviceAddress] = set()
    for device in devices:
        address = device.address
        if isinstance(address, kind):
            if address in taken:
                raise Device.address.error(device, f"another {device.kind} has the same address")
            taken.add(address)
    return taken


def _first(free: Iterator[DeviceAddress], device: Device, message: str) -> DeviceAddress:
    found = next(free, None)
    if found is None:
        raise Device.address.error(device, message)
    return found


def check_transports(config: DomainConfig, family: Family) -> None:
    """See that a machine without PCI has a virtio-mmio transport for each virtio device.

    Raises:
        XMLError: There are too many virtio devices.
    """
    if family.transport != "mmio":
        return
    virtio = (device for device in config.devices.all() if model_of(device, family).virtio)
    most = len(transports(config))
    for number, device in enumerate(virtio, start=1):
        if number > most:
            raise Device.address.error(
                device, f"a {family.name} machine like this has {most} virtio devices at most"
            )


def transports(config: DomainConfig) -> range:
    """The numbers of the virtio-mmio transports of a microvm that devices can be on.

    With ACPI there are 24, for there is a second interrupt controller; Linux gets no interrupt
    from the first of them.  Source: microvm_devices_init in QEMU's hw/i386/microvm.c, and trial.
    """
    return range(1, 24) if config.features.acpi else range(8)
