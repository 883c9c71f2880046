"""Commands about the screen, the keyboard, and remote displays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from aiovirt.protocols.qmp.commands._base import Command, Empty, Value

__all__ = [
    "AddClient",
    "ExpirePassword",
    "QueryMice",
    "QuerySpice",
    "QueryVnc",
    "Screendump",
    "SendKey",
    "SetPassword",
    "SpiceInfo",
    "VncClient",
    "VncInfo",
]


class Screendump(Command[Empty], frozen=True):
    """Write a picture of the screen to a file, or to ``/dev/fdset/ID``.

    Attributes:
        filename: Where to.
        device: The display device's alias, or None for the first.
        head: Its head; only with `device`.
        format: ``ppm`` or ``png``.
    """

    qmp_name: ClassVar[str] = "screendump"
    filename: str
    device: str | None = None
    head: int | None = None
    format: str | None = None


class SendKey(Command[Empty], frozen=True):
    """Press keys together, and release them.

    Attributes:
        keys: QEMU's key codes by name, such as ``ctrl``, or scan codes by number.
        hold_time: Milliseconds to hold them; QEMU's default is 100.
    """

    qmp_name: ClassVar[str] = "send-key"
    keys: Sequence[str | int]
    hold_time: int | None = None

    def arguments(self) -> dict[str, object]:
        """Return each key as QMP's tagged value."""
        kinds = {str: "qcode", int: "number"}
        tagged: list[object] = [{"type": kinds[type(key)], "data": key} for key in self.keys]
        hold = {} if self.hold_time is None else {"hold-time": self.hold_time}
        return {"keys": tagged, **hold}


class SetPassword(Command[Empty], frozen=True):
    """Set the password of a remote display. The repr does not show it."""

    qmp_name: ClassVar[str] = "set_password"
    protocol: Literal["vnc", "spice"]
    password: str
    connected: Literal["keep", "fail", "disconnect"] | None = None

    def __repr__(self) -> str:
        return f"SetPassword(protocol={self.protocol!r}, password=…)"


class ExpirePassword(Command[Empty], frozen=True):
    """Let the password end: ``now``, ``never``, ``+SECONDS`` or Unix time in seconds."""

    qmp_name: ClassVar[str] = "expire_password"
    protocol: Literal["vnc", "spice"]
    time: str


class AddClient(Command[Empty], frozen=True):
    """Hand a connected socket, which `Getfd` kept, to a display server."""

    qmp_name: ClassVar[str] = "add_client"
    protocol: str
    fdname: str
    skipauth: bool | None = None
    tls: bool | None = None


class VncClient(Value, frozen=True):
    """A viewer of the screen."""

    host: str
    service: str
    family: str
    websocket: bool


class VncInfo(Value, frozen=True):
    """The VNC server: where it listens, and who looks."""

    enabled: bool
    host: str | None = None
    service: str | None = None
    family: str | None = None
    auth: str | None = None
    clients: tuple[VncClient, ...] = ()


class QueryVnc(Command[VncInfo], frozen=True):
    """The VNC server."""

    qmp_name: ClassVar[str] = "query-vnc"
    result: ClassVar[object] = VncInfo


class SpiceInfo(Value, frozen=True):
    """The SPICE server: where it listens, and who is connected."""

    enabled: bool
    migrated: bool
    mouse_mode: str
    host: str | None = None
    port: int | None = None
    tls_port: int | None = None
    auth: str | None = None
    channels: tuple[dict[str, object], ...] = ()


class QuerySpice(Command[SpiceInfo], frozen=True):
    """The SPICE server; QEMU knows the command only when it was built with SPICE."""

    qmp_name: ClassVar[str] = "query-spice"
    result: ClassVar[object] = SpiceInfo


class QueryMice(Command[list[dict[str, object]]], frozen=True):
    """All pointing devices."""

    qmp_name: ClassVar[str] = "query-mice"
    result: ClassVar[object] = list[dict[str, object]]
