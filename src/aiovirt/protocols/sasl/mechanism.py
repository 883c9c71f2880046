"""What every mechanism offers, and the layer that some put between the bytes and the line.

A mechanism knows neither the protocol that carries its messages nor which others there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from aiovirt.errors import LimitExceeded, ProtocolError
from aiovirt.model.credentials import Secret

__all__ = [
    "MAX_MESSAGE",
    "ClientMechanism",
    "Identity",
    "Layer",
    "ServerMechanism",
    "WrappedLayer",
    "text",
]

MAX_MESSAGE = 65536
"""Bytes of one message of a mechanism (REMOTE_AUTH_SASL_DATA_MAX of libvirt's protocol)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who connects to what: what a client's mechanism may need.

    Attributes:
        service: The service's name, such as ``libvirt`` (the first part of a Kerberos principal).
        host: The host's name, as the caller knows it.
        name: The name to authenticate as.
        password: The password.
        protect: Whether the line must be encrypted by the mechanism: nothing else does.
    """

    service: str
    host: str
    name: str = ""
    password: Secret = field(default=Secret(""))
    protect: bool = False


class Layer(Protocol):
    """What both ends put between their bytes and the line once the exchange is over."""

    @property
    def ssf(self) -> int:
        """The strength: bits of the key, 1 for integrity alone (cyrus-sasl's notion)."""
        ...

    def encode(self, data: bytes) -> bytes:
        """The bytes for the line."""
        ...

    def decode(self, data: bytes) -> bytes:
        """Take bytes off the line and give what they are; nothing while more is needed.

        Raises:
            ProtocolError: They are not what the other end may have sent.
        """
        ...


class ClientMechanism(Protocol):
    """The client's end of one exchange.

    None is an absent message, ``b""`` an empty one: some protocols, libvirt's for one, tell them
    apart.
    """

    @property
    def name(self) -> str:
        """The registered name."""
        ...

    @property
    def complete(self) -> bool:
        """Whether this end is content: where the server proves itself, not before it has."""
        ...

    @property
    def layer(self) -> Layer | None:
        """What goes onto the line after the exchange, or None."""
        ...

    def start(self) -> bytes | None:
        """The initial response.

        Raises:
            AuthenticationFailed: The credentials cannot be used.
        """
        ...

    def step(self, challenge: bytes | None) -> bytes | None:
        """The response to a challenge.

        Raises:
            AuthenticationFailed: The server refuses, or does not prove itself.
            ProtocolError: The challenge is none of this mechanism.
        """
        ...


class ServerMechanism(Protocol):
    """The server's end of one exchange."""

    @property
    def name(self) -> str:
        """The registered name."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the client has proved who it is."""
        ...

    @property
    def user(self) -> str:
        """Who it is; empty before the end, and for who stays anonymous."""
        ...

    def step(self, response: bytes | None) -> bytes | None:
        """The challenge after a response, the first of which may be absent.

        Raises:
            AuthenticationFailed: The client is not who it says; say no more than that.
            ProtocolError: The response is none of this mechanism.
        """
        ...


def text(name: str, message: bytes | None) -> str:
    """A message of a mechanism that speaks UTF-8.

    Raises:
        ProtocolError: There is none, it is too long, or it is no UTF-8.
    """
    if not message:
        raise ProtocolError(f"{name}: the message is missing")
    if len(message) > MAX_MESSAGE:
        raise LimitExceeded(f"{name}: a message is too long", limit=MAX_MESSAGE)
    try:
        return message.decode()
    except UnicodeDecodeError:
        pass  # its cause would hold the message, and that a password perhaps
    raise ProtocolError(f"{name}: the message is no UTF-8")


_LENGTH = 4


class WrappedLayer:
    """A layer of pieces, each behind its length in four bytes, big-endian (RFC 4422, 3.7).

    Args:
        wrap: Makes a piece for the line.
        unwrap: Takes a piece from the line; raises `ProtocolError` for a false one.
        ssf: The strength.
        piece: The most bytes that `wrap` is given at once.
        limit: The longest wrapped piece that is taken from the line, in bytes.
    """

    def __init__(
        self,
        wrap: Callable[[bytes], bytes],
        unwrap: Callable[[bytes], bytes],
        *,
        ssf: int,
        piece: int,
        limit: int = MAX_MESSAGE,
    ) -> None:
        self._wrap = wrap
        self._unwrap = unwrap
        self._ssf = ssf
        self._piece = piece
        self._limit = limit
        self._buffer = bytearray()

    @property
    def ssf(self) -> int:
        """The strength: bits of the key."""
        return self._ssf

    def encode(self, data: bytes) -> bytes:
        """The bytes for the line."""
        starts = range(0, len(data), self._piece)
        pieces = (self._wrap(data[start : start + self._piece]) for start in starts)
        return b"".join(len(piece).to_bytes(_LENGTH, "big") + piece for piece in pieces)

    def decode(self, data: bytes) -> bytes:
        """Take bytes off the line and give what they are; nothing while more is needed.

        Raises:
            LimitExceeded: A piece says that it is longer than allowed.
            ProtocolError: A piece is false.
        """
        self._buffer += data
        found = bytearray()
        start = 0
        while len(self._buffer) - start >= _LENGTH:
            length = int.from_bytes(self._buffer[start : start + _LENGTH], "big")
            if length > self._limit:
                raise LimitExceeded("a piece of the SASL layer is too long", limit=self._limit)
            end = start + _LENGTH + length
            if end > len(self._buffer):
                break
            found += self._unwrap(bytes(self._buffer[start + _LENGTH : end]))
            start = end
        del self._buffer[:start]
        return bytes(found)
