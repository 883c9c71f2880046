"""`Devices`: all devices of a domain, by kind and in the order of the document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

from lxml import etree

from aiovirt.config._children import Child, Children, Many, One, child, children, variants
from aiovirt.config._scalars import PathText, file_path
from aiovirt.config._tree import Node
from aiovirt.config._view import View, element
from aiovirt.config.devices.base import Device, OtherDevice
from aiovirt.config.devices.chardev import Channel, Console, Parallel, Serial
from aiovirt.config.devices.controller import Controller
from aiovirt.config.devices.disk import Disk
from aiovirt.config.devices.filesystem import Filesystem
from aiovirt.config.devices.graphics import Graphics
from aiovirt.config.devices.hostdev import HOSTDEVS, Hostdev
from aiovirt.config.devices.input import Input
from aiovirt.config.devices.interface import Interface
from aiovirt.config.devices.memory import MemoryDevice
from aiovirt.config.devices.misc import (
    Crypto,
    Hub,
    Iommu,
    Lease,
    Memballoon,
    NvramDevice,
    Panic,
    Rng,
    Shmem,
    Vsock,
    Watchdog,
)
from aiovirt.config.devices.redirect import Redirdev, Redirfilter
from aiovirt.config.devices.smartcard import Smartcard
from aiovirt.config.devices.sound import Audio, Sound
from aiovirt.config.devices.tpm import Tpm
from aiovirt.config.devices.video import Video

__all__ = ["Devices"]

_NO_DEVICES = frozenset({"emulator"})
_NAMED = etree.XPath("*[alias/@name=$alias]")


class Devices(View, tag="devices"):
    """The devices.

    Attributes:
        emulator: The path of the hypervisor's program, or None for the host's usual one.
        memballoon: The one balloon; false when nothing is said of it.
        hostdevs: The host's devices that it is given, each of the class that its type says.
        memories: What is plugged in beside the memory that it starts with.
    """

    emulator: PathText = file_path("emulator")
    disks: Many[Disk] = children("disk", Disk)
    controllers: Many[Controller] = children("controller", Controller)
    leases: Many[Lease] = children("lease", Lease)
    filesystems: Many[Filesystem] = children("filesystem", Filesystem)
    interfaces: Many[Interface] = children("interface", Interface)
    smartcards: Many[Smartcard] = children("smartcard", Smartcard)
    serials: Many[Serial] = children("serial", Serial)
    parallels: Many[Parallel] = children("parallel", Parallel)
    consoles: Many[Console] = children("console", Console)
    channels: Many[Channel] = children("channel", Channel)
    inputs: Many[Input] = children("input", Input)
    tpms: Many[Tpm] = children("tpm", Tpm)
    graphics: Many[Graphics] = children("graphics", Graphics)
    sounds: Many[Sound] = children("sound", Sound)
    audios: Many[Audio] = children("audio", Audio)
    videos: Many[Video] = children("video", Video)
    hostdevs: Many[Hostdev] = variants("hostdev", Hostdev, HOSTDEVS)
    redirdevs: Many[Redirdev] = children("redirdev", Redirdev)
    redirfilters: Many[Redirfilter] = children("redirfilter", Redirfilter)
    hubs: Many[Hub] = children("hub", Hub)
    watchdogs: Many[Watchdog] = children("watchdog", Watchdog)
    memballoon: One[Memballoon] = child("memballoon", Memballoon)
    rngs: Many[Rng] = children("rng", Rng)
    nvram: One[NvramDevice] = child("nvram", NvramDevice)
    panics: Many[Panic] = children("panic", Panic)
    shmems: Many[Shmem] = children("shmem", Shmem)
    memories: Many[MemoryDevice] = children("memory", MemoryDevice)
    iommu: One[Iommu] = child("iommu", Iommu)
    cryptos: Many[Crypto] = children("crypto", Crypto)
    vsock: One[Vsock] = child("vsock", Vsock)

    def all(self, kind: str | None = None) -> Iterator[Device]:
        """Every device in the order of the document, or every one of a kind.

        One of a kind that aiovirt has no fields for comes as an `OtherDevice`.

        Args:
            kind: The word of their element: ``disk``, ``interface``, …; None for all kinds.
        """
        return map(_view_of, self._nodes(kind))

    def with_alias(self, alias: str) -> Device | None:
        """The device of that name, the first in the order of the document, or None."""
        top = element(self)
        try:
            found = [] if top is None else cast("list[Node]", _NAMED(top, alias=alias))
        except ValueError:  # no document can have such characters
            return None
        return _view_of(found[0]) if found else None

    def _nodes(self, kind: str | None = None) -> Iterator[Node]:
        node = element(self)
        if node is not None:
            for each in node.iterchildren(kind or etree.Element):
                if each.tag not in _NO_DEVICES:
                    yield each


def _view_of(node: Node) -> Device:
    return _VIEWS.get(node.tag, OtherDevice._wrap_)(node)


def _views() -> Iterator[tuple[str, Callable[[Node], Device]]]:
    """The tags of the devices that have a class of their own, with what makes its view."""
    for field in Devices._nested_:
        if isinstance(field, Children | Child) and issubclass(field.kind, Device):
            yield (
                field.steps[0],
                field.view_of if isinstance(field, Children) else field.kind._wrap_,
            )


_VIEWS = dict(_views())
