"""The data of a volume, in and out, a piece at a time in worker threads."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio import to_thread

from aiovirt.errors import CallerError, ResourceUnavailable
from aiovirt.host.files import host_error
from aiovirt.host.sparse import SparseReader, open_reader
from aiovirt.interfaces import VolumeSink, VolumeSource
from aiovirt.model.storage import Hole

__all__ = ["open_sink", "open_source"]

_PUNCH = bytes(1 << 16)


class _Sink(VolumeSink):
    """Where an upload goes."""

    def __init__(self, handle: int, path: Path, offset: int, end: int | None) -> None:
        self._handle = handle
        self._path = path
        self._at = offset
        self._end = end

    async def send(self, data: bytes | Hole) -> None:
        """See `VolumeSink.send`."""
        count = data.length if isinstance(data, Hole) else len(data)
        if self._end is not None and self._at + count > self._end:
            raise ResourceUnavailable(f"more is sent to {self._path} than was said")
        await to_thread.run_sync(self._write, data)
        self._at += count

    def _write(self, data: bytes | Hole) -> None:
        try:
            if isinstance(data, Hole):
                self._zero(data.length)
                return
            view, place = memoryview(data), self._at
            while view:
                done = os.pwrite(self._handle, view, place)
                view, place = view[done:], place + done
        except OSError as error:
            raise host_error(error, f"cannot write {self._path}") from error

    def _zero(self, length: int) -> None:
        """Make zeros: beyond the end of a file by making it longer, else by writing them."""
        size = os.fstat(self._handle).st_size
        place, end = self._at, self._at + length
        inside = min(end, size)
        while place < inside:
            place += os.pwrite(self._handle, _PUNCH[: inside - place], place)
        if end > size:
            os.ftruncate(self._handle, end)


@asynccontextmanager
async def open_sink(path: Path, offset: int, length: int) -> AsyncIterator[VolumeSink]:
    """Write into a file for the length of an ``async with``; it is on its disk at the end.

    Raises:
        HostError: It cannot be written.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise host_error(error, f"cannot write {path}") from error
    try:
        yield _Sink(handle, path, offset, offset + length if length else None)
        await to_thread.run_sync(os.fsync, handle)
    finally:
        os.close(handle)


class _Source(VolumeSource):
    """Where a download comes from."""

    def __init__(self, reader: SparseReader) -> None:
        self._reader = reader

    async def receive(self) -> bytes | Hole:
        """See `VolumeSource.receive`."""
        piece = await self._reader.read()
        if not isinstance(piece, Hole) and not piece:
            raise anyio.EndOfStream
        return piece


@asynccontextmanager
async def open_source(
    path: Path, offset: int, length: int, *, sparse: bool
) -> AsyncIterator[VolumeSource]:
    """Read a file for the length of an ``async with``.

    Raises:
        CallerError: It ends before the offset.
        HostError: It cannot be read.
    """
    _check(path, offset)
    async with open_reader(path, offset=offset, length=length, holes=sparse) as reader:
        yield _Source(reader)


def _check(path: Path, offset: int) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise host_error(error, f"cannot read {path}") from error
    if path.is_file() and offset > size:
        raise CallerError(f"{path} has {size} bytes, not {offset}")
