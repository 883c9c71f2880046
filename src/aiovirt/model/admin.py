"""What a libvirt daemon tells of itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = ["AdminClientKey", "ClientTransport"]


class ClientTransport(IntEnum):
    """How a client is connected; libvirt's `virClientTransport`, with its numbers."""

    UNIX = 0
    TCP = 1
    TLS = 2


@dataclass(frozen=True, slots=True)
class AdminClientKey:
    """A client of one of a daemon's servers.

    Attributes:
        server: The server's name, such as ``libvirtd`` or ``admin``.
        id: The client's number there.
        since: Unix time in seconds when it connected.
        transport: How.
    """

    server: str
    id: int
    since: int = 0
    transport: ClientTransport = ClientTransport.UNIX
