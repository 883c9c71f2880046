"""A line: what a transport gives to the protocol above it."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Protocol

__all__ = ["ByteFilter", "Line"]


class ByteFilter(Protocol):
    """What stands between the protocol's bytes and the socket's: TLS, a SASL security layer."""

    def encode(self, data: bytes) -> bytes:
        """From plain bytes to what goes onto the socket."""
        raise NotImplementedError

    def decode(self, data: bytes) -> bytes:
        """From what the socket gave to plain bytes, perhaps none yet.

        Raises:
            ProtocolError: These are no bytes of this filter.
            ConnectionLost: The peer ended the connection.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Line:
    """A connected socket and what is known of it.

    Attributes:
        sock: Connected, non-blocking; whoever made the line closes it.
        filter: What stands between, or None.
        early: Plain bytes that came while the line was set up.
        passes_descriptors: Whether file descriptors can travel: the daemon's own Unix socket.
        encrypted: Whether nobody on the way can read along.
        local: Whether the peer is on this machine.
        peer: Who is at the other end, for messages.
    """

    sock: socket.socket
    filter: ByteFilter | None = None
    early: bytes = b""
    passes_descriptors: bool = False
    encrypted: bool = False
    local: bool = False
    peer: str = "the peer"
