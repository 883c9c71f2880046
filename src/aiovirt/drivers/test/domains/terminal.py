"""Consoles and channels of the host in memory: who reads, who writes, and what answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import anyio
import anyio.lowlevel

from aiovirt.errors import Busy, Closed
from aiovirt.interfaces import ConsoleStream

__all__ = ["Shell", "Terminal"]

HISTORY: Final = 64 * 1024
"""How many bytes of what was written are kept."""

BACKLOG: Final = 256 * 1024
"""How many bytes wait for one reader; the oldest of more are lost."""


class Terminal:
    """The guest's end of a line: any number of readers, one writer."""

    def __init__(self, name: str, answer: Callable[[bytes], bytes], greeting: bytes = b"") -> None:
        self.name = name
        self._answer = answer
        self._history = bytearray(greeting)
        self._streams: list[TerminalStream] = []
        self._writer: TerminalStream | None = None

    def open(self, *, readonly: bool, force: bool, history: bool) -> ConsoleStream:
        """A reader, and the writer unless it is read-only.

        Raises:
            Busy: There is a writer, and `force` is off.
        """
        if not readonly and self._writer is not None and not force:
            raise Busy(f"{self.name} has another writer", hint="force takes its place")
        stream = TerminalStream(self, bytes(self._history) if history else b"")
        self._streams.append(stream)
        if not readonly:
            self._writer = stream
        return stream

    def write(self, stream: TerminalStream, data: bytes) -> None:
        """Take what a reader writes.

        Raises:
            Busy: It is not the writer (any more).
        """
        if self._writer is not stream:
            raise Busy(f"{self.name} is only read here")
        self.show(self._answer(data))

    def show(self, data: bytes) -> None:
        """Let the guest write."""
        self._history += data
        del self._history[:-HISTORY]
        for stream in self._streams:
            stream.offer(data)

    def leave(self, stream: TerminalStream) -> None:
        """Let a reader go. Doing it twice is no error."""
        if stream in self._streams:
            self._streams.remove(stream)
        if self._writer is stream:
            self._writer = None

    def close(self, error: type[Exception]) -> None:
        """End all streams: they raise that when they have been read."""
        for stream in self._streams:
            stream.end(error)


class TerminalStream(ConsoleStream):
    """One reader of a terminal."""

    def __init__(self, terminal: Terminal, begin: bytes) -> None:
        self._terminal = terminal
        self._waiting = bytearray(begin)
        self._lost = 0
        self._wakeup: anyio.Event | None = None
        self._error: type[Exception] | None = None

    @property
    def lost(self) -> int:
        """See `ConsoleStream.lost`."""
        return self._lost

    def offer(self, data: bytes) -> None:
        """Let it have what was written."""
        self._waiting += data
        over = len(self._waiting) - BACKLOG
        if over > 0:
            del self._waiting[:over]
            self._lost += over
        self._wake()

    def end(self, error: type[Exception]) -> None:
        """Let it end with an error, after what waits."""
        self._error = self._error or error
        self._wake()

    def _wake(self) -> None:
        if self._wakeup is not None:
            self._wakeup.set()

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """What was written since.

        Raises:
            EndOfStream: The domain has stopped.
            Closed: The host or this stream was closed.
        """
        await anyio.lowlevel.checkpoint()
        while not self._waiting:
            if self._error is not None:
                raise self._error(f"{self._terminal.name} was closed")
            self._wakeup = anyio.Event()
            await self._wakeup.wait()
            self._wakeup = None
        part = bytes(self._waiting[:max_bytes])
        del self._waiting[:max_bytes]
        return part

    async def send(self, item: bytes) -> None:
        """Write; see `Terminal.write`."""
        await anyio.lowlevel.checkpoint()
        if self._error is not None:
            raise self._error(f"{self._terminal.name} was closed")
        self._terminal.write(self, item)

    async def send_eof(self) -> None:
        """A line of this kind has no end of file: nothing happens."""

    async def aclose(self) -> None:
        """Let go of it."""
        self._terminal.leave(self)
        self.end(Closed)


class Shell:
    """What answers on a console: it echoes, and knows a few commands."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._line = bytearray()

    @property
    def greeting(self) -> bytes:
        """What is there before anybody types."""
        return f"Welcome to {self._host}, a guest in memory\r\n# ".encode()

    def feed(self, data: bytes) -> bytes:
        """The echo of what is typed, with the answers to commands."""
        return b"".join(self._key(data[at : at + 1]) for at in range(len(data)))

    def _key(self, key: bytes) -> bytes:
        if key in {b"\r", b"\n"}:
            line = self._line.decode(errors="replace").strip()
            self._line.clear()
            return b"\r\n" + self._run(line) + b"# "
        if key in {b"\x7f", b"\x08"}:
            rubbed = self._line[-1:]
            del self._line[-1:]
            return b"\x08 \x08" if rubbed else b""
        if key < b" " or len(self._line) >= HISTORY:
            return b""
        self._line += key
        return key

    def _run(self, line: str) -> bytes:
        word, _, rest = line.partition(" ")
        known = {"": "", "echo": f"{rest}\r\n", "hostname": f"{self._host}\r\n", "true": ""}
        return known.get(word, f"sh: {word}: not found\r\n").encode()
