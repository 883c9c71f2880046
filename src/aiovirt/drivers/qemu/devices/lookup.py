"""Which QEMU device a configured device becomes: its `Model`, looked up in the tables.

Knows no addresses and no command line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from aiovirt.config.devices.base import Device
from aiovirt.config.devices.chardev import Parallel, Serial, SerialTarget
from aiovirt.config.devices.controller import Controller
from aiovirt.config.devices.disk import Disk, DiskTarget
from aiovirt.config.devices.input import Input
from aiovirt.config.devices.interface import Interface
from aiovirt.config.devices.misc import Memballoon, NvramDevice, Panic, Rng, Watchdog
from aiovirt.config.devices.sound import Sound
from aiovirt.config.devices.video import Video, VideoModel
from aiovirt.drivers.qemu.devices import models
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.drivers.qemu.devices.kinds import KINDS, choose
from aiovirt.drivers.qemu.devices.models import Model

__all__ = ["MODELS", "is_builtin", "model_of"]

_NOTHING: Final = Model("", None)
_ON_ISA: Final = frozenset(
    {"isa-serial", "isa-parallel", "isa-debugcon", "isa-fdc", "pvpanic", "ib700"}
)
_DISK_MODELS: Final = {
    ("ide", "disk"): "ide-hd",
    ("ide", "cdrom"): "ide-cd",
    ("sata", "disk"): "ide-hd",
    ("sata", "cdrom"): "ide-cd",
    ("scsi", "disk"): "scsi-hd",
    ("scsi", "cdrom"): "scsi-cd",
    ("scsi", "lun"): "scsi-block",
    ("usb", "disk"): "usb-storage",
    ("usb", "cdrom"): "usb-storage",
    ("fdc", "floppy"): "floppy",
}
# What a card that is not the first is called in QEMU, and what the first virtio one is on x86.
_SECONDARY_VIDEOS: Final = {"VGA": "secondary-vga", "qxl-vga": "qxl"}
_PRIMARY_VIRTIO_VIDEO: Final = Model("virtio-vga", models.VIDEOS["vga"].needs)


_GL: Final = "-gl"
"""What a virtio card is called that draws with the host's OpenGL."""
_PARALLEL: Final = Model("isa-parallel", None)


def model_of(device: Device, family: Family) -> Model:
    """The model that a device is; one without a driver has no ``-device`` of its own.

    Raises:
        XMLError: This driver knows no such model, or the machine cannot have it.
    """
    look = _LOOKUPS.get(type(device))
    if look is not None:
        model = look(device, family)
    else:
        simple = KINDS.get(type(device))
        model = simple(device) if simple is not None else _NOTHING
    model = (
        model._replace(driver=_ON_ARM.get(model.driver, model.driver)) if _is_arm(family) else model
    )
    missing = _missing_bus(model, family)
    if missing:
        raise Device.address.error(
            device, f"{model.driver} needs {missing}, which a {family.name} machine does not have"
        )
    return model


_ON_ARM: Final = {"tpm-tis": "tpm-tis-device"}
"""Devices of an ISA bus that ARM has on its own."""


def _is_arm(family: Family) -> bool:
    return "aarch64" in family.arches


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


def _disk(disk: Disk, family: Family) -> Model:
    bus, device = disk.target.bus, disk.device or "disk"
    if bus == "virtio" and device in {"disk", "lun"}:
        table = models.VHOST_USER_BLK if disk.type == "vhostuser" else models.VIRTIO_BLK
        return choose(disk, Disk.model, table, disk.model or "virtio")
    driver = _DISK_MODELS.get((bus or "", device))
    missing = {"ide": "ide" not in family.builtin_controllers, "fdc": not family.floppy}
    if driver is None or missing.get(bus or ""):
        raise DiskTarget.bus.error(
            disk.target, f"no {device} can be on bus {bus!r} of a {family.name} machine"
        )
    return Model(driver, None)


def _interface(interface: Interface, family: Family) -> Model:
    """The card; one of another name is taken for a PCI card of QEMU's, which the program tells."""
    word = interface.model or family.nic_model
    return models.NICS.get(word.lower()) or Model(word, models.NICS["e1000"].needs)


