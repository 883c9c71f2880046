"""Displays: what shows the guest to people."""

from __future__ import annotations

from os import PathLike
from typing import Self

from aiovirt.config._children import Many, children
from aiovirt.config._codecs import absolute
from aiovirt.config._forms import DATE_TIME, HOST, ONE_LINE, UINT8
from aiovirt.config._laws import Apart, Fits, Needed, OneOf, Only
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
from aiovirt.config._values import any_number
from aiovirt.config._view import View
from aiovirt.config.devices.base import Device

__all__ = ["LISTENING", "Graphics", "GraphicsListen", "SpiceChannel", "fill_listening"]

GRAPHICS_TYPES = ("sdl", "vnc", "spice", "rdp", "desktop", "egl-headless", "dbus")
SPICE_CHANNELS = (
    "main",
    "display",
    "inputs",
    "cursor",
    "playback",
    "record",
    "smartcard",
    "usbredir",
)
_COMPRESSIONS = ("auto", "never", "always")
_IMAGES = ("auto_glz", "auto_lz", "quic", "glz", "lz", "off")
_PORT = ("port", "autoport")
_VNC_SERVER = ("websocket", "share_policy", "power_control")
_SPICE_ONLY = (
    "channels",
    "image",
    "jpeg",
    "zlib",
    "playback",
    "streaming",
    "copypaste",
    "mouse",
    "filetransfer",
)
_FIELDS = {
    (*_PORT, "listen", "listens"): ("vnc", "spice", "rdp"),
    (*_VNC_SERVER, "socket"): ("vnc",),
    ("passwd",): ("vnc", "spice", "rdp"),
    ("passwd_valid_to", "connected", "keymap"): ("vnc", "spice"),
    ("tls_port", "default_mode"): ("spice",),
    ("display", "fullscreen"): ("sdl", "desktop"),
    ("xauth",): ("sdl",),
    _SPICE_ONLY: ("spice",),
    ("dbus_address", "p2p"): ("dbus",),
    ("replace_user", "multi_user"): ("rdp",),
    ("audio",): ("vnc", "dbus"),
    ("gl",): ("sdl", "spice", "dbus"),
}
"""Which types have what."""


LISTENING = ("vnc", "spice")


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


class SpiceChannel(View, tag="channel"):
    """Whether one of SPICE's channels is encrypted."""

    name: Text = text("@name", known=SPICE_CHANNELS, required=True)
    mode: Text = text("@mode", known=("any", "secure", "insecure"), required=True)


class Graphics(Device, tag="graphics", lacks=tuple(Device._fields_)):
    """A display; `vnc` and `spice` make the usual ones.

    Attributes:
        port: The TCP port; -1 where the host shall choose one.
        autoport: Whether the host chooses the port.
        passwd: The password.  It is in no repr, and in XML only where secrets are asked for.
        dbus_address: The bus that the display is on; with `p2p` it is on none.
        replace_user: Whether who comes takes the place of who is there (RDP).
        multi_user: Whether several may look (RDP).
        channels: How SPICE's channels are encrypted.
        image: How SPICE compresses images, as `jpeg`, `zlib` and `playback` say of others.
        streaming: What SPICE takes for films.
        copypaste: Whether the guest's and the viewer's clipboards are one.
        mouse: Where the pointer is drawn.
        audio: The number of the `Audio` that is played with it.
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
    dbus_address: Text = text("@address", form=ONE_LINE)
    p2p: Switch = yes_no("@p2p")
    replace_user: Switch = yes_no("@replaceUser")
    multi_user: Switch = yes_no("@multiUser")
    channels: Many[SpiceChannel] = children("channel", SpiceChannel)
    image: Text = text("image/@compression", known=_IMAGES, required=True)
    jpeg: Text = text("jpeg/@compression", known=_COMPRESSIONS, required=True)
    zlib: Text = text("zlib/@compression", known=_COMPRESSIONS, required=True)
    playback: Switch = on_off("playback/@compression", required=True)
    streaming: Text = text("streaming/@mode", known=("filter", "all", "off"), required=True)
    copypaste: Switch = yes_no("clipboard/@copypaste", required=True)
    mouse: Text = text("mouse/@mode", known=("server", "client"), required=True)
    filetransfer: Switch = yes_no("filetransfer/@enable", required=True)
    audio: Number = any_number("audio/@id", high=0xFF, form=UINT8, required=True)
    gl: Switch = yes_no("gl/@enable")
    rendernode: PathText = file_path("gl/@rendernode")

    _laws_ = (
        *(Only(kinds, fields) for fields, kinds in _FIELDS.items()),
        Apart(("dbus_address",), ("p2p",)),
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

    def listens_at(self, address: str) -> None:
        """Write down an address that it listens on, if it does and leaves open where."""
        if self.type not in LISTENING or self.listen_address or self.listen_socket:
            return
        kinds = [each.type for each in self.listens]
        if kinds and kinds[0] != "address":
            return
        self.listen = address
        for each in self.listens[:1]:
            each.address = address

    def listens_as_usual(self, address: str) -> None:
        """Leave open where it listens, if that is the usual address."""
        if self.listen_address != address:
            return
        self.listen = None
        for each in self.listens:
            each.address = None

    @property
    def listen_socket(self) -> str | None:
        """The unix socket it listens on, wherever that is written, or None."""
        found = (each.socket for each in self.listens if each.socket)
        return next(found, self.socket)


def fill_listening(graphics: Graphics) -> None:
    """Say, in place, what a display that clients connect to leaves open, as libvirt does."""
    if graphics.type not in LISTENING:
        return
    if graphics.listen_socket is None:
        unsaid = graphics.port is None and graphics.autoport is None
        if unsaid or graphics.port == -1:  # -1 means this in libvirt, whatever autoport says
            graphics.autoport = True
        if graphics.autoport and graphics.port is None:
            graphics.port = -1
    if not graphics.listens:
        kind = "socket" if graphics.socket else "address"
        listen = GraphicsListen(type=kind, address=graphics.listen, socket=graphics.socket)
        graphics.listens = [listen]
