"""Which QEMU device a configured device becomes: its `Model`, looked up in the tables.

Knows no addresses and no command line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, TypeVar

from aiovirt.config import Field, View
from aiovirt.config.devices.base import Device
from aiovirt.config.devices.chardev import Serial, SerialTarget
from aiovirt.config.devices.disk import Disk, DiskTarget
from aiovirt.config.devices.graphics import Video, VideoModel
from aiovirt.config.devices.interface import Interface
from aiovirt.config.devices.misc import Controller, Input, Memballoon, Panic, Rng, Sound, Watchdog
from aiovirt.drivers.qemu.devices import models
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.drivers.qemu.devices.models import Model

__all__ = ["is_builtin", "model_of"]

_NOTHING: Final = Model("", None)
_ON_ISA: Final = frozenset({"isa-serial", "isa-fdc", "pvpanic", "ib700"})
_DISK_MODELS: Final = {
    ("ide", "disk"): "ide-hd",
    ("ide", "cdrom"): "ide-cd",
    ("sata", "disk"): "ide-hd",
    ("sata", "cdrom"): "ide-cd",
    ("scsi", "disk"): "scsi-hd",
    ("scsi", "cdrom"): "scsi-cd",
    ("usb", "disk"): "usb-storage",
    ("usb", "cdrom"): "usb-storage",
    ("fdc", "floppy"): "floppy",
}
# What a card that is not the first is called in QEMU, and what the first virtio one is on x86.
_SECONDARY_VIDEOS: Final = {"VGA": "secondary-vga", "qxl-vga": "qxl"}
_PRIMARY_VIRTIO_VIDEO: Final = Model("virtio-vga", models.VIDEOS["vga"].needs)


def model_of(device: Device, family: Family) -> Model:
    """The model that a device is; one without a driver has no ``-device`` of its own.

    Raises:
        XMLError: This driver knows no such model, or the machine cannot have it.
    """
    look = _LOOKUPS.get(type(device))
    model = look(device, family) if look else _NOTHING
    missing = _missing_bus(model, family)
    if missing:
        raise Device.address.error(
            device, f"{model.driver} needs {missing}, which a {family.name} machine does not have"
        )
    return model


def _missing_bus(model: Model, family: Family) -> str | None:
    if model.needs is not None and not model.virtio and family.pci_root is None:
        return "PCI"
    if model.driver.startswith("usb-") and family.usb_model is None:
        return "USB"
    if model.driver in _ON_ISA and not family.isa:
        return "ISA"
    return None


def is_builtin(controller: Controller, family: Family) -> bool:
    """Whether the machine itself makes this controller."""
    builtin = controller.type in family.builtin_controllers or controller.type == "pci"
    return builtin and not controller.index


_M = TypeVar("_M")
_Word: TypeAlias = Field[str | None, str | None]


def _choose(view: View, field: _Word, table: Mapping[str, _M], word: str | None) -> _M:
    found = table.get(word) if word is not None else None
    if found is None:
        raise field.error(
            view, f"the QEMU driver has no {field.name} {word!r}", expected=", ".join(table)
        )
    return found


def _disk(disk: Disk, family: Family) -> Model:
    bus, device = disk.target.bus, disk.device or "disk"
    if bus == "virtio" and device == "disk":
        return _choose(disk, Disk.model, models.VIRTIO_BLK, disk.model or "virtio")
    driver = _DISK_MODELS.get((bus or "", device))
    missing = {"ide": "ide" not in family.builtin_controllers, "fdc": not family.floppy}
    if driver is None or missing.get(bus or ""):
        raise DiskTarget.bus.error(
            disk.target, f"no {device} can be on bus {bus!r} of a {family.name} machine"
        )
    return Model(driver, None)


def _interface(interface: Interface, family: Family) -> Model:
    return _choose(interface, Interface.model, models.NICS, interface.model or family.nic_model)


def _video(video: Video, family: Family) -> Model:
    kind = video.model.type
    if kind == "none":
        return _NOTHING
    model = _choose(video.model, VideoModel.type, models.VIDEOS, kind)
    if not video.model.primary:
        return model._replace(driver=_SECONDARY_VIDEOS.get(model.driver, model.driver))
    if kind == "virtio" and family.video_place is not None:
        return _PRIMARY_VIRTIO_VIDEO
    return model


_SIMPLE_CONTROLLERS: Final[dict[str, Model]] = {
    "sata": Model("ahci", models.SOUNDS["ac97"].needs),
    "ide": _NOTHING,
    "fdc": Model("isa-fdc", None),
}
_CONTROLLER_TABLES: Final[dict[str, Mapping[str, Model]]] = {
    "usb": models.USB_CONTROLLERS,
    "scsi": models.SCSI_CONTROLLERS,
    "virtio-serial": models.VIRTIO_SERIAL,
}


def _controller(controller: Controller, family: Family) -> Model:
    kind = controller.type or ""
    if is_builtin(controller, family) or controller.model == "none":
        return _NOTHING
    if kind == "pci":
        return Model(
            _choose(controller, Controller.model, models.PCI_CONTROLLERS, controller.model), None
        )
    if kind in _CONTROLLER_TABLES:
        word = controller.model or ("virtio" if kind == "virtio-serial" else None)
        return _choose(controller, Controller.model, _CONTROLLER_TABLES[kind], word)
    model = _choose(controller, Controller.type, _SIMPLE_CONTROLLERS, kind)
    if kind == "ide" or (kind == "fdc" and not family.floppy):
        raise Controller.index.error(
            controller, f"a {family.name} machine has no {kind} controller {controller.index}"
        )
    return model


def _input(input_: Input, family: Family) -> Model:
    if input_.bus == "ps2":
        if not family.ps2:
            raise Input.bus.error(input_, f"a {family.name} machine has no PS/2 ports")
        return _NOTHING
    model = models.INPUTS.get((input_.type or "", input_.bus or ""))
    if model is None:
        raise Input.type.error(input_, f"no {input_.type} can be on bus {input_.bus!r}")
    return model


def _serial(serial: Serial, family: Family) -> Model:
    word = serial.target.model or serial.target.type or family.serial[1]
    if word == "pl011" and family.serial[1] == "pl011":
        return _NOTHING
    known = {key: model for key, model in models.SERIAL_DRIVERS.items() if key != "virtio"}
    return _choose(serial.target, SerialTarget.model, known, word)


def _memballoon(balloon: Memballoon, _family: Family) -> Model:
    if balloon.model == "none":
        return _NOTHING
    return _choose(balloon, Memballoon.model, models.BALLOONS, balloon.model or "virtio")


def _rng(rng: Rng, _family: Family) -> Model:
    return _choose(rng, Rng.model, models.RNGS, rng.model or "virtio")


def _watchdog(watchdog: Watchdog, _family: Family) -> Model:
    return _choose(watchdog, Watchdog.model, models.WATCHDOGS, watchdog.model)


def _sound(sound: Sound, _family: Family) -> Model:
    return _choose(sound, Sound.model, models.SOUNDS, sound.model)


def _panic(panic: Panic, _family: Family) -> Model:
    return _choose(panic, Panic.model, models.PANICS, panic.model or "isa")


_LOOKUPS: Final[dict[type[Device], Callable[..., Model]]] = {
    Disk: _disk,
    Interface: _interface,
    Video: _video,
    Controller: _controller,
    Input: _input,
    Serial: _serial,
    Memballoon: _memballoon,
    Rng: _rng,
    Watchdog: _watchdog,
    Sound: _sound,
    Panic: _panic,
}
