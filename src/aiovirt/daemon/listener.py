"""What a server takes its clients from: sockets that listen, and what is known of who connects."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from aiovirt.daemon.access.identity import Identity
from aiovirt.streams.accepting import Accept, accepting
from aiovirt.streams.line import Line

__all__ = ["Accepted", "Greet", "GreetAtOnce", "Listener", "Role", "SocketListener"]

Role: TypeAlias = Literal["main", "readonly", "admin", "tcp", "tls"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A connection that can be served.

    Attributes:
        line: The socket, and what stands between it and the protocol.
        identity: Who it is, as far as the transport tells.
    """

    line: Line
    identity: Identity


Greet: TypeAlias = Callable[[socket.socket], Awaitable[Accepted]]
"""Finds out who has connected; it may wait for them, as a TLS handshake does."""

GreetAtOnce: TypeAlias = Callable[[socket.socket], Accepted | None]
"""Finds that out where nobody need be waited for; else it gives None."""


class Listener(Protocol):
    """Where clients connect."""

    @property
    def role(self) -> Role:
        """For whom it is."""
        ...

    def accepting(self) -> AbstractAsyncContextManager[Accept]:
        """A block in which connections are taken, one after the other."""
        ...

    def greet_at_once(self, sock: socket.socket) -> Accepted | None:
        """Find out who has connected, or give None when that needs a wait. Raises as `greet`."""
        ...

    async def greet(self, sock: socket.socket) -> Accepted:
        """Find out who has connected; in the client's own task, within a bound of its own.

        Raises:
            AiovirtError: They are not let in.
        """
        ...


class SocketListener:
    """A listener on a socket that listens; the caller closes that.

    Args:
        sock: Bound and listening.
        role: For whom it is.
        greet: Finds out who has connected.
        at_once: Finds it out where that needs no wait.
    """

    def __init__(
        self,
        sock: socket.socket,
        role: Role,
        greet: Greet,
        at_once: GreetAtOnce | None = None,
    ) -> None:
        self.sock = sock
        self._role: Role = role
        self._greet = greet
        self._at_once = at_once

    @property
    def role(self) -> Role:
        """See `Listener`."""
        return self._role

    def accepting(self) -> AbstractAsyncContextManager[Accept]:
        """See `Listener`."""
        return accepting(self.sock)

    def greet_at_once(self, sock: socket.socket) -> Accepted | None:
        """See `Listener`."""
        return None if self._at_once is None else self._at_once(sock)

    async def greet(self, sock: socket.socket) -> Accepted:
        """See `Listener`."""
        return await self._greet(sock)
