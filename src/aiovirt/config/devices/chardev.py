"""Character devices: serial and parallel ports, consoles, channels."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import Self

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._codecs import absolute
from aiovirt.config._laws import Needed, Only
from aiovirt.config._scalars import (
    Number,
    PathText,
    Switch,
    Text,
    file_path,
    number,
    on_off,
    text,
    yes_no,
)
from aiovirt.config._view import View
from aiovirt.config.devices.base import Device
from aiovirt.config.security import DeviceLabel
from aiovirt.errors import XMLError

__all__ = [
    "CHARACTER_TYPES",
    "Channel",
    "ChannelTarget",
    "CharacterDevice",
    "CharacterEnd",
    "CharacterLog",
    "CharacterSource",
    "Console",
    "ConsoleTarget",
    "Parallel",
    "Serial",
    "SerialTarget",
]

CHARACTER_TYPES = (
    "dev",
    "file",
    "pipe",
    "unix",
    "tcp",
    "udp",
    "null",
    "stdio",
    "vc",
    "pty",
    "spicevmc",
    "spiceport",
    "nmdm",
    "qemu-vdagent",
    "dbus",
)
TARGET_TYPES = (
    "xen",
    "serial",
    "uml",
    "virtio",
    "lxc",
    "openvz",
    "sclp",
    "sclplm",
    "isa-serial",
    "usb-serial",
    "pci-serial",
    "spapr-vio-serial",
    "system-serial",
    "sclp-serial",
    "isa-debug",
)
SERIAL_MODELS = (
    "isa-serial",
    "usb-serial",
    "pci-serial",
    "spapr-vty",
    "pl011",
    "16550a",
    "sclpconsole",
    "sclplmconsole",
    "isa-debugcon",
)
GUEST_AGENT_NAME = "org.qemu.guest_agent.0"
_NEED_PATH = frozenset({"dev", "file", "pipe"})


class CharacterSource(View, tag="source"):
    """The host's end.

    Attributes:
        mode: ``bind`` where QEMU listens, ``connect`` where it calls.
        master: One end of a null modem (``nmdm``), whose other end is `slave`.
        copypaste: Whether the guest's and the viewer's clipboards are one (``qemu-vdagent``).
        mouse: Where the pointer is drawn (``qemu-vdagent``).
    """

    mode: Text = text("@mode", known=("bind", "connect"))
    master: Text = text("@master")
    slave: Text = text("@slave")
    path: Text = text("@path")
    host: Text = text("@host")
    service: Text = text("@service")
    channel: Text = text("@channel")
    append: Switch = on_off("@append")
    tls: Switch = yes_no("@tls")
    reconnect_enabled: Switch = yes_no("reconnect/@enabled", required=True)
    reconnect_timeout: Number = number("reconnect/@timeout")
    labels: Many[DeviceLabel] = children("seclabel", DeviceLabel)
    copypaste: Switch = yes_no("clipboard/@copypaste", required=True)
    mouse: Text = text("mouse/@mode", known=("server", "client"), required=True)


class CharacterLog(View, tag="log"):
    """A file that everything the guest writes goes to as well."""

    file: PathText = file_path("@file", required=True)
    append: Switch = on_off("@append")


class CharacterEnd(View):
    """The host's end of a character device.

    Attributes:
        type: What it is.
        sources: Where: in one element, except for ``udp``, which may have two.
        protocol: What goes over ``tcp``: ``raw`` or ``telnet``.
    """

    type: Text = text("@type", known=CHARACTER_TYPES)
    sources: Many[CharacterSource] = children("source", CharacterSource)
    protocol: Text = text("protocol/@type", known=("raw", "telnet", "telnets", "tls"))
    log: One[CharacterLog] = child("log", CharacterLog)

    @property
    def source(self) -> CharacterSource:
        """The host's end; created when it is first written."""
        return CharacterSource._within_(self, ("source",))

    def _rules_(self) -> Iterator[XMLError]:
        """A file, device or pipe needs a path."""
        if self.type in _NEED_PATH and not self.source.path:
            yield CharacterEnd.sources.error(
                self, f"a {self.type} has no path", expected="<source path='…'/>"
            )


