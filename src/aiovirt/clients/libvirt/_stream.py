"""The client's side of a stream: data that moves along a call.  It knows no hypervisor."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

import anyio
import anyio.lowlevel

from aiovirt.errors import AiovirtError, Closed
from aiovirt.model.storage import Hole
from aiovirt.protocols.libvirt.connection import (
    Connection,
    StreamData,
    StreamEnd,
    StreamFailure,
    StreamHole,
)
from aiovirt.protocols.libvirt.packets import MAX_STREAM_DATA
from aiovirt.streams.channel import Channel

__all__ = ["BACKLOG_BYTES", "ClientStream", "Hole"]

ABORT_S = 5.0
"""Seconds that a server has to answer the end of a stream that was aborted."""

BACKLOG_BYTES = 4 * 1024 * 1024
"""Bytes that wait to be read before the connection is not read any more."""

RESUME_BYTES = BACKLOG_BYTES // 2
"""Bytes that still wait when it is read again: starting and stopping cost something, too."""

HOLE_BYTES = 128
"""What a hole counts as: a server may send any number of them."""


class Owner(Protocol):
    """What a stream needs of its client."""

    core: Connection
    channel: Channel

    def send(self, data: bytes) -> None:
        """Send packets."""

    def failure(self, event: StreamFailure) -> AiovirtError:
        """The error of a stream that the server aborted."""
        raise NotImplementedError

    def hold(self, serial: int) -> None:
        """Do not read the connection until each stream that asked for this has let it go."""

    def let_go(self, serial: int) -> None:
        """This stream has no part in a hold any more."""


class ClientStream:
    """An open stream. One task reads and one writes at a time.

    While more than `BACKLOG_BYTES` wait to be read, the whole connection is not read, so that the
    server waits: whoever reads much has a connection of its own.

    Args:
        owner: Its client.
        serial: The serial of the call that opened it.
        forget: Called at its end.
        keep: Bytes that wait at most; then the oldest are dropped, and the connection is read on.
            None drops nothing.

    Attributes:
        lost: Bytes that were dropped.
    """

    def __init__(
        self,
        owner: Owner,
        serial: int,
        forget: Callable[[int], None],
        *,
        keep: int | None = None,
    ) -> None:
        self.lost = 0
        self._keep = keep
        self._owner = owner
        self._serial = serial
        self._forget = forget
        self._items: deque[bytes | Hole] = deque()
        self._waiting_bytes = 0
        self._held = False
        self._wakeup: anyio.Event | None = None
        self._at_end = False
        self._finished = False
        self._error: Exception | None = None

    # --- called by the client -----------------------------------------------------------------

    def take(self, event: StreamData | StreamHole | StreamEnd | StreamFailure) -> None:
        """Take what the server sent."""
        if isinstance(event, StreamData):
            if event.data:
                self._take_item(event.data)
            else:
                self._at_end = True
        elif isinstance(event, StreamHole):
            self._take_item(Hole(event.length))
        elif isinstance(event, StreamEnd):
            self._at_end = self._finished = True
        else:
            self.end(self._owner.failure(event))
        self._wake()

    def end(self, error: Exception) -> None:
        """Nothing comes any more, because of this."""
        self._error = self._error or error
        self._at_end = self._finished = True
        self._wake()

    def _take_item(self, item: bytes | Hole) -> None:
        self._items.append(item)
        self._waiting_bytes += _weight(item)
        if self._keep is not None:
            self._drop_all_but(self._keep)
        elif self._waiting_bytes > BACKLOG_BYTES and not self._held:
            self._held = True
            self._owner.hold(self._serial)

    def _taken(self, weight: int) -> None:
        self._waiting_bytes -= weight
        if self._held and self._waiting_bytes <= RESUME_BYTES:
            self._let_go()

    def _let_go(self) -> None:
        self._held = False
        self._owner.let_go(self._serial)

    def _drop_all_but(self, keep: int) -> None:
        """Drop the oldest data until no more than `keep` bytes wait."""
        while (excess := self._waiting_bytes - keep) > 0:
            oldest = self._items.popleft()
            rest = oldest[excess:] if isinstance(oldest, bytes) else b""
            self.lost += _weight(oldest) - len(rest)
            self._waiting_bytes -= _weight(oldest) - len(rest)
            if rest:
                self._items.appendleft(rest)

    def _wake(self) -> None:
        if self._wakeup is not None:
            self._wakeup.set()
            self._wakeup = None

    async def _wait(self) -> None:
        if self._wakeup is None:
            self._wakeup = anyio.Event()
        await self._wakeup.wait()

    # --- called by its user -------------------------------------------------------------------

    async def receive(self) -> bytes | Hole:
        """The next data, or the next hole.

        Raises:
            anyio.EndOfStream: The server has sent all.
            AiovirtError: The server aborted the stream, or the connection was lost.

        Cancellation: loses nothing.
        """
        await anyio.lowlevel.checkpoint()
        while not self._items:
            if self._error is not None:
                raise self._error
            if self._at_end:
                raise anyio.EndOfStream
            await self._wait()
        item = self._items.popleft()
        self._taken(_weight(item))
        return item

    def receive_waiting(self) -> list[bytes | Hole]:
        """All that is there already, perhaps nothing; it never waits."""
        items = list(self._items)
        self._items.clear()
        self._taken(self._waiting_bytes)
        return items

    async def send(self, data: bytes) -> None:
        """Send data; returns when the connection took it.

        Raises:
            Closed: The stream was finished.
            AiovirtError: The server aborted the stream, or the connection was lost.

        Cancellation: whole packets of the data have been sent, or not.
        """
        for start in range(0, len(data), MAX_STREAM_DATA):
            piece = data[start : start + MAX_STREAM_DATA]
            await self._room()
            self._owner.send(self._owner.core.stream_data(self._serial, piece))

    async def send_hole(self, length: int) -> None:
        """Send a hole; only a stream that was opened as sparse has them. Raises as `send`."""
        await self._room()
        self._owner.send(self._owner.core.stream_hole(self._serial, length))

    async def finish(self) -> None:
        """Say that all went well, and wait until the server has said so, too.

        What was not read is dropped.

        Raises:
            AiovirtError: The server aborted the stream, or the connection was lost: what was sent
                may not be stored.
        """
        await self._room()
        self._owner.send(self._owner.core.stream_finish(self._serial))
        while not self._finished:
            self.receive_waiting()
            await self._wait()
        if self._error is not None:
            raise self._error

    async def aclose(self) -> None:
        """Abort the stream unless it is finished, and wait until the server has let go of it.

        What it belongs to, a console for one, can be opened again then.  It never raises; a server
        that does not answer has `ABORT_S`.
        """
        if not self._finished and self._owner.core.stream_is_open(self._serial):
            self._owner.send(self._owner.core.stream_abort(self._serial))
            with anyio.move_on_after(ABORT_S):
                while not self._finished:
                    self.receive_waiting()
                    await self._wait()
            self._finished = True
        self._forget(self._serial)
        self._items.clear()
        self._let_go()
        await anyio.lowlevel.checkpoint()

    async def _room(self) -> None:
        await self._owner.channel.wait_for_room()
        await anyio.lowlevel.checkpoint()
        if self._error is not None:
            raise self._error
        if self._finished:
            raise Closed("the stream is finished")


def _weight(item: bytes | Hole) -> int:
    """What an item counts as of the backlog."""
    return len(item) if isinstance(item, bytes) else HOLE_BYTES
