"""Where devices are in the computer: PCI slots and drive units, given in the order they stand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from aiovirt.config import Controller, Device, Disk, DomainConfig
from aiovirt.model.addresses import (
    DeviceAddress,
    DriveAddress,
    PciAddress,
    UnassignedAddress,
    VirtioSerialAddress,
)

__all__ = ["assign_places", "disk_number"]

_ON_PCI = ("interface", "sound", "video", "memballoon", "rng")
_DRIVES = {"ide": 2, "fdc": 2, "scsi": 7, "sata": 6}
"""How many units a controller of the kind has; one of IDE has so many on each of two buses."""

_LEGACY = PciAddress(slot=1)


def disk_number(dev: str) -> int:
    """Which disk of its kind a target is: 0 for ``vda``, 26 for ``vdaa``."""
    letters = dev.rstrip("0123456789").removeprefix("x")[2:]
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("a") + 1
    return max(number - 1, 0)


def assign_places(config: DomainConfig) -> None:
    """Give each device that has none an address; what is written stays."""
    _drives(config)
    _channels(config)
    devices = list(config.devices.all())
    taken = {_slot(device.address) for device in devices} | {_slot(_LEGACY)}
    free = (address for address in _slots() if _slot(address) not in taken)
    for device in devices:
        if _lacks(device):
            fixed = _builtin(device)
            if fixed is not None and _slot(fixed) not in taken:
                device.address = fixed
                taken.add(_slot(fixed))
            elif fixed is not None or _is_on_pci(device):
                device.address = next(free)


def _slots() -> Iterator[PciAddress]:
    """All places on PCI buses that a device may have to itself."""
    for bus in count():
        yield from (PciAddress(bus=bus, slot=slot) for slot in range(1 if bus else 2, 32))


def _slot(address: DeviceAddress | None) -> tuple[int, ...] | None:
    """Where an address is, whatever else it says; None when that is not on PCI."""
    if not isinstance(address, PciAddress):
        return None
    return address.domain, address.bus, address.slot, address.function


def _lacks(device: Device) -> bool:
    address = device.address
    return address is None or isinstance(address, UnassignedAddress)


def _builtin(device: Device) -> PciAddress | None:
    """The place of what is part of the board."""
    if isinstance(device, Controller) and device.index == 0:
        return {"usb": PciAddress(slot=1, function=2), "ide": PciAddress(slot=1, function=1)}.get(
            device.type or ""
        )
    return None


def _is_on_pci(device: Device) -> bool:
    if isinstance(device, Disk):
        return device.target.bus == "virtio"
    if isinstance(device, Controller):
        return device.type in {"scsi", "sata", "virtio-serial", "usb"}
    return device.kind in _ON_PCI and getattr(device, "model", None) != "none"


def _drives(config: DomainConfig) -> None:
    taken = {(disk.target.bus, disk.address) for disk in config.disks}
    for disk in config.disks:
        bus = disk.target.bus or ""
        if _lacks(disk) and bus in _DRIVES:
            wanted = _units(bus, disk_number(disk.target.dev or ""))
            disk.address = next(address for address in wanted if (bus, address) not in taken)
            taken.add((bus, disk.address))


def _units(bus: str, first: int) -> Iterator[DriveAddress]:
    units = _DRIVES[bus]
    for number in count(first):
        if bus == "ide":
            controller, rest = divmod(number, 2 * units)
            yield DriveAddress(controller=controller, bus=rest // units, unit=rest % units)
        else:
            yield DriveAddress(controller=number // units, unit=number % units)


def _channels(config: DomainConfig) -> None:
    taken = {device.address for device in (*config.channels, *config.consoles)}
    free = (VirtioSerialAddress(port=port) for port in count(1))
    for channel in config.channels:
        if _lacks(channel) and channel.target.type == "virtio":
            channel.address = next(address for address in free if address not in taken)
