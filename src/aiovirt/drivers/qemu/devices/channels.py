"""Places on the channel subsystem of S/390 (qemuDomainAssignS390Addresses of libvirt)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from aiovirt.config import Device, DomainConfig
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.drivers.qemu.devices.lookup import model_of
from aiovirt.drivers.qemu.devices.order import disks_in_order
from aiovirt.model.addresses import CcwAddress, PciAddress

__all__ = ["assign_channels"]

_VIRTUAL: Final = 0xFE
"""The number of the subsystem that virtual devices are on."""
_LAST: Final = 0xFFFF
_CHANNEL_DRIVERS: Final = ("vfio-ccw",)
_ORDER: Final = (
    *("disk", "interface", "sound", "hostdev", "video", "controller", "input", "filesystem"),
    *("watchdog", "memballoon", "rng", "shmem", "memory", "iommu", "vsock", "crypto"),
)
"""The kinds of devices in the order in which they are given places."""


def assign_channels(config: DomainConfig, family: Family) -> None:
    """Give each device that is on a channel its number.

    Raises:
        XMLError: Two devices have the same, or none is left.
    """
    if family.transport != "ccw":
        return
    found = list(_on_channels(config, family))
    taken = _given(found)
    places = (CcwAddress(_VIRTUAL, 0, number) for number in range(_LAST + 1))
    free = (place for place in places if place not in taken)
    for device in found:
        if _said(device) is None and not isinstance(device.address, PciAddress):
            place = next(free, None)
            if place is None:
                raise Device.address.error(device, "no channel is left")
            device.address = place


def _said(device: Device) -> CcwAddress | None:
    address = device.address
    return address if isinstance(address, CcwAddress) and address.devno is not None else None


def _given(found: Iterable[Device]) -> set[CcwAddress]:
    taken: set[CcwAddress] = set()
    for device in found:
        address = _said(device)
        if address in taken:
            raise Device.address.error(device, "another device has the same channel")
        taken |= {address} if address is not None else set()
    return taken


def _on_channels(config: DomainConfig, family: Family) -> Iterator[Device]:
    others = [device for device in config.devices.all() if device.kind in _ORDER[1:]]
    others.sort(key=lambda device: _ORDER.index(device.kind))
    for device in (*disks_in_order(config.disks), *others):
        model = model_of(device, family)
        if model.virtio or model.driver in _CHANNEL_DRIVERS:
            yield device
