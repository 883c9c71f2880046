"""One stream of one client: what comes is kept within a bound, what goes waits for room.

libvirt's streams know no credits.  So a client that sends faster than the host takes is not read
for a while, and one that reads slowly gets its next packet when there is room on its connection.
It knows what a stream is on the wire, and nothing of what the data is about.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol, Self, TypeAlias

import anyio

from aiovirt.errors import ProtocolError
from aiovirt.model.storage import Hole
from aiovirt.protocols.libvirt.connection import (
    Connection,
    StreamData,
    StreamEnd,
    StreamFailure,
    StreamHole,
)
from aiovirt.protocols.libvirt.packets import MAX_STREAM_DATA

__all__ = ["KEPT_BYTES", "AbortedByClient", "Incoming", "Line", "ServedStream"]

KEPT_BYTES = 1024 * 1024
"""Bytes of one stream that wait for the host to take them, and a packet; then the client waits."""

KEPT_HOLES = 64
"""Packets that wait likewise: a hole takes room, too."""

ITEM_BYTES = 128
"""What a packet takes at least: many short ones are much, too."""


def _weight(item: bytes | Hole) -> int:
    return max(ITEM_BYTES, len(item)) if isinstance(item, bytes) else KEPT_BYTES // KEPT_HOLES


Incoming: TypeAlias = StreamData | StreamHole | StreamEnd | StreamFailure


class AbortedByClient(Exception):
    """The client gave the stream up."""


class Line(Protocol):
    """What a stream needs of its client's session."""

    core: Connection

    def send_on_stream(self, data: bytes) -> None:
        """Send a packet, for which there was room; it never waits."""
        raise NotImplementedError

    async def wait_for_room(self) -> None:
        """Wait until little is left to be sent."""
        raise NotImplementedError

    def hold(self, why: object) -> None:
        """Read nothing more of the client, until `let_go` is called for the same reason."""
        raise NotImplementedError

    def let_go(self, why: object) -> None:
        """See `hold`."""
        raise NotImplementedError


class ServedStream:
    """The server's end.

    Args:
        line: The client's session.
        serial: The serial of the call that opened it.
        incoming: Whether the client may send on it.
        holes: Whether it may send holes.
    """

    def __init__(
        self, line: Line, serial: int, *, incoming: bool = True, holes: bool = False
    ) -> None:
        self.serial = serial
        self._line = line
        self._incoming = incoming
        self._holes = holes
        self._items: deque[bytes | Hole] = deque()
        self._size = 0
        self._holding = False
        self._end: StreamEnd | StreamFailure | ProtocolError | None = None
        self._wakeup: anyio.Event | None = None
        self._block: tuple[anyio.CancelScope, float] | None = None

    # --- called by the session ------------------------------------------------------------------

    def take(self, event: Incoming) -> None:
        """Take what came for it. It never waits."""
        if self._end is not None:
            return
        if isinstance(event, (StreamEnd, StreamFailure)):
            self._finish(event)
        elif not self._incoming:
            self._finish(ProtocolError("this stream is only for reading"))
        elif isinstance(event, StreamHole):
            self._take_hole(event)
        elif event.data:
            self._keep(event.data)

    def _take_hole(self, event: StreamHole) -> None:
        if not self._holes:
            self._finish(ProtocolError("this stream was not opened for holes"))
        elif event.length:
            self._keep(Hole(event.length))

    def _keep(self, item: bytes | Hole) -> None:
        self._items.append(item)
        self._size += _weight(item)
        if self._size >= KEPT_BYTES and not self._holding:
            self._holding = True
            self._line.hold(self.serial)
        self._wake()

    def _finish(self, end: StreamEnd | StreamFailure | ProtocolError) -> None:
        self._end = end
        self._wake()
        self._leave_block()

    def _leave_block(self) -> None:
        """Bound the block of `while_wanted` as far as the client's end asks for it."""
        if self._block is None or self._end is None:
            return
        scope, after_s = self._block
        if isinstance(self._end, StreamEnd):
            scope.deadline = anyio.current_time() + after_s
        else:
            scope.cancel()

    def _wake(self) -> None:
        if self._wakeup is not None:
            self._wakeup.set()
            self._wakeup = None

    # --- called by who serves it ----------------------------------------------------------------

    @contextmanager
    def while_wanted(self, *, after_s: float = math.inf) -> Generator[None, None, None]:
        """Leave the block when the client gives the stream up; what follows the block is not done.

        Args:
            after_s: Seconds that the block has after the client has finished the stream.

        Raises:
            AbortedByClient: It gave the stream up.
            ProtocolError: It sent what does not belong on this stream.
        """
        with anyio.CancelScope() as scope:
            self._block = scope, after_s
            self._leave_block()
            try:
                yield
            finally:
                self._block = None
        self.check()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes | Hole:
        """What comes next; the iteration ends when the client finishes the stream.

        Raises:
            AbortedByClient: It gave the stream up; what it sent before is not given any more.
            ProtocolError: It sent what does not belong on this stream.

        Cancellation: loses nothing.
        """
        while True:
            self.check()
            if self._items:
                return self._taken()
            if self._end is not None:
                raise StopAsyncIteration
            await self._changed()

    def _taken(self) -> bytes | Hole:
        item = self._items.popleft()
        self._size -= _weight(item)
        if self._holding and self._size <= KEPT_BYTES // 2:
            self._let_go()
        return item

    def _let_go(self) -> None:
        self._holding = False
        self._line.let_go(self.serial)

    def check(self) -> None:
        """Raise as the iteration does if the client has not ended the stream in the proper way."""
        if isinstance(self._end, StreamFailure):
            raise AbortedByClient
        if isinstance(self._end, ProtocolError):
            raise self._end

    async def wait_end(self) -> None:
        """Wait until the client ends it; raises as the iteration."""
        while self._end is None:
            while self._items:
                self._taken()
            await self._changed()
        self.check()

    async def _changed(self) -> None:
        if self._wakeup is None:
            self._wakeup = anyio.Event()
        await self._wakeup.wait()

    async def send(self, data: bytes) -> None:
        """Send data, one packet after the other, each when there is room for it.

        Raises:
            AbortedByClient: The client gave the stream up.
            ProtocolError: It sent what does not belong on this stream.
        """
        view = memoryview(data)
        for start in range(0, len(data), MAX_STREAM_DATA):
            await self._send_packet(bytes(view[start : start + MAX_STREAM_DATA]))

    async def _send_packet(self, piece: bytes) -> None:
        await self._line.wait_for_room()
        self.check()
        if self._is_open:
            self._line.send_on_stream(self._line.core.stream_data(self.serial, piece))

    async def send_hole(self, length: int) -> None:
        """Send a hole; as `send`."""
        await self._line.wait_for_room()
        self.check()
        if self._is_open:
            self._line.send_on_stream(self._line.core.stream_hole(self.serial, length))

    def send_end(self) -> None:
        """Tell the client that it has read all."""
        if self._is_open:
            self._line.send_on_stream(self._line.core.stream_data(self.serial, b""))

    def confirm(self) -> None:
        """Answer that the client has ended it; it is gone by that."""
        if self._is_open:
            self._line.send_on_stream(self._line.core.stream_finish(self.serial))

    @property
    def _is_open(self) -> bool:
        return self._line.core.stream_is_open(self.serial)

    def close(self) -> None:
        """Forget what waits, and let the client be read again."""
        self._items.clear()
        self._size = 0
        if self._holding:
            self._let_go()
