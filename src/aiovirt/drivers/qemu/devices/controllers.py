"""Controllers: those that a domain's devices need and nobody wrote down.

Knows no PCI addresses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from aiovirt.config import Controller, Device, Disk, DomainConfig, element
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.drivers.qemu.devices.lookup import model_of
from aiovirt.drivers.qemu.devices.order import controllers_in_order
from aiovirt.model.addresses import (
    CcidAddress,
    DriveAddress,
    UsbAddress,
)

__all__ = [
    "add_controllers",
    "controllers_of",
    "is_companion",
    "is_usb2",
    "is_usb_device",
    "number_controllers",
    "settle_controllers",
    "sort_controllers",
]

_DRIVE_CONTROLLERS: Final = {"ide": "ide", "sata": "sata", "scsi": "scsi", "fdc": "fdc"}
_FOR_DEVICES: Final = ("scsi", "fdc", "ide", "sata", "ccid")
"""What is made because something sits on it, in libvirt's order."""


def controllers_of(config: DomainConfig, kind: str) -> list[Controller]:
    """The controllers of one type in the order of their index."""
    found = [controller for controller in config.controllers if controller.type == kind]
    return sorted(found, key=lambda controller: controller.index or 0)


def number_controllers(config: DomainConfig) -> None:
    """Give each controller an index, and refuse two of a type with the same.

    The functions of one USB 2 controller share theirs: one that names none has that of the one
    which stands before it, if such a function is not there yet.

    Raises:
        XMLError: Two controllers have the same index.
    """
    taken: Counter[tuple[str | None, int]] = Counter()
    for controller in config.controllers:
        if controller.index is not None and not is_companion(controller):
            _refuse_twins(controller, taken)
            taken[controller.type, controller.index] += 1
    models: dict[int, set[str]] = {}
    before: int | None = None
    for controller in config.controllers:
        model = controller.model or ""
        if controller.index is None and is_usb2(controller) and before is not None:
            controller.index = None if model in models.get(before, ()) else before
        if controller.index is None:
            free = (n for n in range(len(taken) + 1) if not taken[controller.type, n])
            controller.index = next(free)
            taken[controller.type, controller.index] += 1
        if is_usb2(controller):
            before = controller.index
            models.setdefault(before, set()).add(model)


def is_companion(controller: Controller) -> bool:
    """Whether it serves the slow devices of a USB 2 controller, whose index and name it shares."""
    return controller.startport is not None or (controller.model or "").startswith("ich9-uhci")


def _refuse_twins(controller: Controller, taken: Counter[tuple[str | None, int]]) -> None:
    if taken[controller.type, controller.index or 0]:
        raise Controller.index.error(
            controller, f"two {controller.type} controllers have the index {controller.index}"
        )


def is_usb2(controller: Controller) -> bool:
    """Whether it is one of the functions that make up an ICH9's USB 2 controller."""
    return (controller.model or "").startswith("ich9-")


def sort_controllers(config: DomainConfig) -> None:
    """Put those that were written in the order in which libvirt keeps them."""
    found = list(config.controllers)
    ordered = controllers_in_order(found)
    if [element(each) for each in ordered] != [element(each) for each in found]:
        config.controllers = ordered


def settle_controllers(config: DomainConfig, family: Family) -> None:
    """Give each controller that was written without a model the one that libvirt takes."""
    for controller in config.controllers:
        if controller.model in {None, "auto"}:
            model = _DEFAULT_MODELS.get(controller.type or "")
            if model:
                controller.model = model(family)


_DEFAULT_MODELS: Final[dict[str, Callable[[Family], str | None]]] = {
    "usb": lambda family: family.plain_usb_model,
    "scsi": lambda family: family.scsi_model,
}


def add_controllers(config: DomainConfig, family: Family, devices: Sequence[Device]) -> None:
    """Add each controller that the machine brings or that one of some devices sits on.

    Raises:
        XMLError: A device wants a bus that the machine cannot have.
    """
    known = {(controller.type, controller.index) for controller in config.controllers}
    for kind, index, model in (*_brought(family, devices), *_wanted(config, family, devices)):
        if (kind, index) not in known:
            known.add((kind, index))
            config.controllers.append(Controller(type=kind, index=index, model=model))
    settle_controllers(config, family)


def _brought(family: Family, devices: Sequence[Device]) -> Iterator[tuple[str, int, str | None]]:
    """What libvirt gives every guest of such a machine."""
    if family.usb_always or _has_usb_devices(devices, family):
        yield "usb", 0, family.usb_model
    if "sata" in family.builtin_controllers:
        yield "sata", 0, None
    if family.pci_root:
        yield "pci", 0, family.pci_root


def _has_usb_devices(devices: Sequence[Device], family: Family) -> bool:
    return any(is_usb_device(device, family) for device in devices)


def _wanted(
    config: DomainConfig, family: Family, devices: Sequence[Device]
) -> Iterator[tuple[str, int, str | None]]:
    last: dict[str, int] = {}
    for kind, index in _sat_on(devices):
        last[kind] = max(index, last.get(kind, 0))
    for kind in _FOR_DEVICES:
        model = _model_of_first(config, kind)
        yield from ((kind, index, model) for index in range(last.get(kind, -1) + 1))
    for device in devices:
        address = device.address
        if isinstance(address, UsbAddress) and is_usb_device(device, family):
            yield "usb", address.bus, family.usb_model


def _model_of_first(config: DomainConfig, kind: str) -> str | None:
    """Further SCSI controllers are like the one that is there."""
    found = controllers_of(config, kind) if kind == "scsi" else []
    return found[0].model if found else None


def _sat_on(devices: Sequence[Device]) -> Iterator[tuple[str, int]]:
    for device in devices:
        address = device.address
        if isinstance(device, Disk) and isinstance(address, DriveAddress):
            kind = _DRIVE_CONTROLLERS.get(device.target.bus or "")
            if kind:
                yield kind, address.controller
        elif isinstance(address, DriveAddress):
            yield "scsi", address.controller
        elif isinstance(address, CcidAddress):
            yield "ccid", address.controller


def is_usb_device(device: Device, family: Family) -> bool:
    """Whether a device sits on a USB bus."""
    if isinstance(device, Controller):
        return device.type == "ccid"
    return model_of(device, family).driver.startswith("usb-")
