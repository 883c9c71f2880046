"""libvirt's names of the devices of a running domain: ``net0``, ``virtio-disk0``, ``pci.1``.

They are QEMU's ids of the devices, and what events and hot-unplug name them by.
Source: qemu_alias.c of libvirt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from aiovirt.config import Controller, Device, Disk, DomainConfig
from aiovirt.drivers.qemu.devices.controllers import is_companion
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.drivers.qemu.devices.machine import family_for
from aiovirt.drivers.qemu.devices.places import disk_index
from aiovirt.model.addresses import DriveAddress

__all__ = ["assign_aliases"]

USER_PREFIX: Final = "ua-"
"""What an alias begins with that the user gave; it is kept."""

_STEMS: Final = {
    "interface": "net",
    "memballoon": "balloon",
}
_NUMBERED: Final = (
    "interface",
    "serial",
    "parallel",
    "channel",
    "input",
    "sound",
    "video",
    "watchdog",
    "memballoon",
    "rng",
    "panic",
    "redirdev",
    "hub",
)
_SINGLE: Final = {"vsock": "vsock0", "iommu": "iommu0"}


def assign_aliases(config: DomainConfig) -> None:
    """Give each device of a live configuration its name; a user's own (``ua-…``) is kept.

    Raises:
        XMLError: This driver builds no such machine.
    """
    family = family_for(config)
    counts: Counter[str] = Counter()
    for device in config.devices.all():
        kind = device.kind
        name = _name(device, kind, counts[kind], family, config)
        counts[kind] += 1
        if name and not (device.alias or "").startswith(USER_PREFIX):
            device.alias = name


def _name(
    device: Device, kind: str, number: int, family: Family, config: DomainConfig
) -> str | None:
    if isinstance(device, Disk):
        return _disk(device)
    if isinstance(device, Controller):
        return None if is_companion(device) else _controller(device, family)
    if kind == "console":
        return _console(config, number)
    if kind in _NUMBERED:
        return f"{_STEMS.get(kind, kind)}{number}"
    return _SINGLE.get(kind)


def _console(config: DomainConfig, number: int) -> str:
    """The first console of the serial kind is the first serial port."""
    console = config.consoles[number]
    if number == 0 and console.target.type == "serial" and config.serials:
        given = config.serials[0].alias or ""
        return given if given.startswith(USER_PREFIX) else "serial0"
    return f"console{number}"


_PLAIN_DISKS: Final = {"virtio": "virtio-disk", "usb": "usb-disk"}


def _disk(disk: Disk) -> str:
    bus = disk.target.bus or ""
    address = disk.address
    if bus in _PLAIN_DISKS or not isinstance(address, DriveAddress):
        return f"{_PLAIN_DISKS.get(bus, bus)}{disk_index(disk.target.dev or '') or 0}"
    parts = [address.controller, address.bus, address.unit]
    if bus == "scsi":
        parts.insert(2, address.target)
    return bus + "-".join(str(part) for part in parts)


def _controller(controller: Controller, family: Family) -> str:
    kind, index = controller.type or "", controller.index or 0
    first = _FIRST.get(kind) if index == 0 else None
    name = first(family) if first else None
    if name is not None:
        return name
    return f"pci.{index}" if kind == "pci" else f"{kind}{index}"


_FIRST: Final[dict[str, Callable[[Family], str | None]]] = {
    "pci": lambda family: family.root_bus,
    "usb": lambda _family: "usb",
    "ide": lambda family: family.builtin_controllers.get("ide"),
    "sata": lambda family: family.builtin_controllers.get("sata"),
}
