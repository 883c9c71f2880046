"""A destination's stream for a domain's data, when it comes along the daemon's connection."""

from __future__ import annotations

from aiovirt.clients.libvirt import ClientStream
from aiovirt.interfaces import MigrationTunnel

__all__ = ["Tunnel"]


class Tunnel(MigrationTunnel):
    """See `MigrationTunnel`."""

    def __init__(self, stream: ClientStream, cookie: bytes = b"") -> None:
        self._stream = stream
        self._cookie = cookie

    @property
    def cookie(self) -> bytes:
        """See `MigrationTunnel.cookie`."""
        return self._cookie

    async def send(self, item: bytes) -> None:
        """See `MigrationTunnel`."""
        await self._stream.send(item)

    async def send_eof(self) -> None:
        """See `MigrationTunnel.send_eof`."""
        await self._stream.finish()

    async def aclose(self) -> None:
        """See `MigrationTunnel`."""
        await self._stream.aclose()
