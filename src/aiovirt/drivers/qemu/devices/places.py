"""Places of devices that are on no PCI bus: drives, USB ports, ports of virtio-serial.

Every place is given once; what the configuration says is kept, what it leaves open is filled.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from aiovirt.config import Controller, Device, DomainConfig
from aiovirt.drivers.qemu.devices.controllers import controllers_of, is_usb_device
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.drivers.qemu.devices.lookup import model_of
from aiovirt.model.addresses import (
    DeviceAddress,
    DriveAddress,
    UsbAddress,
    VirtioSerialAddress,
)

__all__ = [
    "assign_drives",
    "assign_serial_ports",
    "assign_usb_ports",
    "check_transports",
    "disk_index",
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

_USB_PORTS: Final = {
    "piix3-uhci": 2,
    "piix4-uhci": 2,
    "ehci": 6,
    "pci-ohci": 3,
    "ich9-ehci1": 6,
    "nec-xhci": 4,
    "qemu-xhci": 4,
}
"""Root ports of USB controllers, from QEMU's defaults."""

_SERIAL_PORTS: Final = 31
_SERIAL_CONTROLLERS: Final = 64


def disk_index(dev: str) -> int | None:
    """The place of a disk among those of its kind: 0 for ``vda``, 26 for ``vdaa``."""
    letters = dev[2:].rstrip("0123456789")
    if not (letters.isascii() and letters.islower() and letters.isalpha()):
        return None
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("a") + 1
    return number - 1


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


def assign_usb_ports(config: DomainConfig, family: Family) -> None:
    """Give each USB device a root port; when all are taken, add a controller.

    Raises:
        XMLError: Two devices have the same port, or a device is on a controller without ports.
    """
    devices = [device for device in config.devices.all() if is_usb_device(device, family)]
    given = [d for d in devices if isinstance(d.address, UsbAddress) and d.address.port]
    taken = _given(given, UsbAddress)
    for device in devices:
        if device in given:
            continue
        free = (place for place in _usb_ports(config) if place not in taken)
        place = next(free, None)
        if place is None:
            index = 1 + max((c.index or 0 for c in controllers_of(config, "usb")), default=-1)
            config.controllers.append(Controller(type="usb", index=index, model=family.usb_model))
            place = UsbAddress(bus=index, port="1")
        device.address = place
        taken.add(place)


def _usb_ports(config: DomainConfig) -> Iterator[UsbAddress]:
    for controller in controllers_of(config, "usb"):
        count = controller.ports or _USB_PORTS.get(controller.model or "", 0)
        for port in range(1, count + 1):
            yield UsbAddress(bus=controller.index or 0, port=str(port))


def assign_serial_ports(config: DomainConfig) -> None:
    """Give each virtio console and channel a port; port 0 is for the first console.

    Raises:
        XMLError: Two have the same port, or none is left.
    """
    consoles = [console for console in config.consoles if console.target.type == "virtio"]
    channels = [channel for channel in config.channels if channel.target.type == "virtio"]
    ports: list[tuple[Device, int]] = [(console, 0) for console in consoles]
    ports += [(channel, 1) for channel in channels]
    given = [device for device, _ in ports if _has_port(device)]
    taken = _given(given, VirtioSerialAddress)
    for device, lowest in ports:
        if not _has_port(device):
            free = (place for place in _serial_ports(lowest) if place not in taken)
            device.address = _first(free, device, "no port of a virtio-serial controller is left")
            taken.add(device.address)


def check_transports(config: DomainConfig, family: Family) -> None:
    """See that a machine without PCI has a virtio-mmio transport for each virtio device.

    Raises:
        XMLError: There are too many virtio devices.
    """
    if family.pci_root is not None:
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


def _has_port(device: Device) -> bool:
    address = device.address
    return isinstance(address, VirtioSerialAddress) and address.port is not None


def _serial_ports(lowest: int) -> Iterator[VirtioSerialAddress]:
    for controller in range(_SERIAL_CONTROLLERS):
        for port in range(lowest, _SERIAL_PORTS):
            yield VirtioSerialAddress(controller=controller, port=port)
