"""Taking connections one after the other, for as long as a block is open.

anyio's `wait_readable` registers and unregisters the socket for each of them, and each costs a
further look that finds none: as much as a client that comes, asks a little and goes costs in all.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

import anyio
import anyio.lowlevel
import sniffio

__all__ = ["Accept", "accepting"]

Accept: TypeAlias = Callable[[], Coroutine[Any, Any, socket.socket]]
"""Waits for the next connection. *Raises* OSError when it cannot be taken; the next may be.

Cancellation: loses none. It gives other tasks their turn, however many connections wait."""

MOST_TAKEN: Final = 16
"""Connections that are taken before anybody asks for them; the others wait in the kernel."""


@asynccontextmanager
async def accepting(listening: socket.socket) -> AsyncGenerator[Accept, None]:
    """Take connections while the ``async with`` is open.

    Args:
        listening: Bound and listening; it stays the caller's, and is non-blocking from now on.
    """
    listening.settimeout(0)
    if sniffio.current_async_library() == "asyncio":
        acceptor = _Acceptor(listening)
        try:
            yield acceptor.accept
        finally:
            acceptor.close()
    else:
        yield lambda: _accept(listening)


async def _accept(listening: socket.socket) -> socket.socket:
    await anyio.lowlevel.checkpoint()
    while True:
        try:
            return listening.accept()[0]
        except BlockingIOError:
            await anyio.wait_readable(listening)
        except ConnectionAbortedError:  # it went before it was taken
            continue


class _Acceptor:
    """On asyncio and uvloop: the loop's own reader callback takes them, registered once."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._loop = asyncio.get_running_loop()
        self._taken: deque[socket.socket] = deque()
        self._error: OSError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._reads = False

    async def accept(self) -> socket.socket:
        """See `Accept`."""
        if self._taken:
            await anyio.lowlevel.checkpoint()
        while not self._taken:
            self._raise_error()
            self._read()
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
            # Where more come at each turn of the loop the wait is always over: nobody cancels it.
            await anyio.lowlevel.checkpoint_if_cancelled()
        return self._taken.popleft()

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _read(self) -> None:
        if not self._reads:
            self._loop.add_reader(self._listening, self._ready)
            self._reads = True

    def _pause(self) -> None:
        if self._reads:
            self._loop.remove_reader(self._listening)
            self._reads = False

    def _ready(self) -> None:
        """One waits: take it."""
        try:
            self._taken.append(self._listening.accept()[0])
        except (BlockingIOError, ConnectionAbortedError):  # it went before it was taken
            return
        except OSError as error:
            self._error = error
            self._pause()
        if len(self._taken) >= MOST_TAKEN:
            self._pause()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        """Take no more, and hang up on who was taken and not asked for."""
        self._pause()
        while self._taken:
            self._taken.popleft().close()
