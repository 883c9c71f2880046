"""Devices' own settings that a configuration leaves open, filled in as libvirt fills them.

Knows no addresses and no controllers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from aiovirt.config import (
    Channel,
    Console,
    ConsoleTarget,
    Disk,
    DomainConfig,
    Input,
    Interface,
    Memballoon,
    Serial,
    Video,
)
from aiovirt.config.devices.graphics import fill_listening
from aiovirt.drivers.qemu.devices.families import Family
from aiovirt.model.mac import MacAddress
from aiovirt.model.units import KiB

__all__ = ["fill_devices"]

_BUS_OF_PREFIX: Final = {"hd": "ide", "sd": "scsi", "vd": "virtio", "fd": "fdc"}


def fill_devices(
    config: DomainConfig, family: Family, kinds: Collection[str] | None = None
) -> None:
    """Complete every device of a domain, and add the devices libvirt adds.

    Args:
        config: The configuration.
        family: What its machine is.
        kinds: The kinds of the devices that may be incomplete; None for all.

    Raises:
        XMLError: A device contradicts itself.
    """
    for fill, whose in _FILLERS:
        if kinds is None or not whose.isdisjoint(kinds):
            fill(config, family)


def _disks(config: DomainConfig, family: Family) -> None:
    for disk in config.disks:
        _disk(disk, family)


def _interfaces(config: DomainConfig, family: Family) -> None:
    for interface in config.interfaces:
        _interface(interface, family)


def _ports(config: DomainConfig, family: Family) -> None:
    _pair_consoles(config)
    _name_ports(config, family)
    _number_ports(config)


def _channels(config: DomainConfig, _family: Family) -> None:
    for channel in config.channels:
        _channel(channel)


def _graphics(config: DomainConfig, _family: Family) -> None:
    for graphics in config.graphics:
        fill_listening(graphics)


def _vsock(config: DomainConfig, _family: Family) -> None:
    vsock = config.devices.vsock
    if vsock and vsock.auto is None:
        vsock.auto = vsock.cid is None


def _memballoon(config: DomainConfig, family: Family) -> None:
    if not config.memballoon:
        config.memballoon = Memballoon(model="virtio" if family.balloon else "none")


def _disk(disk: Disk, family: Family) -> None:
    disk.type = disk.type or "file"
    prefix = (disk.target.dev or "")[:2]
    if disk.device is None:
        disk.device = "floppy" if prefix == "fd" else "disk"
    if disk.target.bus is None:
        bus = _BUS_OF_PREFIX.get(prefix, family.disk_bus)
        disk.target.bus = family.disk_bus if bus == "ide" else bus
    if disk.driver.name is None:
        disk.driver.name = "qemu"
    if disk.driver.type is None:
        disk.driver.type = "raw"
    if disk.device == "cdrom":
        disk.readonly = True


def _interface(interface: Interface, family: Family) -> None:
    if interface.mac is None:
        interface.mac = MacAddress.random()
    elif interface.mac.is_multicast:
        raise Interface.mac.error(interface, f"{interface.mac} is a multicast address")
    if interface.model is None:
        interface.model = family.nic_model


def _pair_consoles(config: DomainConfig) -> None:
    """The first console is the first serial port, whichever of the two was written.

    Source: virDomainDefAddConsoleCompat of libvirt.
    """
    consoles, serials = list(config.consoles), list(config.serials)
    first = consoles[0] if consoles else None
    if first is not None and first.target.type in {None, "serial"}:
        if not serials:
            config.serials = [_as_serial(first)]
        _mirror(config.serials[0], first)
    elif serials:
        mirror = Console(type=serials[0].type, target=ConsoleTarget(type="serial", port=0))
        config.consoles.insert(0, mirror)
        _mirror(config.serials[0], config.consoles[0])


def _as_serial(console: Console) -> Serial:
    return Serial(
        type=console.type,
        sources=[source.copy() for source in console.sources],
        protocol=console.protocol,
        log=console.log.copy() if console.log else None,
    )


def _mirror(serial: Serial, console: Console) -> None:
    console.type = serial.type
    console.sources = [source.copy() for source in serial.sources]
    console.protocol = serial.protocol
    console.log = serial.log.copy() if serial.log else None
    console.target.type = "serial"
    console.target.port = 0


_SERIAL_MODELS: Final = {"isa-debug": "isa-debugcon"}
"""What is on a bus whose name is not that of the model."""


def _name_ports(config: DomainConfig, family: Family) -> None:
    for serial in config.serials:
        target = serial.target
        if target.type == "isa-serial" and not family.isa:
            target.type = None  # what old definitions of other machines have
        if target.type is None and target.model is None:
            target.type = family.serial[0]
        if target.model is None:
            usual = _SERIAL_MODELS.get(target.type or "", target.type)
            target.model = family.serial[1] if target.type == family.serial[0] else usual


def _number_ports(config: DomainConfig) -> None:
    for serial in config.serials:
        if serial.target.port is None:
            ports = [each.target.port for each in config.serials]
            serial.target.port = 1 + max((p for p in ports if p is not None), default=-1)
    for number, console in enumerate(config.consoles):
        if console.target.type is None:
            console.target.type = "virtio"
        if console.target.port is None:
            console.target.port = number


def _channel(channel: Channel) -> None:
    if channel.target.type is None:
        channel.target.type = "virtio"
    if channel.type == "spicevmc" and channel.target.name is None:
        channel.target.name = "com.redhat.spice.0"
    if channel.type == "unix" and channel.source.mode is None:
        channel.source.mode = "bind"


def _videos(config: DomainConfig, family: Family) -> None:
    shown = len(config.graphics) > 0
    if shown and not config.videos and family.video_model != "none":
        config.videos = [Video(family.video_model)]
    if len(config.videos) > 1:  # the primary one is the first
        config.videos = sorted(config.videos, key=lambda video: not video.model.primary)
    for number, video in enumerate(config.videos):
        model = video.model
        if model.type is None:
            model.type = family.video_model
        if model.type == "none":
            continue
        if model.heads is None:
            model.heads = 1
        if number == 0 and model.primary is None:
            model.primary = True
        for name, value in _VIDEO_MEMORY.get(model.type, {}).items():
            if getattr(model, name) is None:
                setattr(model, name, value)


_VIDEO_MEMORY: Final = {
    "vga": {"vram": KiB(16384)},
    "cirrus": {"vram": KiB(16384)},
    "vmvga": {"vram": KiB(16384)},
    "bochs": {"vram": KiB(16384)},
    "qxl": {"ram": KiB(65536), "vram": KiB(65536), "vgamem": KiB(16384)},
}


def _inputs(config: DomainConfig, family: Family) -> None:
    for device in config.inputs:
        if device.bus is None:
            if device.type == "evdev":
                continue
            on_ps2 = family.ps2 and device.type in {"mouse", "keyboard"}
            usual = "usb" if family.usb_model else "virtio"
            device.bus = "ps2" if on_ps2 else usual
    if family.ps2 and config.graphics:
        for kind in ("mouse", "keyboard"):
            if not any(d.type == kind and d.bus == "ps2" for d in config.inputs):
                config.inputs.append(Input(type=kind, bus="ps2"))


_FILLERS: Final[tuple[tuple[Callable[[DomainConfig, Family], None], frozenset[str]], ...]] = (
    (_disks, frozenset({"disk"})),
    (_interfaces, frozenset({"interface"})),
    (_ports, frozenset({"serial", "console"})),
    (_channels, frozenset({"channel"})),
    (_graphics, frozenset({"graphics"})),
    (_videos, frozenset({"video", "graphics"})),
    (_inputs, frozenset({"input", "graphics"})),
    (_vsock, frozenset({"vsock"})),
    (_memballoon, frozenset({"memballoon"})),
)
"""What completes devices, and of which kinds: what others leave open is not its business."""
