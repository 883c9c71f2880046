"""What the two ends of a QMP connection say to each other, as values.

Source: QEMU's docs/interop/qmp-spec.  The values know nothing of bytes in flight; `connection`
turns them into bytes and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

__all__ = [
    "UNREADABLE",
    "Disconnected",
    "Event",
    "Failure",
    "Greeting",
    "MessageId",
    "Request",
    "Success",
    "Version",
]

MessageId = int | str | None
"""What ties a reply to its request.  QMP allows any JSON value; aiovirt uses these."""

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What a peer's bytes that are not the JSON they should be make the decoder raise."""

T = TypeVar("T")

_decoder = msgspec.json.Decoder()


class Version(msgspec.Struct, frozen=True, order=True):
    """QEMU's version; compares as numbers do."""

    major: int
    minor: int
    micro: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.micro}"


class Greeting(msgspec.Struct, frozen=True):
    """The server's first words.

    Attributes:
        version: QEMU's version.
        package: What the packager says of it, such as ``Debian 1:7.2+dfsg-7``; often empty.
        capabilities: What the server can do beyond the basics, such as ``oob``.
    """

    version: Version
    package: str = ""
    capabilities: tuple[str, ...] = ()


class Request(msgspec.Struct, frozen=True):
    """A command as it is sent.

    Attributes:
        name: The command.
        arguments: Its arguments: a mapping with QMP's own names, or a typed command.
        id: Ties the reply to it.
        oob: Whether it is sent as ``exec-oob`` and overtakes others.
        descriptors: How many file descriptors go with it; the core never sees them.  No byte may
            follow it before its reply: QEMU's thread that reads looks at the descriptors again with
            each byte, while its main thread takes them away (tcp_chr_recv and tcp_get_msgfds in
            chardev/char-socket.c, of 7.2: it ends by SIGSEGV).
    """

    name: str
    arguments: Mapping[str, object] | msgspec.Struct | None = None
    id: MessageId = None
    oob: bool = False
    descriptors: int = 0


class Success(msgspec.Struct, frozen=True):
    """A command's result, not yet decoded.

    Attributes:
        id: The request's.
        raw: The result's JSON text.
    """

    id: MessageId
    raw: bytes

    @property
    def value(self) -> object:
        """The result as plain JSON values.

        Raises:
            UNREADABLE: It is none, such as ``1e999`` or a string that is no UTF-8.
        """
        return _decoder.decode(self.raw)

    def decode(self, kind: type[T]) -> T:
        """Return the result as a value of `kind`.

        Raises:
            UNREADABLE: It is not of that kind.
        """
        return msgspec.json.decode(self.raw, type=kind)


class Failure(msgspec.Struct, frozen=True):
    """A command's refusal.

    Attributes:
        id: The request's; None when the server could not even read the request.
        error_class: QEMU's class, such as ``GenericError``.
        description: QEMU's text.
    """

    id: MessageId
    error_class: str
    description: str


class Event(msgspec.Struct, frozen=True):
    """Something happened, unasked.

    Attributes:
        name: QEMU's name of it, such as ``SHUTDOWN``.
        data: What else is known, with QMP's own names.
        timestamp: Unix time in seconds by the server's clock, or None when it had none.
    """

    name: str
    data: Mapping[str, object] = {}
    timestamp: float | None = None


class Disconnected(msgspec.Struct, frozen=True):
    """The peer ended the connection between two messages."""
