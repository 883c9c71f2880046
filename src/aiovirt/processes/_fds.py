"""Descriptors above the standard numbers: none of ours may stand where a child's 0 to 2 go."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from pathlib import Path

from aiovirt.errors import PermissionDenied, ResourceUnavailable

__all__ = [
    "FLOCK",
    "STDERR",
    "WRITE_LOCK",
    "filled_pipe",
    "high_copy",
    "high_pipe",
    "lifted",
    "open_file",
    "scarce",
]

STDERR = 2

FLOCK = struct.Struct("hhqqi4x")
"""struct flock of 64-bit Linux: type, whence, start, length, pid."""

WRITE_LOCK = FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
"""A write lock on a whole file, to set or to ask about."""


def high_copy(fd: int) -> int:
    """Return a copy above 2 that closes at exec."""
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, STDERR + 1)


def lifted(fd: int) -> int:
    """Return the descriptor, or a copy above 2 in its place (it is 0 to 2 if ours were closed)."""
    if fd > STDERR:
        return fd
    try:
        return high_copy(fd)
    finally:
        os.close(fd)


def high_pipe() -> tuple[int, int]:
    """Return the reading and the writing end of a pipe, both above 2, both closing at exec."""
    read, write = os.pipe2(os.O_CLOEXEC)
    return lifted(read), lifted(write)


def _fill(write: int, data: bytes) -> None:
    """Put all data into a pipe at once; the pipe grows for it, up to the user's share of pipes."""
    if len(data) > fcntl.fcntl(write, fcntl.F_GETPIPE_SZ):
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, len(data))
    os.set_blocking(write, False)
    if data and os.write(write, data) != len(data):
        raise BlockingIOError(errno.EAGAIN, "the data do not fit into a pipe")


def filled_pipe(data: bytes) -> int:
    """Return the reading end of a pipe that holds all the data and has no writer any more."""
    read, write = high_pipe()
    try:
        _fill(write, data)
    except BaseException:
        os.close(read)
        raise
    finally:
        os.close(write)
    return read


def open_file(path: Path, flags: int, mode: int = 0o600) -> int:
    """Return a descriptor that closes at exec. It never waits.

    Raises:
        PermissionDenied, ResourceUnavailable: The file cannot be opened; the error names it.  Nor
            can a FIFO: that would have to wait for its other side.
    """
    always = os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
    try:
        fd = os.open(path, flags | always, mode)
    except PermissionError as error:
        raise PermissionDenied(f"{path}: {error.strerror}") from error
    except OSError as error:
        raise ResourceUnavailable(f"{path}: {error.strerror}", hint=_hint(error)) from error
    if stat.S_ISFIFO(os.fstat(fd).st_mode):
        os.close(fd)
        raise ResourceUnavailable(f"{path}: it is a FIFO", hint=_OPEN_IT_YOURSELF)
    os.set_blocking(fd, True)
    return fd


_OPEN_IT_YOURSELF = "open it, and give the descriptor: opening a FIFO waits for its other side"


def _hint(error: OSError) -> str | None:
    return _OPEN_IT_YOURSELF if error.errno == errno.ENXIO else None


def scarce(program: object, error: OSError) -> ResourceUnavailable:
    """The error to raise when there was no descriptor or pipe for a start.

    A block would read better; this costs nothing where nothing goes wrong.
    """
    return ResourceUnavailable(f"{program} could not be started: {error.strerror}")
