"""A channel: a connected Unix socket whose traffic costs no task switch.

What arrives is handed to a callback at once, in the order of arrival, whether somebody waits or
not; what is sent goes out at once, or is kept, within a bound, until the socket takes it.  So a
request and its reply need one wait in the calling task and nothing else.

How a socket is watched differs between event loops; each way is one subclass in a module of its
own, loaded on first use.  A channel knows nothing of protocols.
"""

from __future__ import annotations

import os
import socket
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeVarTuple, Unpack

import anyio
import sniffio

from aiovirt.errors import AiovirtError, Closed
from aiovirt.streams._descriptors import receive_some

__all__ = ["MAX_OUTGOING", "READ_SIZE", "Channel", "Slot", "Tasks", "begin_channel", "open_channel"]

Ts = TypeVarTuple("Ts")

READ_SIZE = 64 * 1024
"""Bytes read from the socket at once, at most.  From 128 KiB on, the C library maps and unmaps
memory for each read (mallopt(3), M_MMAP_THRESHOLD), which cost uvloop a sixth of its calls."""

MAX_OUTGOING = 1024 * 1024
"""Bytes kept for a socket that takes no more before the channel is `congested`: whoever sends
waits for room first, so that no more is kept than this and one message of each sender."""

OnData = Callable[[bytes], None]
OnDescriptors = Callable[[list[int]], None]
OnEnd = Callable[[Exception | None], None]


class Tasks(Protocol):
    """Where a channel's own tasks run: a task group, or what begins tasks as one does."""

    def start_soon(
        self, func: Callable[[Unpack[Ts]], Coroutine[Any, Any, Any]], /, *args: *Ts
    ) -> object:
        """Begin a task."""
        ...


class Slot(ABC):
    """One waiting place: one task waits; `on_data` or `on_end` sets it, before or after.

    Anybody else may set it only before it is waited for.
    """

    __slots__ = ()

    @abstractmethod
    def set(self) -> None:
        """Wake the waiter. Setting twice, or after the waiter was cancelled, does nothing."""

    @abstractmethod
    def wait(self) -> Awaitable[None]:
        """Wait, once, until it is set. Cancellation: nothing is lost."""


class Channel(ABC):
    """A socket with callbacks for what arrives; made by `open_channel`.

    Args:
        sock: A connected, non-blocking socket; the channel does not close it.
        on_data: Gets what arrives, never empty.  It must not wait.  An `AiovirtError` of it, such
            as a `ProtocolError`, ends the channel and goes to `on_end`.
        on_end: Called once when nothing will arrive any more: with None when the peer ended the
            stream, else with the error.

    Attributes:
        taken: How many bytes the socket has taken that had to wait.
    """

    on_descriptors: OnDescriptors | None = None
    """Gets the file descriptors that come, before the data that they came with, and owns them.
    An `AiovirtError` of it ends the channel, as one of `on_data`.  While it is None descriptors are
    not accepted at all."""

    serves = False
    """Whether nobody waits on slots."""

    def __init__(self, sock: socket.socket, on_data: OnData, on_end: OnEnd) -> None:
        self._sock = sock
        self._on_data = on_data
        self._on_end = on_end
        self._outgoing: deque[_Piece] = deque()
        self._outgoing_size = 0
        self.taken = 0
        self._room: anyio.Event | None = None
        self._ended = False

    @abstractmethod
    def begin(self, tasks: Tasks) -> None:
        """Watch the socket from now on, until the channel ends.

        Args:
            tasks: Where the channel's own tasks run, if its loop needs such; they are to be
                cancelled when the channel has ended.
        """

    @abstractmethod
    def run(self) -> AbstractAsyncContextManager[None]:
        """Watch the socket while the returned ``async with`` is open."""

    @abstractmethod
    def slot(self) -> Slot:
        """Return a new waiting place, for the next reply."""

    @abstractmethod
    def _want_to_write(self) -> None:
        """Arrange for `_flush` to be called when the socket takes data again."""

    @abstractmethod
    def pause(self) -> None:
        """Read nothing, so that the peer has to wait, until `resume`."""

    @abstractmethod
    def resume(self) -> None:
        """Read again. Does nothing unless paused."""

    @property
    def ended(self) -> bool:
        """Whether nothing will arrive any more."""
        return self._ended

    @property
    def waiting(self) -> int:
        """Bytes that wait to be sent."""
        return self._outgoing_size

    @property
    def congested(self) -> bool:
        """Whether as much waits to be sent as may wait."""
        return self._outgoing_size >= MAX_OUTGOING

    def send(self, data: bytes, descriptors: Sequence[int] = ()) -> None:
        """Send `data` after all that was sent before; it never waits.

        Args:
            data: At least one byte.
            descriptors: File descriptors that travel with the first byte (SCM_RIGHTS).  They stay
                the caller's, and may be closed as soon as this returns.

        Raises:
            Closed: The channel has ended.
            OSError: The peer is gone.
        """
        if self._ended:
            raise Closed("the channel has ended")
        sent = 0 if self._outgoing else self._send_some(data, descriptors)
        if sent < len(data):
            piece = _Piece(data[sent:], descriptors if sent == 0 else ())
            self._outgoing.append(piece)
            self._outgoing_size += len(piece.data)
            self._want_to_write()

    async def wait_for_room(self) -> None:
        """Wait until the channel is not `congested`, or has ended. Cancellation: no effect."""
        while self.congested and not self._ended:
            await self._wait_for_flush()

    async def wait_until_sent(self) -> None:
        """Wait until nothing waits to be sent, or it has ended. Cancellation: no effect."""
        while self._outgoing_size and not self._ended:
            await self._wait_for_flush()

    async def _wait_for_flush(self) -> None:
        if self._room is None:
            self._room = anyio.Event()
        await self._room.wait()

    def _send_some(self, data: bytes, descriptors: Sequence[int]) -> int:
        try:
            if descriptors:
                return socket.send_fds(self._sock, [data], list(descriptors))
            return self._sock.send(data)
        except BlockingIOError:
            return 0

    def _flush(self) -> None:
        """Send of what waits as much as the socket takes. Raises OSError."""
        while self._outgoing:
            piece = self._outgoing[0]
            sent = self._send_some(piece.data, piece.descriptors)
            if sent:
                piece.close()
            self._outgoing_size -= sent
            self.taken += sent
            piece.data = piece.data[sent:]
            if piece.data:
                break
            self._outgoing.popleft()
        self._make_room()

    def _make_room(self) -> None:
        if self._room is not None and (self._ended or not self.congested):
            self._room.set()
            self._room = None

    def _read_once(self) -> None:
        """Read once if there is something, and hand it on."""
        if self._ended:
            return
        try:
            data = self._receive()
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""  # how a Unix socket tells that the peer closed with something unread
        except (OSError, AiovirtError) as error:
            self.end(error)
            return
        self.take(data)

    def _receive(self) -> bytes:
        if self.on_descriptors is None:
            return self._sock.recv(READ_SIZE)
        data, descriptors = receive_some(self._sock, READ_SIZE)
        if descriptors:
            self.on_descriptors(descriptors)
        return data

    def take(self, data: bytes) -> None:
        """Hand on what has arrived, or what came with the handshake before; empty is the end.

        Raises:
            Exception: What `on_data` raises beside an `AiovirtError`; the channel has ended.
        """
        if not data:
            self.end(None)
            return
        try:
            self._on_data(data)
        except AiovirtError as error:
            self.end(error)
        except Exception as error:
            self.end(error)
            raise

    def end(self, error: Exception | None = None) -> None:
        """Hand nothing on any more, forget what waits to be sent, and call `on_end`, once."""
        if self._ended:
            return
        self._ended = True
        for piece in self._outgoing:
            piece.close()
        self._outgoing.clear()
        self._outgoing_size = 0
        self._make_room()
        self._on_end(error)


