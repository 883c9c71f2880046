"""Big files with holes, read and written piece by piece in worker threads.

A file that is written is there whole or not at all; a device or a pipe is written as it comes.
Nothing here knows what the files are for.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from anyio import CancelScope, to_thread

from aiovirt.errors import HostError
from aiovirt.host.files import host_error
from aiovirt.model.storage import Hole

__all__ = ["PIECE_BYTES", "SparseReader", "SparseWriter", "open_reader", "open_writer"]

PIECE_BYTES = 1024 * 1024
"""Bytes that are read at once at most."""

_ZEROS = bytes(64 * 1024)


class SparseReader:
    """A part of a file; `open_reader` makes it.

    Attributes:
        size: Its length in bytes, holes included.
    """

    def __init__(self, path: Path, handle: int, start: int, end: int, *, holes: bool) -> None:
        self.size = end - start
        self._path = path
        self._handle = handle
        self._place = start
        self._end = end
        self._holes = holes

    async def read(self) -> bytes | Hole:
        """The next piece or hole; no bytes at the end.

        Raises:
            HostError: It cannot be read, or became shorter meanwhile.

        Cancellation: waits for the piece, which is lost.
        """
        return await to_thread.run_sync(self._read)

    def _read(self) -> bytes | Hole:
        if self._place >= self._end:
            return b""
        try:
            piece = self._next()
        except OSError as error:
            raise host_error(error, f"cannot read {self._path}") from error
        if not piece:
            raise HostError(f"{self._path} became shorter while it was read")
        self._place += piece.length if isinstance(piece, Hole) else len(piece)
        return piece

    def _next(self) -> bytes | Hole:
        data_ends = self._end
        if self._holes:
            data = _seek(self._handle, self._place, os.SEEK_DATA, self._end)
            if data > self._place:
                return Hole(data - self._place)
            data_ends = _seek(self._handle, self._place, os.SEEK_HOLE, self._end)
        return os.pread(self._handle, min(PIECE_BYTES, data_ends - self._place), self._place)


def _seek(handle: int, place: int, what: int, end: int) -> int:
    """Where the next data or hole begins, at most `end`."""
    try:
        return min(os.lseek(handle, place, what), end)
    except OSError as error:
        if error.errno == errno.ENXIO:  # no data any more: lseek(2)
            return end
        raise


@asynccontextmanager
async def open_reader(
    path: Path, *, offset: int = 0, length: int = 0, holes: bool = True
) -> AsyncIterator[SparseReader]:
    """Read a file or a block device for the length of the ``async with``.

    Args:
        path: Which.
        offset: Bytes before the first that is read.
        length: Bytes that are read at most; 0 for all that follow.
        holes: Whether holes of a file are told, or read as zeros.

    Raises:
        HostError: It cannot be read, or has no length: a pipe, for one.
    """
    handle, end, is_file = await to_thread.run_sync(_open, path)
    if length:
        end = min(end, offset + length)
    try:
        yield SparseReader(path, handle, offset, max(offset, end), holes=holes and is_file)
    finally:
        os.close(handle)


def _open(path: Path) -> tuple[int, int, bool]:
    """A descriptor, the length, and whether it is a regular file."""
    try:
        # Without waiting: a pipe that nobody writes to is refused, too.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise host_error(error, f"cannot read {path}") from error
    mode = os.fstat(handle).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
        os.close(handle)
        raise HostError(f"{path} is neither a file nor a block device")
    return handle, os.lseek(handle, 0, os.SEEK_END), stat.S_ISREG(mode)


class SparseWriter:
    """A file that is being written; `open_writer` makes it."""

    def __init__(self, path: Path, handle: int, temporary: Path | None) -> None:
        self._path = path
        self._handle = handle
        self._temporary = temporary
        self._holes = temporary is not None

    async def write(self, pieces: Sequence[bytes | Hole]) -> None:
        """Write the next pieces; a hole stays one where the file can have it.

        Raises:
            HostError: The disk is full, for one.

        Cancellation: waits for the pieces.
        """
        await to_thread.run_sync(self._write, pieces)

    def _write(self, pieces: Sequence[bytes | Hole]) -> None:
        try:
            for piece in pieces:
                if isinstance(piece, bytes):
                    _write_all(self._handle, piece)
                elif self._holes:
                    os.lseek(self._handle, piece.length, os.SEEK_CUR)
                else:
                    _write_zeros(self._handle, piece.length)
        except OSError as error:
            raise host_error(error, f"cannot write {self._path}") from error

    def finish(self) -> None:
        """Put it where it belongs, so that it survives the loss of power; for a worker thread.

        Raises:
            HostError: The disk is full, for one.
        """
        try:
            if self._temporary is not None:
                # A hole at the end.
                os.ftruncate(self._handle, os.lseek(self._handle, 0, os.SEEK_CUR))
                os.fsync(self._handle)
                self._temporary.replace(self._path)
                self._temporary = None
                _sync_folder(self._path.parent)
            elif stat.S_ISBLK(os.fstat(self._handle).st_mode):
                os.fsync(self._handle)
        except OSError as error:
            raise host_error(error, f"cannot write {self._path}") from error

    def close(self) -> None:
        """Close it, and leave nothing behind of a file that was not finished."""
        os.close(self._handle)
        if self._temporary is not None:
            with suppress(OSError):
                self._temporary.unlink()


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _write_zeros(handle: int, length: int) -> None:
    while length:
        length -= os.write(handle, _ZEROS[:length])


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@asynccontextmanager
async def open_writer(path: Path) -> AsyncIterator[SparseWriter]:
    """Write a file anew for the length of the ``async with``; an error leaves the old one alone.

    A new file has the permissions that the process's umask leaves, another one keeps its own.

    Raises:
        HostError: It cannot be written.

    Cancellation: nothing is left behind.
    """
    writer = await to_thread.run_sync(_create, path)
    try:
        yield writer
        await to_thread.run_sync(writer.finish)
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(writer.close)


def _create(path: Path) -> SparseWriter:
    try:
        path = path.resolve()
        there = path.stat() if path.exists() else None
        if there is not None and not stat.S_ISREG(there.st_mode):
            return SparseWriter(path, os.open(path, os.O_WRONLY | os.O_CLOEXEC), None)
        name = f".{path.name[:64]}.{secrets.token_hex(4)}.unfinished"
        temporary = path.with_name(name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        handle = os.open(temporary, flags, 0o666)
        if there is not None:
            os.fchmod(handle, stat.S_IMODE(there.st_mode))
        return SparseWriter(path, handle, temporary)
    except OSError as error:
        raise host_error(error, f"cannot write {path}") from error
