"""Unix sockets: connecting, listening, and byte streams that carry file descriptors too."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import anyio
import anyio.lowlevel

from aiovirt.errors import NotFound, PermissionDenied, ResourceUnavailable

__all__ = ["connect_unix"]

RETRY_S = 0.01
"""Seconds between two tries while the listener's queue is full."""

_LONGEST_PATH = 107
"""Bytes of a path that fit into sockaddr_un, its final zero not counted (unix(7))."""


async def connect_unix(path: str | os.PathLike[str]) -> socket.socket:
    """Return a non-blocking stream socket that is connected to the listener at `path`.

    The path may be longer than what fits into a socket address.

    Raises:
        NotFound: There is no such path.
        PermissionDenied: It may not be used.
        ResourceUnavailable: Nobody listens there.

    Cancellation: leaves no socket open.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(0)
    try:
        await _connect(sock, path)
    except BaseException:
        sock.close()
        raise
    return sock


async def _connect(sock: socket.socket, path: str | os.PathLike[str]) -> None:
    with short_path(path) as short:
        while code := sock.connect_ex(short):
            if code != errno.EAGAIN:
                raise _refusal(code, path)
            # A full queue of a Unix listener says EAGAIN, and nothing tells when there is room.
            await anyio.sleep(RETRY_S)
    await anyio.lowlevel.checkpoint()


@contextmanager
def short_path(path: str | os.PathLike[str]) -> Generator[str, None, None]:
    """Give a name of `path` that fits into a socket address, good inside the ``with``.

    Raises:
        NotFound: Its folder does not exist.
        PermissionDenied: Its folder may not be entered.
    """
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield os.fspath(path)
        return
    where = Path(path)
    try:
        folder = os.open(where.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _refusal(error.errno or 0, path) from error
    try:
        yield f"/proc/self/fd/{folder}/{where.name}"
    finally:
        os.close(folder)


_REFUSALS = {
    errno.ENOENT: NotFound,
    errno.ENOTDIR: NotFound,
    errno.EACCES: PermissionDenied,
    errno.EPERM: PermissionDenied,
}


def _refusal(code: int, path: str | os.PathLike[str]) -> Exception:
    kind = _REFUSALS.get(code, ResourceUnavailable)
    return kind(f"the Unix socket {os.fspath(path)}: {os.strerror(code)}")