class _Piece:
    """Bytes that wait to be sent, with the descriptors that travel with the first of them.

    It keeps duplicates of the descriptors, because their owner may close them meanwhile.
    """

    __slots__ = ("data", "descriptors")

    def __init__(self, data: bytes, descriptors: Sequence[int]) -> None:
        self.data = data
        self.descriptors: list[int] = []
        try:
            for descriptor in descriptors:
                self.descriptors.append(os.dup(descriptor))
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        while self.descriptors:
            os.close(self.descriptors.pop())


@asynccontextmanager
async def open_channel(
    sock: socket.socket,
    on_data: OnData,
    on_end: OnEnd,
    *,
    on_descriptors: OnDescriptors | None = None,
    serves: bool = False,
) -> AsyncGenerator[Channel, None]:
    """Watch `sock` while the ``async with`` is open; see `Channel` for the arguments.

    Args:
        sock: As for `Channel`.
        on_data: Likewise.
        on_end: Likewise.
        on_descriptors: As the attribute.
        serves: Whether nobody waits on slots: the peer calls, and what comes is to be read at once.

    `on_end` is called at the latest on leaving, with None.
    """
    channel = _channel(sock, on_data, on_end, on_descriptors, serves=serves)
    try:
        async with channel.run():
            yield channel
    finally:
        channel.end()


def begin_channel(
    sock: socket.socket,
    on_data: OnData,
    on_end: OnEnd,
    tasks: Tasks,
    *,
    on_descriptors: OnDescriptors | None = None,
) -> Channel:
    """Watch `sock` for one that serves, until the channel ends: nobody need wait for that.

    Args:
        sock: As for `Channel`.
        on_data: Likewise; nothing comes before this returns.
        on_end: Likewise; it may close the socket.
        tasks: As for `Channel.begin`.
        on_descriptors: As the attribute.
    """
    channel = _channel(sock, on_data, on_end, on_descriptors, serves=True)
    channel.begin(tasks)
    return channel


def _channel(
    sock: socket.socket,
    on_data: OnData,
    on_end: OnEnd,
    on_descriptors: OnDescriptors | None,
    *,
    serves: bool,
) -> Channel:
    if sock.gettimeout() != 0:
        sock.settimeout(0)
    channel = _channel_class()(sock, on_data, on_end)
    channel.on_descriptors = on_descriptors
    channel.serves = serves
    return channel


def _channel_class() -> type[Channel]:
    if sniffio.current_async_library() == "asyncio":
        from aiovirt.streams._channel_asyncio import AsyncioChannel  # noqa: PLC0415 - on first use

        return AsyncioChannel
    from aiovirt.streams._channel_trio import TrioChannel  # noqa: PLC0415 - on first use

    return TrioChannel
