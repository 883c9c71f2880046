"""The data of volumes, in and out, by the host's ``dd`` over a socket; checked at the end.

There is no SFTP on a host.  What was written is read again by the host, which tells its length and
checksum; what is read is summed up on both sides.
"""

from __future__ import annotations

import hashlib
import shlex
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio

from aiovirt.drivers.esxssh.host import EsxHost
from aiovirt.drivers.esxssh.link import LONG_S
from aiovirt.errors import (
    CallerError,
    ConnectionLost,
    RemoteError,
    ResourceUnavailable,
)
from aiovirt.interfaces import VolumeSink, VolumeSource
from aiovirt.model.storage import Hole

__all__ = ["BLOCK", "Spot", "open_sink", "open_source"]

BLOCK = 64 * 1024
"""Bytes that ``dd`` moves at once, and that are read from the socket at once."""

MARKER = b"aiovirt: data\n"

_MARK = "echo 'aiovirt: data'; "

# Bytes before the first whole block go one by one: seeking counts blocks.
_WRITE = """\
file={file}; {mark}\
{{ dd of="$file" bs=1 seek={offset} count={head} conv=notrunc && \
dd of="$file" bs={block} seek={blocks} conv=notrunc; }} 2>/dev/null; echo "status $?"
"""
_WRITE_WHOLE = """\
file={file}; {mark}dd of="$file" bs={block} seek={blocks} conv=notrunc 2>/dev/null; echo "status $?"
"""
_READ = "{mark}dd if={file} bs={block} skip={blocks} 2>/dev/null"
_SUM = "tail -c +{first} {file} | head -c {length} | sha256sum"


class _Sink(VolumeSink):
    """Where an upload goes."""

    def __init__(self, sock: socket.socket, name: str, room: int | None, *, sparse: bool) -> None:
        self._sock = sock
        self._name = name
        self._room = room
        self._sparse = sparse
        self.sum = hashlib.sha256()
        self.sent = 0

    async def send(self, data: bytes | Hole) -> None:
        """See `VolumeSink.send`; a hole is sent as zeros, for the host writes what it reads."""
        if isinstance(data, bytes):
            await self._send(data)
            return
        if not self._sparse:
            raise CallerError("this upload is not sparse: it takes no holes")
        for start in range(0, data.length, BLOCK):
            await self._send(bytes(min(BLOCK, data.length - start)))

    async def _send(self, data: bytes) -> None:
        if self._room is not None and self.sent + len(data) > self._room:
            raise ResourceUnavailable(f"more is sent to volume {self._name!r} than it can take")
        left = memoryview(data)
        while left:
            try:
                await anyio.wait_writable(self._sock)
                count = self._sock.send(left)
            except BlockingIOError:
                continue
            except (OSError, anyio.ClosedResourceError) as error:
                raise _cut_off(self._name) from error
            self.sum.update(left[:count])
            self.sent += count
            left = left[count:]


class _Source(VolumeSource):
    """Where a download comes from."""

    def __init__(self, sock: socket.socket, name: str, skip: int, length: int) -> None:
        self._sock = sock
        self._name = name
        self._skip = skip
        self._left = length
        self.sum = hashlib.sha256()
        self.taken = 0

    async def receive(self) -> bytes | Hole:
        """See `VolumeSource.receive`; holes come as zeros, as the host reads them."""
        while self._left:
            data = await _receive(self._sock, self._name)
            if not data:
                raise _cut_off(self._name)
            piece = data[self._skip :][: self._left]
            self._skip = max(self._skip - len(data), 0)
            if piece:
                self._left -= len(piece)
                self.taken += len(piece)
                self.sum.update(piece)
                return piece
        raise anyio.EndOfStream

    @property
    def whole(self) -> bool:
        """Whether all was read."""
        return not self._left


async def _receive(sock: socket.socket, name: str) -> bytes:
    while True:
        try:
            await anyio.wait_readable(sock)
            return sock.recv(BLOCK)
        except BlockingIOError:
            continue
        except (OSError, anyio.ClosedResourceError) as error:
            raise _cut_off(name) from error


def _cut_off(name: str) -> ConnectionLost:
    return ConnectionLost(
        f"the transfer of volume {name!r} ended before its end",
        maybe_done=True,
        hint="the connection was lost, or the host's dd ended; move it again",
    )


def _end_of_input(sock: socket.socket, name: str) -> None:
    """Say that nothing more will be sent."""
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError as error:
        raise _cut_off(name) from error


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a volume.

    Attributes:
        file: The file with the volume's data, on the host.
        name: The volume's name, for messages.
        offset: The place, in bytes.
    """

    file: str
    name: str
    offset: int


@asynccontextmanager
async def open_sink(
    host: EsxHost, spot: Spot, room: int | None, *, sparse: bool
) -> AsyncIterator[VolumeSink]:
    """Write into a file of the host for the length of an ``async with``; what is behind stays.

    Args:
        host: The host.
        spot: Where the first byte goes.
        room: How many bytes there may be, or None.
        sparse: Whether there may be holes.

    Raises:
        RemoteError: The host did not write it, or has something else than was sent.
    """
    async with host.link.open_command(_write_command(spot), MARKER) as sock:
        sink = _Sink(sock, spot.name, room, sparse=sparse)
        yield sink
        _end_of_input(sock, spot.name)
        said = b""
        while more := await _receive(sock, spot.name):
            said = (said + more)[-BLOCK:]
    if not said.startswith(b"status "):
        raise _cut_off(spot.name)
    if said.strip() != b"status 0":
        raise RemoteError(
            f"{host.where} did not write volume {spot.name!r} whole",
            hint="its datastore may be full: aiovirt pool-info tells",
        )
    await _compare(host, spot, sink.sent, sink.sum.hexdigest())


def _write_command(spot: Spot) -> str:
    blocks, over = divmod(spot.offset, BLOCK)
    values = {"file": shlex.quote(spot.file), "mark": _MARK, "block": BLOCK}
    if not over:
        return _WRITE_WHOLE.format(blocks=blocks, **values)
    head = BLOCK - over
    return _WRITE.format(offset=spot.offset, head=head, blocks=blocks + 1, **values)


@asynccontextmanager
async def open_source(host: EsxHost, spot: Spot, length: int) -> AsyncIterator[VolumeSource]:
    """Read a file of the host for the length of an ``async with``.

    Args:
        host: The host.
        spot: Where the first byte is.
        length: How many bytes are read.

    Raises:
        RemoteError: What came is not what the host has.
    """
    blocks, skip = divmod(spot.offset, BLOCK)
    file = shlex.quote(spot.file)
    command = _READ.format(mark=_MARK, file=file, block=BLOCK, blocks=blocks)
    async with host.link.open_command(command, MARKER) as sock:
        source = _Source(sock, spot.name, skip, length)
        yield source
    if source.whole:
        await _compare(host, spot, source.taken, source.sum.hexdigest())


async def _compare(host: EsxHost, spot: Spot, length: int, checksum: str) -> None:
    """See that the host has the data that we have.

    Raises:
        RemoteError: It has other data.
    """
    file = shlex.quote(spot.file)
    command = _SUM.format(first=spot.offset + 1, length=length, file=file)
    said = await host.script(command, f"check volume {spot.name!r}", bound_s=LONG_S)
    if said.split()[:1] != [checksum]:
        raise RemoteError(
            f"{host.where} has other data in volume {spot.name!r} than was moved",
            hint="somebody may have written to it meanwhile; move it again",
        )
