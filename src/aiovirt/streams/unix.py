"""Unix sockets: connecting, listening, and byte streams that carry file descriptors too."""

from __future__ import annotations

import errno
import math
import os
import socket
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import anyio
import anyio.lowlevel
from anyio.abc import ByteStream

from aiovirt.errors import (
    AlreadyExists,
    Busy,
    Closed,
    ConnectionLost,
    NotFound,
    PermissionDenied,
    ResourceUnavailable,
    Unresponsive,
)
from aiovirt.streams._descriptors import MAX_DESCRIPTORS, receive_some

__all__ = [
    "MAX_DESCRIPTORS",
    "UnixListener",
    "UnixStream",
    "connect_unix",
    "short_path",
    "unix_pair",
]

RETRY_S = 0.01
"""Seconds between two tries while the listener's queue is full."""

_LONGEST_PATH = 107
"""Bytes of a path that fit into sockaddr_un, its final zero not counted (unix(7))."""


class UnixStream(ByteStream):
    """A connected Unix stream socket; it owns the socket.

    One task sends and one receives at a time.  It holds no data of its own: what the peer does not
    take stays with the sender, which waits.

    Args:
        sock: A connected stream socket.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(0)
        self._sock = sock
        self._sending = False
        self._receiving = False

    async def send(self, item: bytes) -> None:
        """Send all of `item`.

        Raises:
            ConnectionLost: The peer is gone.
            Closed: The stream was closed before, or meanwhile.
            Busy: Another task sends.

        Cancellation: an unknown part may have been sent; then the stream is good for nothing but
        to be closed.
        """
        await self.send_with_descriptors(item, ())

    async def send_with_descriptors(self, item: bytes, descriptors: Sequence[int]) -> None:
        """Send `item`, not empty, with descriptors that travel with its first byte.

        The descriptors stay the caller's.  Raises and cancellation as `send`.
        """
        await anyio.lowlevel.checkpoint_if_cancelled()
        if self._sending:
            raise Busy("another task sends on this stream")
        self._sending = True
        try:
            await self._send_all(memoryview(item), descriptors)
        finally:
            self._sending = False
        await anyio.lowlevel.cancel_shielded_checkpoint()

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Return what has come, at least one byte and at most `max_bytes`.

        Raises:
            anyio.EndOfStream: The peer sends nothing more.
            ConnectionLost: The connection broke.
            Closed: The stream was closed before, or meanwhile.
            Busy: Another task receives.

        Cancellation: loses nothing.  Descriptors that came along are closed.
        """
        data, descriptors = await self.receive_with_descriptors(max_bytes)
        for descriptor in descriptors:
            os.close(descriptor)
        return data

    async def receive_with_descriptors(self, max_bytes: int = 65536) -> tuple[bytes, list[int]]:
        """Return what has come, and the descriptors that came along, which are the caller's then.

        Raises and cancellation as `receive`.
        """
        await anyio.lowlevel.checkpoint()
        if self._receiving:
            raise Busy("another task receives on this stream")
        self._receiving = True
        try:
            data, descriptors = await self._receive_some(max_bytes)
        finally:
            self._receiving = False
        if not data:
            raise anyio.EndOfStream
        return data, descriptors

    async def send_eof(self) -> None:
        """Tell the peer that nothing more will be sent. Receiving goes on."""
        await anyio.lowlevel.checkpoint()
        if self._sock.fileno() < 0:
            raise Closed("this stream is closed")
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise _lost(error) from error

    async def aclose(self) -> None:
        """Close the socket; tasks that send or receive get `Closed`. Twice does nothing."""
        if self._sock.fileno() >= 0:
            anyio.notify_closing(self._sock)
            self._sock.close()
        await anyio.lowlevel.checkpoint()

    async def _send_all(self, rest: memoryview, descriptors: Sequence[int]) -> None:
        while rest:
            try:
                sent = self._send_some(rest, descriptors)
            except BlockingIOError:
                await self._wait(anyio.wait_writable)
            except OSError as error:
                raise self._failure(error) from error
            else:
                rest, descriptors = rest[sent:], ()

    def _send_some(self, data: memoryview, descriptors: Sequence[int]) -> int:
        if descriptors:
            return socket.send_fds(self._sock, [data], list(descriptors))
        return self._sock.send(data)

    async def _receive_some(self, max_bytes: int) -> tuple[bytes, list[int]]:
        while True:
            try:
                return receive_some(self._sock, max_bytes)
            except BlockingIOError:
                await self._wait(anyio.wait_readable)
            except OSError as error:
                raise self._failure(error) from error

    async def _wait(self, ready: Callable[[socket.socket], Awaitable[None]]) -> None:
        try:
            await ready(self._sock)
        except anyio.ClosedResourceError as error:
            raise Closed("this stream was closed") from error

    def _failure(self, error: OSError) -> Exception:
        if error.errno == errno.EBADF:
            return Closed("this stream is closed")
        return _lost(error)


