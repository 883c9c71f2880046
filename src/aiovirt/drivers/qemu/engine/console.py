"""Consoles of a running domain: one hub a character device, many readers, one writer.

The hub reads all the time, so that no output is lost while nobody looks, and keeps the last
bytes. It knows a file descriptor, and nothing of QEMU or of domains.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import anyio
import anyio.lowlevel

from aiovirt.errors import Busy, Closed, ConnectionLost
from aiovirt.interfaces import ConsoleStream

__all__ = ["HISTORY", "LOG_BOUND", "ConsoleHub"]

HISTORY = 64 * 1024
"""How many bytes of output a hub keeps, for newcomers and for readers that fall behind."""

LOG_BOUND = 1024 * 1024
"""After how many bytes of output a console's log is cut."""

_CHUNK = 16 * 1024


class ConsoleHub:
    """The output of one console since it was opened, bounded, and the way to its input.

    Args:
        name: What messages call it, such as ``serial0 of web1``.
        handle: A non-blocking descriptor of the terminal or socket; the hub owns it.
        history: Output from before, known from elsewhere.
        overflow: Called each time another `LOG_BOUND` bytes were read.
    """

    def __init__(
        self,
        name: str,
        handle: int,
        *,
        history: bytes = b"",
        overflow: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self._handle = handle
        self._kept = bytearray(history[-HISTORY:])
        self._end = len(self._kept)
        self._ended = False
        self._closed = False
        self._overflow = overflow
        self._room = LOG_BOUND
        self._waiting: set[anyio.Event] = set()
        self._writer: _Stream | None = None
        self._blocked: anyio.CancelScope | None = None
        self._writing = anyio.Lock()

    @property
    def start(self) -> int:
        """The position of the oldest byte that is kept."""
        return self._end - len(self._kept)

    @property
    def end(self) -> int:
        """The position after the newest byte."""
        return self._end

    @property
    def ended(self) -> bool:
        """Whether the other side has closed, so that no more will come."""
        return self._ended

    def note_end(self) -> None:
        """Note that the other side is gone: an end of `run` is not of our own making any more."""
        self._ended = True
        self._wake()

    async def run(self) -> None:
        """Read until the other side closes; then all readers come to their end.

        Cancellation: closes the hub; readers and the writer get `Closed`, unless it has ended.
        """
        try:
            while chunk := await self._read():
                self._keep(chunk)
            self._ended = True
        finally:
            self._closed = True
            self._wake()
            anyio.notify_closing(self._handle)
            os.close(self._handle)

    async def _read(self) -> bytes:
        """The next bytes, or none at the end. A terminal's end is EIO; source: pty(7)."""
        while True:
            await anyio.wait_readable(self._handle)
            try:
                return os.read(self._handle, _CHUNK)
            except BlockingIOError:
                continue
            except OSError:
                return b""

    def _keep(self, chunk: bytes) -> None:
        self._kept += chunk
        self._end += len(chunk)
        del self._kept[: max(0, len(self._kept) - HISTORY)]
        self._room -= len(chunk)
        if self._room <= 0 and self._overflow is not None:
            self._room = LOG_BOUND
            self._overflow()
        self._wake()

    def _wake(self) -> None:
        for waiting in self._waiting:
            waiting.set()
        self._waiting.clear()

    def take(self, position: int) -> bytes:
        """The bytes from `position` on that are kept."""
        return bytes(self._kept[max(0, position - self.start) :])

    async def more(self) -> None:
        """Wait until something came, or the end."""
        event = anyio.Event()
        self._waiting.add(event)
        try:
            await event.wait()
        finally:
            self._waiting.discard(event)

    def check_open(self) -> None:
        """See that the host has not let go of the console.

        Raises:
            Closed: It has; the guest may go on.
        """
        if self._closed and not self._ended:
            raise Closed(f"{self.name} was closed: the host's `async with` block has ended")

    async def write(self, stream: _Stream, data: bytes) -> None:
        """Send to the guest; one after the other, however many do so at once.

        Raises:
            Busy: The stream is not the writer, or not any more; part of it may have arrived.
            Closed: The host was closed; part of it may have arrived.
            ConnectionLost: The console is gone; part of it may have arrived.
            ClosedResourceError: The stream was closed; part of it may have arrived.
        """
        async with self._writing:
            await self._write(stream, memoryview(data))

    async def _write(self, stream: _Stream, view: memoryview) -> None:
        while view:
            stream.check_open()
            self.check_open()
            if self._ended:
                raise ConnectionLost(f"{self.name} was closed", maybe_done=True)
            if self._writer is not stream:
                raise Busy(f"{self.name} is open read-only here")
            try:
                view = view[os.write(self._handle, view) :]
            except BlockingIOError:
                await self._wait_writable()
            except OSError as error:
                raise ConnectionLost(f"{self.name} was closed", maybe_done=True) from error

    async def _wait_writable(self) -> None:
        """Wait until the guest takes more, the console is gone, or the writer's place is taken."""
        with anyio.CancelScope() as self._blocked, suppress(anyio.ClosedResourceError):
            await anyio.wait_writable(self._handle)

    @asynccontextmanager
    async def open(
        self, *, readonly: bool, force: bool, history: bool
    ) -> AsyncIterator[ConsoleStream]:
        """One reader, who is the writer too unless `readonly`.

        Raises:
            Busy: There is a writer, and `force` is off.
        """
        stream = _Stream(self, self.start if history else self.end)
        if not readonly:
            self._let_write(stream, force=force)
        try:
            yield stream
        finally:
            await stream.aclose()

    def _let_write(self, stream: _Stream, *, force: bool) -> None:
        if self._writer is not None and not force:
            raise Busy(
                f"{self.name} has a writer already",
                hint="open it read-only, or take the writer's place by force",
            )
        self._writer = stream
        self._unblock()

    def leave(self, stream: _Stream) -> None:
        """Free the place of a stream that was closed, and wake what waits for it."""
        if self._writer is stream:
            self._writer = None
            self._unblock()
        self._wake()

    def _unblock(self) -> None:
        """End the wait of the writer until now for the guest."""
        if self._blocked is not None:
            self._blocked.cancel()


class _Stream(ConsoleStream):
    """One reader's place in the output of a hub."""

    def __init__(self, hub: ConsoleHub, position: int) -> None:
        self._hub = hub
        self._position = position
        self._lost = 0
        self._closed = False

    @property
    def lost(self) -> int:
        """How many bytes this reader lost because it read too slowly."""
        return self._lost

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """The next bytes.

        Raises:
            EndOfStream: The domain stopped.
            Closed: The host was closed.
            ClosedResourceError: This stream was closed.
        """
        await anyio.lowlevel.checkpoint()
        while True:
            self.check_open()
            self._skip_what_is_gone()
            if self._position < self._hub.end:
                chunk = self._hub.take(self._position)[:max_bytes]
                self._position += len(chunk)
                return chunk
            if self._hub.ended:
                raise anyio.EndOfStream
            self._hub.check_open()
            await self._hub.more()

    def _skip_what_is_gone(self) -> None:
        gone = max(0, self._hub.start - self._position)
        self._lost += gone
        self._position += gone

    async def send(self, item: bytes) -> None:
        """Type on the console.

        Raises:
            Busy: This stream is read-only, or another one took the writer's place.
            Closed: The host was closed.
            ConnectionLost: The domain stopped.
            ClosedResourceError: This stream was closed.
        """
        self.check_open()
        await anyio.lowlevel.checkpoint()
        await self._hub.write(self, item)

    async def send_eof(self) -> None:
        """A console has no end of input; this does nothing."""

    async def aclose(self) -> None:
        """Leave the console and the writer's place; it goes on for others."""
        self._closed = True
        self._hub.leave(self)

    def check_open(self) -> None:
        """Raise `anyio.ClosedResourceError` once this stream was closed."""
        if self._closed:
            raise anyio.ClosedResourceError
