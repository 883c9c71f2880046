"""`Devices`: all devices of a domain, by kind and in the order of the document."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._scalars import PathText, file_path
from aiovirt.config._tree import Node
from aiovirt.config._view import View, element
from aiovirt.config.devices.base import Device, OtherDevice
from aiovirt.config.devices.chardev import Channel, Console, Parallel, Serial
from aiovirt.config.devices.disk import Disk
from aiovirt.config.devices.graphics import Graphics, Video
from aiovirt.config.devices.interface import Interface
from aiovirt.config.devices.misc import (
    Controller,
    Input,
    Memballoon,
    Panic,
    Rng,
    Sound,
    Vsock,
    Watchdog,
)

__all__ = ["Devices"]

_KINDS: dict[str, type[Device]] = {
    "disk": Disk,
    "controller": Controller,
    "interface": Interface,
    "serial": Serial,
    "parallel": Parallel,
    "console": Console,
    "channel": Channel,
    "input": Input,
    "graphics": Graphics,
    "sound": Sound,
    "video": Video,
    "watchdog": Watchdog,
    "memballoon": Memballoon,
    "rng": Rng,
    "panic": Panic,
    "vsock": Vsock,
}

_NO_DEVICES = frozenset({"emulator"})


class Devices(View, tag="devices"):
    """The devices.

    Attributes:
        emulator: The path of the hypervisor's program, or None for the host's usual one.
        memballoon: The one balloon; false when nothing is said of it.
    """

    emulator: PathText = file_path("emulator")
    disks: Many[Disk] = children("disk", Disk)
    controllers: Many[Controller] = children("controller", Controller)
    interfaces: Many[Interface] = children("interface", Interface)
    serials: Many[Serial] = children("serial", Serial)
    parallels: Many[Parallel] = children("parallel", Parallel)
    consoles: Many[Console] = children("console", Console)
    channels: Many[Channel] = children("channel", Channel)
    inputs: Many[Input] = children("input", Input)
    graphics: Many[Graphics] = children("graphics", Graphics)
    sounds: Many[Sound] = children("sound", Sound)
    videos: Many[Video] = children("video", Video)
    watchdogs: Many[Watchdog] = children("watchdog", Watchdog)
    memballoon: One[Memballoon] = child("memballoon", Memballoon)
    rngs: Many[Rng] = children("rng", Rng)
    panics: Many[Panic] = children("panic", Panic)
    vsock: One[Vsock] = child("vsock", Vsock)

    def all(self) -> Iterator[Device]:
        """Every device in the order of the document.

        One of a kind that aiovirt has no fields for comes as an `OtherDevice`.
        """
        node = element(self)
        if node is None:
            return
        for each in node.iterchildren(etree.Element):
            if each.tag not in _NO_DEVICES:
                yield _view_of(each)


def _view_of(node: Node) -> Device:
    return _KINDS.get(node.tag, OtherDevice)._wrap_(node)