class CharacterDevice(CharacterEnd, Device):
    """What serial ports, consoles and channels share; `pty`, `unix`, `file`, … make them."""

    type: Text = text("@type", known=CHARACTER_TYPES, required=True)

    @classmethod
    def pty(cls, path: str | None = None) -> Self:
        """At a pseudo terminal that QEMU opens; its `path` is known once the guest runs."""
        return cls(type="pty", sources=[CharacterSource(path=path)] if path else None)

    @classmethod
    def null(cls) -> Self:
        """What is written is dropped; nothing can be read."""
        return cls(type="null")

    @classmethod
    def unix(cls, path: str | PathLike[str], *, listen: bool = True) -> Self:
        """At a unix socket, which QEMU makes and listens on, or connects to."""
        mode = "bind" if listen else "connect"
        return cls(type="unix", sources=[CharacterSource(mode=mode, path=absolute(path))])

    @classmethod
    def file(cls, path: str | PathLike[str], *, append: bool | None = None) -> Self:
        """What is written goes to a file; nothing can be read."""
        return cls(type="file", sources=[CharacterSource(path=absolute(path), append=append)])

    @classmethod
    def tcp(cls, host: str, port: int, *, listen: bool = True, protocol: str = "raw") -> Self:
        """At a TCP port, which QEMU listens on, or connects to."""
        mode = "bind" if listen else "connect"
        source = CharacterSource(mode=mode, host=host, service=str(port))
        return cls(type="tcp", sources=[source], protocol=protocol)


class SerialTarget(View, tag="target"):
    """The guest's end of a port or console."""

    type: Text = text("@type", known=TARGET_TYPES)
    port: Number = number("@port")
    model: Text = text("model/@name", known=SERIAL_MODELS, required=True)


class Port(CharacterDevice):
    """A port or console.

    Attributes:
        tty: The host's terminal, as older libvirt said it.
    """

    tty: PathText = file_path("@tty")


class Serial(Port, tag="serial"):
    """A serial port."""

    target: One[SerialTarget] = child("target", SerialTarget)


class Parallel(Port, tag="parallel"):
    """A parallel port."""

    target: One[SerialTarget] = child("target", SerialTarget)


class ConsoleTarget(SerialTarget, tag="target"):
    """What kind of console the guest sees.

    Attributes:
        type: ``serial`` (the first one is the first serial port itself), ``virtio``, ….
    """


class Console(Port, tag="console"):
    """A console."""

    target: One[ConsoleTarget] = child("target", ConsoleTarget)


class ChannelTarget(View, tag="target"):
    """The guest's end of a channel: the name of its virtio port."""

    type: Text = text("@type", known=("guestfwd", "virtio", "xen"), required=True)
    name: Text = text("@name")
    state: Text = text("@state", known=("connected", "disconnected"))
    address: Text = text("@address")
    port: Number = number("@port", high=65535)

    _laws_ = (
        Only(("virtio", "xen"), ("name",)),
        Only(("virtio",), ("state",)),
        Only(("guestfwd",), ("address", "port")),
        Needed(("guestfwd",), ("address", "port")),
    )


class Channel(CharacterDevice, tag="channel", lacks=("acpi_index",)):
    """A channel between host and guest that is no console."""

    target: One[ChannelTarget] = child("target", ChannelTarget, required=True)

    @classmethod
    def agent(cls, path: str | PathLike[str] | None = None) -> Self:
        """The channel of the QEMU guest agent; the driver chooses the socket's path."""
        source = CharacterSource(mode="bind", path=absolute(path)) if path else None
        return cls(
            type="unix",
            sources=[source] if source else None,
            target=ChannelTarget(type="virtio", name=GUEST_AGENT_NAME),
        )
