"""Descriptors above the standard numbers: none of ours may stand where a child's 0 to 2 go."""

from __future__ import annotations

import fcntl
import os

__all__ = ["STDERR", "high_copy", "high_pipe", "lifted"]

STDERR = 2


def high_copy(fd: int) -> int:
    """Return a copy above 2 that closes at exec."""
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, STDERR + 1)


def lifted(fd: int) -> int:
    """Return the descriptor itself, or when it is 0 to 2 (because ours were closed) a copy above
    in its place.
    """
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
