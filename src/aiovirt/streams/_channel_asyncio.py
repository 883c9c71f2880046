"""The channel on asyncio and uvloop: the loop's own reader callback, registered once.

anyio's `wait_readable` registers and unregisters for each wait, which costs more than the read.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager

from aiovirt.streams.channel import Channel, OnData, OnEnd, Slot, Tasks

__all__ = ["AsyncioChannel"]


class _FutureSlot(Slot):
    __slots__ = ("_future",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._future: asyncio.Future[None] = loop.create_future()

    def set(self) -> None:
        if not self._future.done():
            self._future.set_result(None)

    def wait(self) -> Awaitable[None]:
        return self._future  # itself no slot: tasks wait for exactly this type in a quicker way


class AsyncioChannel(Channel):
    """See `Channel`."""

    def __init__(self, sock: socket.socket, on_data: OnData, on_end: OnEnd) -> None:
        super().__init__(sock, on_data, on_end)
        self._loop = asyncio.get_running_loop()
        self._writing = False
        self._paused = False

    def begin(self, tasks: Tasks) -> None:
        """See `Channel.begin`: it needs no task."""
        del tasks
        self._watch()

    def _watch(self) -> None:
        self._loop.add_reader(self._sock, self._read_once)

    @asynccontextmanager
    async def run(self) -> AsyncGenerator[None, None]:
        """See `Channel.run`."""
        self._watch()
        try:
            yield
        finally:
            self.end()

    def pause(self) -> None:
        """See `Channel.pause`."""
        if not self.ended:
            self._paused = True
            self._loop.remove_reader(self._sock)

    def resume(self) -> None:
        """See `Channel.resume`."""
        if self._paused and not self.ended:
            self._paused = False
            self._loop.add_reader(self._sock, self._read_once)

    def slot(self) -> Slot:
        """See `Channel.slot`."""
        return _FutureSlot(self._loop)

    def end(self, error: Exception | None = None) -> None:
        """See `Channel.end`."""
        if not self.ended:
            self._stop()
            super().end(error)

    def _want_to_write(self) -> None:
        if not self._writing:
            self._writing = True
            self._loop.add_writer(self._sock, self._writable)

    def _writable(self) -> None:
        try:
            self._flush()
        except OSError as error:
            self.end(error)
            return
        if not self._outgoing:
            self._writing = False
            self._loop.remove_writer(self._sock)

    def _stop(self) -> None:
        self._loop.remove_reader(self._sock)
        if self._writing:
            self._writing = False
            self._loop.remove_writer(self._sock)
