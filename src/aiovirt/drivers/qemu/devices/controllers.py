"""Controllers: those that a domain's devices need and nobody wrote down.

Knows no PCI addresses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from aiovirt.config import Controller, Device, Disk, DomainConfig
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.drivers.qemu.devices.lookup import model_of
from aiovirt.model.addresses import DriveAddress, UsbAddress, VirtioSerialAddress

__all__ = [
    "add_controllers",
    "controllers_of",
    "is_companion",
    "is_usb_device",
    "number_controllers",
]

# A controller that is made because something needs it; the machine's family says it for USB.
_MODELS: Final = {"scsi": "virtio-scsi"}
_DRIVE_CONTROLLERS: Final = {"ide": "ide", "sata": "sata", "scsi": "scsi", "fdc": "fdc"}


def controllers_of(config: DomainConfig, kind: str) -> list[Controller]:
    """The controllers of one type in the order of their index."""
    found = [controller for controller in config.controllers if controller.type == kind]
    return sorted(found, key=lambda controller: controller.index or 0)


def number_controllers(config: DomainConfig) -> None:
    """Give each controller an index, and refuse two of a type with the same.

    Companions of one USB controller share theirs.

    Raises:
        XMLError: Two controllers have the same index.
    """
    taken: Counter[tuple[str | None, int]] = Counter()
    for controller in config.controllers:
        if controller.index is not None and not is_companion(controller):
            _refuse_twins(controller, taken)
            taken[controller.type, controller.index] += 1
    for controller in config.controllers:
        if controller.index is None:
            free = (n for n in range(len(taken) + 1) if not taken[controller.type, n])
            controller.index = next(free)
            taken[controller.type, controller.index] += 1


def is_companion(controller: Controller) -> bool:
    """Whether it serves the slow devices of a USB 2 controller, whose index and name it shares."""
    return controller.startport is not None or (controller.model or "").startswith("ich9-uhci")


def _refuse_twins(controller: Controller, taken: Counter[tuple[str | None, int]]) -> None:
    if taken[controller.type, controller.index or 0]:
        raise Controller.index.error(
            controller, f"two {controller.type} controllers have the index {controller.index}"
        )


def add_controllers(config: DomainConfig, family: Family) -> None:
    """Add each controller that the machine brings or that a device sits on.

    Raises:
        XMLError: A device wants a bus that the machine cannot have.
    """
    known = {(controller.type, controller.index) for controller in config.controllers}
    for kind, index in (*_brought(family), *_wanted(config, family)):
        if (kind, index) not in known:
            known.add((kind, index))
            model = _default_model(kind, family)
            config.controllers.append(Controller(type=kind, index=index, model=model))


def _default_model(kind: str, family: Family) -> str | None:
    if kind == "pci":
        return family.pci_root
    return family.usb_model if kind == "usb" else _MODELS.get(kind)


def _brought(family: Family) -> Iterator[tuple[str, int]]:
    if family.pci_root:
        yield "pci", 0
    if "sata" in family.builtin_controllers:
        yield "sata", 0


def _wanted(config: DomainConfig, family: Family) -> Iterator[tuple[str, int]]:
    for disk in config.disks:
        yield from _for_disk(disk)
    for device in config.devices.all():
        address = device.address
        if isinstance(address, VirtioSerialAddress):
            yield "virtio-serial", address.controller
        elif is_usb_device(device, family):
            yield "usb", address.bus if isinstance(address, UsbAddress) else 0


def _for_disk(disk: Disk) -> Iterator[tuple[str, int]]:
    kind = _DRIVE_CONTROLLERS.get(disk.target.bus or "")
    address = disk.address
    if kind and isinstance(address, DriveAddress):
        yield kind, address.controller


def is_usb_device(device: Device, family: Family) -> bool:
    """Whether a device sits on a USB bus."""
    return model_of(device, family).driver.startswith("usb-") and not isinstance(device, Controller)
