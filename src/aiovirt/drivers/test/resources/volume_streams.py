"""The data of a volume in memory, in and out, a piece at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel

from aiovirt.drivers.test.resources.volumes import MemoryVolume
from aiovirt.errors import CallerError, ResourceUnavailable
from aiovirt.interfaces import VolumeSink, VolumeSource
from aiovirt.model.storage import Hole

__all__ = ["PIECE", "open_sink", "open_source"]

PIECE = 64 * 1024
"""How many zeros are given at once, in bytes, where holes are not wanted."""

_ZEROS = bytes(PIECE)


class _Sink(VolumeSink):
    """Where an upload goes."""

    def __init__(self, volume: MemoryVolume, offset: int, length: int, *, sparse: bool) -> None:
        self._volume = volume
        self._at = offset
        self._end = offset + length if length else None
        self._sparse = sparse

    async def send(self, data: bytes | Hole) -> None:
        """See `VolumeSink.send`."""
        await anyio.lowlevel.checkpoint()
        hole = isinstance(data, Hole)
        count = data.length if isinstance(data, Hole) else len(data)
        if hole and not self._sparse:
            raise CallerError("this upload is not sparse: it takes no holes")
        self._check(count)
        if isinstance(data, Hole):
            self._volume.file.punch(self._at, count)
        else:
            self._volume.file.write(self._at, data)
        self._at += count

    def _check(self, count: int) -> None:
        end = self._at + count
        name = self._volume.name
        if self._end is not None and end > self._end:
            raise ResourceUnavailable(f"more is sent to volume {name!r} than was said")
        if self._volume.config.type == "block" and end > self._volume.file.size:
            raise ResourceUnavailable(f"volume {name!r} is full: it is a device")


class _Source(VolumeSource):
    """Where a download comes from."""

    def __init__(self, volume: MemoryVolume, offset: int, length: int, *, sparse: bool) -> None:
        end = volume.file.size if not length else min(offset + length, volume.file.size)
        segments = volume.file.segments(offset, max(end - offset, 0))
        self._pieces = segments if sparse else _filled(segments)

    async def receive(self) -> bytes | Hole:
        """See `VolumeSource.receive`."""
        await anyio.lowlevel.checkpoint()
        for piece in self._pieces:
            return piece
        raise anyio.EndOfStream


def _filled(segments: Iterator[bytes | Hole]) -> Iterator[bytes | Hole]:
    """The same with zeros for holes."""
    for segment in segments:
        if not isinstance(segment, Hole):
            yield segment
            continue
        for start in range(0, segment.length, PIECE):
            yield _ZEROS[: segment.length - start]


@asynccontextmanager
async def open_sink(
    volume: MemoryVolume, offset: int, length: int, *, sparse: bool, done: Callable[[], None]
) -> AsyncIterator[VolumeSink]:
    """Write into a volume for the length of an ``async with``; `done` is called when it ends."""
    volume.users += 1
    try:
        yield _Sink(volume, offset, length, sparse=sparse)
    finally:
        volume.users -= 1
        done()


@asynccontextmanager
async def open_source(
    volume: MemoryVolume, offset: int, length: int, *, sparse: bool
) -> AsyncIterator[VolumeSource]:
    """Read a volume for the length of an ``async with``.

    Raises:
        CallerError: It ends before the offset.
    """
    if offset > volume.file.size:
        raise CallerError(f"volume {volume.name!r} has {volume.file.size} bytes, not {offset}")
    volume.users += 1
    try:
        yield _Source(volume, offset, length, sparse=sparse)
    finally:
        volume.users -= 1
