"""The place of a device on a USB bus in QEMU's words."""

from __future__ import annotations

from aiovirt.config import Device
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.model.addresses import UsbAddress

__all__ = ["usb_place"]


def usb_place(guest: Guest, device: Device) -> dict[str, object]:
    """The properties ``bus`` and ``port``, or none when the device is on no USB bus."""
    address = device.address
    if not isinstance(address, UsbAddress):
        return {}
    return {"bus": f"{guest.bus_of('usb', address.bus)}.0", "port": address.port}
