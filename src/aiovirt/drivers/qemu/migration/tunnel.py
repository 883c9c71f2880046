"""A guest's data within the daemons' own connection: between a socket of QEMU's and a stream."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import anyio

from aiovirt.errors import ConnectionLost
from aiovirt.host.files import host_error
from aiovirt.interfaces import MigrationTunnel

__all__ = ["IncomingTunnel", "pump", "socket_pair"]

_CHUNK: Final = 256 * 1024 - 64
"""libvirt's streams take 262,120 bytes at once."""


@contextmanager
def socket_pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Our end, which does not block, and QEMU's.

    Raises:
        HostError: No descriptor is left.
    """
    try:
        ours, theirs = socket.socketpair()
    except OSError as error:
        raise host_error(error, "cannot make a socket for a migration") from error
    with ours, theirs:
        ours.settimeout(0)
        yield ours, theirs


async def pump(ours: socket.socket, tunnel: MigrationTunnel) -> None:
    """Send what a source's QEMU writes until it has written all.

    Raises:
        AiovirtError: The destination has given up.
    """
    while True:
        await anyio.wait_readable(ours)
        try:
            data = ours.recv(_CHUNK)
        except BlockingIOError:
            continue
        except OSError as error:
            raise ConnectionLost(f"QEMU closed its end: {error}", maybe_done=False) from error
        if not data:
            await tunnel.send_eof()
            return
        await tunnel.send(data)


class IncomingTunnel(MigrationTunnel):
    """The destination's end: what is sent goes to its QEMU."""

    def __init__(self, ours: socket.socket, cookie: bytes) -> None:
        self._ours = ours
        self._cookie = cookie

    @property
    def cookie(self) -> bytes:
        """See `MigrationTunnel.cookie`."""
        return self._cookie

    async def send(self, item: bytes) -> None:
        """See `MigrationTunnel`."""
        left = memoryview(item)
        while left:
            try:
                left = left[self._ours.send(left) :]
            except BlockingIOError:
                await anyio.wait_writable(self._ours)
            except OSError as error:
                raise ConnectionLost(f"QEMU has given up: {error}", maybe_done=False) from error

    async def send_eof(self) -> None:
        """See `MigrationTunnel.send_eof`; what became of it is told by the last phase."""
        try:
            self._ours.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise ConnectionLost(f"QEMU has given up: {error}", maybe_done=False) from error

    async def aclose(self) -> None:
        """See `MigrationTunnel`."""
        self._ours.close()
