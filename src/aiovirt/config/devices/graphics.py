"""What shows the guest to people: displays, video cards."""

from __future__ import annotations

from os import PathLike
from typing import Self

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._scalars import (
    Number,
    Size,
    Switch,
    Text,
    number,
    size,
    text,
    yes_no,
)
from aiovirt.config._view import View
from aiovirt.config.devices.base import Device, VirtioDriver, absolute

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


class GraphicsListen(View, tag="listen"):
    """Where the display's server listens."""

    type: Text = text("@type", known=("address", "network", "socket", "none"), required=True)
    address: Text = text("@address")
    network: Text = text("@network")
    socket: Text = text("@socket")


class Graphics(Device, tag="graphics"):
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
    listen: Text = text("@listen")
    socket: Text = text("@socket")
    passwd: Text = text("@passwd", secret=True)
    passwd_valid_to: Text = text("@passwdValidTo")
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
    rendernode: Text = text("gl/@rendernode")

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

    type: Text = text("@type", known=VIDEO_TYPES)
    ram: Size = size("@ram", unit_attribute=None)
    vram: Size = size("@vram", unit_attribute=None)
    vram64: Size = size("@vram64", unit_attribute=None)
    vgamem: Size = size("@vgamem", unit_attribute=None)
    heads: Number = number("@heads", low=1)
    primary: Switch = yes_no("@primary")
    blob: Text = text("@blob")
    accel3d: Switch = yes_no("acceleration/@accel3d")
    accel2d: Switch = yes_no("acceleration/@accel2d")
    rendernode: Text = text("acceleration/@rendernode")
    width: Number = number("resolution/@x")
    height: Number = number("resolution/@y")


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
