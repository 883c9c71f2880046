"""What shows the guest to people: displays, video cards."""

from __future__ import annotations

from os import PathLike
from typing import Self

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._codecs import MAX_UINT32, absolute
from aiovirt.config._forms import DATE_TIME, HOST
from aiovirt.config._laws import Apart, Fits, Needed, OneOf, Only
from aiovirt.config._scalars import (
    Number,
    PathText,
    Size,
    Switch,
    Text,
    file_path,
    number,
    size,
    text,
    yes_no,
)
from aiovirt.config._view import View
from aiovirt.config.devices.base import Device, VirtioDriver
from aiovirt.model.units import KiB

__all__ = ["Graphics", "GraphicsListen", "Video", "VideoModel"]

GRAPHICS_TYPES = ("sdl", "vnc", "spice", "rdp", "desktop", "egl-headless", "dbus")
VIDEO_TYPES = (
    "vga",
    "cirrus",
    "vmvga",
    "xen",
    "vbox",
    "virtio",
    "gop",
    "none",
    "bochs",
    "ramfb",
    "qxl",
    "parallels",
)


_MAX_VIDEO = KiB(MAX_UINT32)
_PORT = ("port", "autoport")
_VNC_SERVER = ("websocket", "share_policy", "power_control")
_FIELDS = {
    (*_PORT, "listen", "listens"): ("vnc", "spice", "rdp"),
    (*_VNC_SERVER, "socket"): ("vnc",),
    ("passwd",): ("vnc", "spice", "rdp"),
    ("passwd_valid_to", "connected", "keymap"): ("vnc", "spice"),
    ("tls_port", "default_mode"): ("spice",),
    ("display", "fullscreen"): ("sdl", "desktop"),
    ("xauth",): ("sdl",),
    ("gl",): ("sdl", "spice", "dbus"),
}
"""Which types have what."""


class GraphicsListen(View, tag="listen"):
    """Where the display's server listens."""

    type: Text = text("@type", known=("address", "network", "socket", "none"), required=True)
    address: Text = text("@address", form=HOST)
    network: Text = text("@network")
    socket: PathText = file_path("@socket")

    _laws_ = (
        Only(("address", "network"), ("address",)),
        Only(("network",), ("network",)),
        Needed(("network",), ("network",)),
        Only(("socket",), ("socket",)),
    )


class Graphics(Device, tag="graphics", lacks=("alias", "address")):
    """A display; `vnc` and `spice` make the usual ones.

    Attributes:
        port: The TCP port; -1 where the host shall choose one.
        autoport: Whether the host chooses the port.
        passwd: The password.  It is in no repr, and in XML only where secrets are asked for.
        passwd_valid_to: When the password ends, in UTC, as ``2030-01-31T15:30:00``.
    """

    type: Text = text("@type", known=GRAPHICS_TYPES, required=True)
    port: Number = number("@port", low=-1, high=65535)
    tls_port: Number = number("@tlsPort", low=-1, high=65535)
    autoport: Switch = yes_no("@autoport")
    websocket: Number = number("@websocket", low=-1, high=65535)
    listen: Text = text("@listen", form=HOST)
    socket: PathText = file_path("@socket")
    passwd: Text = text("@passwd", secret=True)
    passwd_valid_to: Text = text("@passwdValidTo", form=DATE_TIME)
    connected: Text = text("@connected", known=("fail", "disconnect", "keep"))
    keymap: Text = text("@keymap")
    share_policy: Text = text("@sharePolicy", known=("allow-exclusive", "force-shared", "ignore"))
    power_control: Switch = yes_no("@powerControl")
    default_mode: Text = text("@defaultMode", known=("any", "secure", "insecure"))
    display: Text = text("@display")
    xauth: Text = text("@xauth")
    fullscreen: Switch = yes_no("@fullscreen")
    listens: Many[GraphicsListen] = children("listen", GraphicsListen)
    gl: Switch = yes_no("gl/@enable")
    rendernode: PathText = file_path("gl/@rendernode")

    _laws_ = (
        *(Only(kinds, fields) for fields, kinds in _FIELDS.items()),
        Apart(("socket",), (*_PORT, *_VNC_SERVER, "listen")),
        Fits(("vnc",), ("connected",), form=OneOf("keep")),
        Only(("spice", "dbus", "egl-headless"), ("rendernode",)),
        Needed(("spice", "dbus"), ("gl",), beside="rendernode"),
    )

    @classmethod
    def vnc(
        cls,
        port: int | None = None,
        *,
        listen: str | None = None,
        socket: str | PathLike[str] | None = None,
        password: str | None = None,
    ) -> Self:
        """A VNC server.

        Args:
            port: The TCP port, or None for one that the host chooses.
            listen: The address it listens on, or None for the driver's default.
            socket: The path of a unix socket to listen on instead.
            password: The password people need, at most 8 characters count.
        """
        if socket is not None:
            place = GraphicsListen(type="socket", socket=absolute(socket))
            return cls(type="vnc", passwd=password, listens=[place])
        return cls._served("vnc", port, listen, password)

    @classmethod
    def spice(
        cls, port: int | None = None, *, listen: str | None = None, password: str | None = None
    ) -> Self:
        """A SPICE server; arguments as for `vnc`."""
        return cls._served("spice", port, listen, password)

    @classmethod
    def _served(cls, kind: str, port: int | None, listen: str | None, password: str | None) -> Self:
        return cls(
            type=kind,
            port=port,
            autoport=port is None,
            passwd=password,
            listens=[GraphicsListen(type="address", address=listen)] if listen else None,
        )

    @property
    def listen_address(self) -> str | None:
        """The address it listens on, wherever that is written, or None."""
        found = (each.address for each in self.listens if each.address)
        return next(found, self.listen)

    @property
    def listen_socket(self) -> str | None:
        """The unix socket it listens on, wherever that is written, or None."""
        found = (each.socket for each in self.listens if each.socket)
        return next(found, self.socket)


class VideoModel(View, tag="model"):
    """The video card itself; sizes are written in KiB."""

    type: Text = text("@type", known=VIDEO_TYPES, required=True)
    ram: Size = size("@ram", unit_attribute=None, most=_MAX_VIDEO)
    vram: Size = size("@vram", unit_attribute=None, most=_MAX_VIDEO)
    vram64: Size = size("@vram64", unit_attribute=None, most=_MAX_VIDEO)
    vgamem: Size = size("@vgamem", unit_attribute=None, most=_MAX_VIDEO)
    heads: Number = number("@heads", low=1)
    primary: Switch = yes_no("@primary")
    blob: Text = text("@blob", known=("on", "off"))
    accel3d: Switch = yes_no("acceleration/@accel3d")
    accel2d: Switch = yes_no("acceleration/@accel2d")
    rendernode: PathText = file_path("acceleration/@rendernode")
    width: Number = number("resolution/@x", required=True)
    height: Number = number("resolution/@y", required=True)

    _laws_ = (Only(("qxl",), ("ram", "vram64", "vgamem")),)


class Video(Device, tag="video"):
    """A video card: ``Video("virtio")``."""

    driver: One[VirtioDriver] = child("driver", VirtioDriver)
    model: One[VideoModel] = child("model", VideoModel)

    def __init__(
        self,
        kind: str | None = None,
        *,
        model: VideoModel | None = None,
        driver: VirtioDriver | None = None,
    ) -> None:
        super().__init__()
        self.driver, self.model = driver, model or VideoModel(type=kind)