def _lost(error: OSError) -> ConnectionLost:
    return ConnectionLost(f"the peer is gone: {error.strerror}", maybe_done=True)


def unix_pair() -> tuple[UnixStream, UnixStream]:
    """Return two streams that are connected to each other."""
    ours, theirs = socket.socketpair()
    return UnixStream(ours), UnixStream(theirs)


async def connect_unix(
    path: str | os.PathLike[str], *, timeout_s: float = math.inf
) -> socket.socket:
    """Return a non-blocking stream socket that is connected to the listener at `path`.

    The path may be longer than what fits into a socket address.

    Args:
        path: Where somebody listens.
        timeout_s: Seconds that a listener has whose queue is full.

    Raises:
        NotFound: There is no such path.
        PermissionDenied: It may not be used.
        ResourceUnavailable: Nobody listens there.
        Unresponsive: Its queue was full all the time.

    Cancellation: leaves no socket open.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(0)
    try:
        with anyio.move_on_after(timeout_s) as scope:
            await _connect(sock, path)
    except BaseException:
        sock.close()
        raise
    if scope.cancelled_caught:
        sock.close()
        raise Unresponsive(
            f"the Unix socket {os.fspath(path)}: the listener takes no connection "
            f"within {timeout_s:g} s"
        )
    return sock


async def _connect(sock: socket.socket, path: str | os.PathLike[str]) -> None:
    with _refusals(path), short_path(path) as short:
        while code := sock.connect_ex(short):
            if code != errno.EAGAIN:
                raise OSError(code, os.strerror(code))
            # A full queue of a Unix listener says EAGAIN, and nothing tells when there is room.
            await anyio.sleep(RETRY_S)
    await anyio.lowlevel.checkpoint()


class UnixListener:
    """A listening Unix socket; an ``async with`` closes it and removes its path.

    Args:
        path: Where to listen; nothing may be there.
        backlog: How many connections wait to be accepted.

    Raises:
        AlreadyExists: Something is at the path.
        NotFound: Its folder does not exist.
        PermissionDenied: The folder may not be written.
    """

    def __init__(self, path: str | os.PathLike[str], *, backlog: int = 16) -> None:
        self.path = Path(path)
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sock.settimeout(0)
        try:
            with _refusals(path), short_path(path) as short:
                self._sock.bind(short)
                self._sock.listen(backlog)
        except BaseException:
            self._sock.close()
            raise

    async def accept(self) -> UnixStream:
        """Return the next connection. Cancellation: loses none."""
        await anyio.lowlevel.checkpoint()
        while True:
            try:
                return UnixStream(self._sock.accept()[0])
            except BlockingIOError:
                await anyio.wait_readable(self._sock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        self._sock.close()
        self.path.unlink(missing_ok=True)


@contextmanager
def short_path(path: str | os.PathLike[str]) -> Generator[str, None, None]:
    """Give a name of `path` that fits into a socket address, good inside the ``with``.

    Linux resolves it as any path (proc(5), /proc/self/fd).

    Raises:
        OSError: Its folder does not exist or may not be entered.
    """
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield os.fspath(path)
        return
    where = Path(path)
    folder = os.open(where.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{where.name}"
    finally:
        os.close(folder)


_REFUSALS = {
    errno.ENOENT: NotFound,
    errno.ENOTDIR: NotFound,
    errno.EACCES: PermissionDenied,
    errno.EPERM: PermissionDenied,
    errno.EADDRINUSE: AlreadyExists,
}


@contextmanager
def _refusals(path: str | os.PathLike[str]) -> Generator[None, None, None]:
    """Turn errors of the operating system about `path` into aiovirt's."""
    try:
        yield
    except OSError as error:
        kind = _REFUSALS.get(error.errno or 0, ResourceUnavailable)
        raise kind(f"the Unix socket {os.fspath(path)}: {error.strerror or error}") from error
