"""Places of drives in QEMU's words: which bus of which controller, and where on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aiovirt.config import Device, Disk
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.model.addresses import DriveAddress

__all__ = ["drive_of", "drive_place"]

_NARROW_SCSI: Final = ("lsilogic",)


def drive_of(device: Device) -> DriveAddress:
    """The address of a drive.

    Raises:
        XMLError: It has none.
    """
    address = device.address
    if not isinstance(address, DriveAddress):
        raise Device.address.error(device, f"the {device.kind} has no drive address")
    return address


def drive_place(guest: Guest, device: Device) -> dict[str, object]:
    """The properties of a place on an IDE, SATA or SCSI controller."""
    bus = device.target.bus if isinstance(device, Disk) else "scsi"
    return _PLACES[bus or ""](guest, drive_of(device))


def _ide(_guest: Guest, address: DriveAddress) -> dict[str, object]:
    return {"bus": f"ide.{address.bus}", "unit": address.unit}


def _sata(guest: Guest, address: DriveAddress) -> dict[str, object]:
    return {"bus": f"{guest.bus_of('sata', address.controller)}.{address.unit}"}


def _scsi(guest: Guest, address: DriveAddress) -> dict[str, object]:
    bus = f"{guest.bus_of('scsi', address.controller)}.0"
    controllers = dict(guest.controllers["scsi"])
    if controllers[address.controller].model in _NARROW_SCSI:
        # a parallel bus numbers its targets, and each has one unit
        return {"bus": bus, "scsi-id": address.unit}
    return {
        "bus": bus,
        "channel": address.bus,
        "scsi-id": address.target,
        "lun": address.unit,
    }


_PLACES: Final[dict[str, Callable[[Guest, DriveAddress], dict[str, object]]]] = {
    "ide": _ide,
    "sata": _sata,
    "scsi": _scsi,
}