def _video(video: Video, family: Family) -> Model:
    kind = video.model.type
    if kind == "none":
        return _NOTHING
    model = choose(video.model, VideoModel.type, models.VIDEOS, kind)
    gl = _GL if kind == "virtio" and video.model.accel3d else ""
    if not video.model.primary:
        driver = _SECONDARY_VIDEOS.get(model.driver, f"{model.driver}{gl}")
        return model._replace(driver=driver)
    if kind == "virtio" and family.video_place is not None:
        return _PRIMARY_VIRTIO_VIDEO._replace(driver=f"virtio-vga{gl}")
    return model._replace(driver=f"{model.driver}{gl}")


_SIMPLE_CONTROLLERS: Final[dict[str, Model]] = {
    "sata": Model("ahci", models.SOUNDS["ac97"].needs),
    "ide": _NOTHING,
    "fdc": _NOTHING,
    "ccid": Model("usb-ccid", None),
}
MODELS: Final[tuple[Model, ...]] = (
    *(Model(driver, None) for driver in _DISK_MODELS.values()),
    *(Model(driver, None) for driver in _SECONDARY_VIDEOS.values()),
    *(Model(f"virtio-gpu{_GL}", None, virtio=True), Model(f"virtio-vga{_GL}", None)),
    *(_PRIMARY_VIRTIO_VIDEO, _PARALLEL),
    *(*_SIMPLE_CONTROLLERS.values(), *(Model(driver, None) for driver in _ON_ARM.values())),
)
"""What devices may become that are in none of the tables of other modules."""

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
        model = choose(controller, Controller.model, models.PCI_CONTROLLERS, controller.model)
        if controller.model == "pci-root" != family.pci_grows:
            raise Controller.model.error(
                controller, f"a {family.name} machine has no second {controller.model}"
            )
        return model._replace(driver=controller.model_name or model.driver)
    if kind in _CONTROLLER_TABLES:
        word = controller.model or ("virtio" if kind == "virtio-serial" else None)
        return choose(controller, Controller.model, _CONTROLLER_TABLES[kind], word)
    model = choose(controller, Controller.type, _SIMPLE_CONTROLLERS, kind)
    if kind == "ide" or (kind == "fdc" and not family.floppy):
        raise Controller.index.error(
            controller, f"a {family.name} machine has no {kind} controller {controller.index}"
        )
    return model


def _input(input_: Input, family: Family) -> Model:
    if input_.type == "evdev":
        return _NOTHING
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
    if word in models.SYSTEM_SERIALS and family.serial[1] == word:
        return _NOTHING
    known = {key: model for key, model in models.SERIAL_DRIVERS.items() if key != "virtio"}
    return choose(serial.target, SerialTarget.model, known, word)


def _parallel(_parallel: Parallel, _family: Family) -> Model:
    return _PARALLEL


def _memballoon(balloon: Memballoon, _family: Family) -> Model:
    if balloon.model == "none":
        return _NOTHING
    return choose(balloon, Memballoon.model, models.BALLOONS, balloon.model or "virtio")


def _rng(rng: Rng, _family: Family) -> Model:
    return choose(rng, Rng.model, models.RNGS, rng.model or "virtio")


def _watchdog(watchdog: Watchdog, _family: Family) -> Model:
    return choose(watchdog, Watchdog.model, models.WATCHDOGS, watchdog.model)


def _sound(sound: Sound, _family: Family) -> Model:
    return choose(sound, Sound.model, models.SOUNDS, sound.model)


def _panic(panic: Panic, family: Family) -> Model:
    usual = _OWN_PANICS.get(family.name, "isa")
    return choose(panic, Panic.model, models.PANICS, panic.model or usual)


_OWN_PANICS: Final = {"pseries": "pseries", "s390-ccw-virtio": "s390"}
"""How machines tell of a panic by themselves."""


def _nvram(nvram: NvramDevice, family: Family) -> Model:
    if family.name != "pseries":
        raise Device.address.error(nvram, f"a {family.name} machine has no <nvram> device")
    return _NOTHING


_LOOKUPS: Final[dict[type[Device], Callable[..., Model]]] = {
    Disk: _disk,
    Interface: _interface,
    Video: _video,
    Controller: _controller,
    Input: _input,
    Serial: _serial,
    Parallel: _parallel,
    Memballoon: _memballoon,
    Rng: _rng,
    Watchdog: _watchdog,
    Sound: _sound,
    Panic: _panic,
    NvramDevice: _nvram,
}
