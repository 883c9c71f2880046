"""libvirt's names of the devices of a running domain: ``net0``, ``virtio-disk0``, ``pci.1``.

They are QEMU's ids of the devices, and what events and hot-unplug name them by.
Source: qemu_alias.c of libvirt.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Final

from aiovirt.config import Controller, Device, Disk, DomainConfig, element
from aiovirt.config.running import USER_PREFIX
from aiovirt.drivers.qemu.devices.controllers import is_companion
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.drivers.qemu.devices.machine import family_for
from aiovirt.drivers.qemu.devices.naming import alias_of, name_device
from aiovirt.drivers.qemu.devices.order import disk_index
from aiovirt.model.addresses import DriveAddress

__all__ = ["assign_aliases", "name_devices"]

_STEMS: Final = {
    "interface": "net",
    "memballoon": "balloon",
    "redirdev": "redir",
    "filesystem": "fs",
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
    "filesystem",
    "hostdev",
    "smartcard",
    "shmem",
    "tpm",
    "crypto",
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
        if name and not (alias_of(device) or "").startswith(USER_PREFIX):
            name_device(device, name)


def name_devices(config: DomainConfig, fresh: Sequence[Device]) -> None:
    """Give those that came to a running domain names that none has: numbers may have holes.

    Args:
        config: The live configuration, with them in it.
        fresh: The devices that have no names of their own yet.

    Raises:
        XMLError: Another device has the name that the user gives one.
    """
    family = family_for(config)
    nodes = {element(each) for each in fresh}
    counts: Counter[str] = Counter()
    devices = list(config.devices.all())
    taken = {alias_of(each) for each in devices if element(each) not in nodes}
    for device in devices:
        kind = device.kind
        if element(device) in nodes:
            name = alias_of(device) or ""
            if not name.startswith(USER_PREFIX):
                name = _free(_name(device, kind, counts[kind], family, config), taken)
            elif name in taken:
                raise Device.alias.error(device, f"another device has the alias {name!r}")
            if name:
                name_device(device, name)
            taken.add(name)
        counts[kind] += 1


def _free(name: str | None, taken: Collection[str | None]) -> str:
    if not name or name not in taken:
        return name or ""
    stem = name.rstrip("0123456789")
    return next(free for n in itertools.count() if (free := f"{stem}{n}") not in taken)


def _name(
    device: Device, kind: str, number: int, family: Family, config: DomainConfig
) -> str | None:
    if isinstance(device, Disk):
        return _disk(device, config)
    if isinstance(device, Controller):
        return None if is_companion(device) else _controller(device, family)
    if kind == "memory":
        return _memory(device, config)
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


_MEMORIES: Final = {
    "dimm": "dimm",
    "nvdimm": "nvdimm",
    "virtio-mem": "virtiomem",
    "virtio-pmem": "virtiopmem",
    "sgx-epc": "epc",
}


def _memory(device: Device, config: DomainConfig) -> str | None:
    """Modules are named after their slots, other memory by its number among its like."""
    node = element(device)
    if node is None:
        return None
    model = node.get("model") or ""
    address = node.find("address")
    on_slot = address is not None and address.get("type") == "dimm"
    slot = address.get("slot") if address is not None and on_slot else None
    if slot is not None:
        return f"{_MEMORIES[model]}{int(slot, 0)}"
    like = [
        each
        for other in config.devices.all()
        if (each := element(other)) is not None
        and each.tag == "memory"
        and each.get("model") == model
    ]
    return f"{_MEMORIES[model]}{like.index(node)}"


_PLAIN_DISKS: Final = {"virtio": "virtio-disk", "usb": "usb-disk"}


def _disk(disk: Disk, config: DomainConfig) -> str:
    bus = disk.target.bus or ""
    address = disk.address
    if bus in _PLAIN_DISKS or not isinstance(address, DriveAddress):
        return f"{_PLAIN_DISKS.get(bus, bus)}{disk_index(disk.target.dev or '') or 0}"
    parts = [address.controller, address.bus, address.unit]
    if bus == "scsi" and _has_targets(address.controller, config):
        parts.insert(2, address.target)
    return bus + "-".join(str(part) for part in parts)


def _has_targets(index: int, config: DomainConfig) -> bool:
    """Whether a SCSI controller is of those that know targets; QEMU's oldest does not."""
    return not any(
        controller.type == "scsi" and controller.index == index and controller.model == "lsilogic"
        for controller in config.controllers
    )


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
