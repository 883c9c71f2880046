"""A proxy that does harm: between a client and a libvirtd it cuts, stalls, garbles, reorders.

Harm is planned by direction and packet number before the packet comes, so that no test depends on
the clock.  Between two unix sockets descriptors pass too.  What cannot be read as packets (TLS)
passes with `framed=False`; a "packet" then is what one read brought.
"""

from __future__ import annotations

import errno
import os
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import anyio
import exchanged
from anyio.abc import TaskGroup
from libvirtpackets import HEADER, Header, PacketReader, descriptors_of

from aiovirt._tasks import open_task_group
from aiovirt.errors import Closed, ConnectionLost
from aiovirt.streams.unix import UnixStream

__all__ = [
    "CALLS",
    "REPLIES",
    "ByteByByte",
    "Cut",
    "Direction",
    "Garble",
    "Harm",
    "Hold",
    "Proxy",
    "Recorder",
    "Seen",
    "Stall",
    "Target",
    "Truncate",
]

CHUNK = 65536


class Direction(Enum):
    """Which way a packet goes."""

    TO_SERVER = "to server"
    TO_CLIENT = "to client"


CALLS, REPLIES = Direction.TO_SERVER, Direction.TO_CLIENT
Target = Path | tuple[str, int]
"""A unix socket, or host and port."""


# ------------------------------------------------------------------------- what was seen


@dataclass(frozen=True)
class Seen:
    """One packet that passed: who is meant by it, and how it ended."""

    direction: Direction
    program: int
    procedure: int
    type: int
    status: int
    serial: int
    length: int


class Recorder:
    """Keeps every packet that passed, and adds replies and events to this run's list."""

    ENDS = frozenset({1, 2, 5})
    """Packet types that say that the server has done something: replies and messages."""
    ERROR = 1

    def __init__(self, *, real: bool = False) -> None:
        """Record; `real` when the server is a real libvirtd, which the run's list is of."""
        self.packets: list[Seen] = []
        self._real = real

    def record(self, direction: Direction, data: bytes) -> None:
        """Take a whole packet down."""
        header = Header.of(data)
        self.packets.append(
            Seen(
                direction,
                header.program,
                header.procedure,
                header.type,
                header.status,
                header.serial,
                header.length,
            )
        )
        if self._real and direction is REPLIES and header.type in self.ENDS:
            exchanged.note(header.program, header.procedure, header.status != self.ERROR)


# ------------------------------------------------------------------------- what harm is done


class LineCut(Exception):
    """A plan says that the line is cut here."""


@dataclass
class Cut:
    """Close both sides instead of passing the packet."""

    def harm(self, _data: bytes) -> Iterator[bytes]:
        """Pass nothing."""
        raise LineCut


@dataclass
class Truncate:
    """Pass the packet's first bytes, then close both sides."""

    keep: int

    def harm(self, data: bytes) -> Iterator[bytes]:
        """Pass the first bytes, and no more."""
        yield data[: self.keep]
        raise LineCut


@dataclass
class Garble:
    """Flip the bits of some bytes; numbers below zero count from the packet's end."""

    start: int
    count: int = 1
    mask: int = 0xFF

    @classmethod
    def length(cls, value_mask: int = 0x7F) -> Garble:
        """Make the length word enormous."""
        return cls(0, 1, value_mask)

    @classmethod
    def header(cls) -> Garble:
        """Turn the program's number into another."""
        return cls(4, 4)

    @classmethod
    def payload(cls, count: int = 4) -> Garble:
        """Spoil the payload's first bytes."""
        return cls(HEADER.size, count)

    def harm(self, data: bytes) -> Iterator[bytes]:
        """Pass the packet with those bytes changed."""
        spoilt = bytearray(data)
        begin = self.start % len(data)
        for at in range(begin, min(begin + self.count, len(data))):
            spoilt[at] ^= self.mask
        yield bytes(spoilt)


@dataclass
class ByteByByte:
    """Pass the packet in as many writes as it has bytes."""

    def harm(self, data: bytes) -> Iterator[bytes]:
        """Pass each byte on its own."""
        for at in range(len(data)):
            yield data[at : at + 1]


@dataclass
class Stall:
    """Pass nothing from this packet on, until released; the other direction goes on."""

    reached: anyio.Event = field(default_factory=anyio.Event)
    released: anyio.Event = field(default_factory=anyio.Event)

    def release(self) -> None:
        """Let the packet and those behind it pass."""
        self.released.set()


@dataclass
class Hold:
    """Keep this packet back until `count` others have passed it: replies out of order."""

    count: int = 1


Harm = Cut | Truncate | Garble | ByteByByte | Stall | Hold


# ------------------------------------------------------------------------- the proxy


class _Wire:
    """One side of a connection: bytes, and on a unix socket the descriptors beside them."""

    def __init__(self, sock: socket.socket) -> None:
        self._stream = UnixStream(sock)  # which does for TCP as well
        self.descriptors: list[int] = []

    async def receive(self) -> bytes:
        """Return bytes, or nothing at the end of the stream."""
        try:
            data, descriptors = await self._stream.receive_with_descriptors(CHUNK)
        except (anyio.EndOfStream, ConnectionLost, Closed):
            return b""
        self.descriptors += descriptors
        return data

    async def send(self, data: bytes) -> None:
        """Send all; a peer that is gone cuts the line."""
        with _line_cut():
            await self._stream.send(data)

    async def finish(self) -> None:
        """Tell the peer that nothing more comes; it may go on talking."""
        with _line_cut():
            await self._stream.send_eof()

    async def send_descriptors(self, descriptors: list[int]) -> None:
        """Send each with one byte of its own, as libvirt does, and close our copy."""
        for descriptor in descriptors:
            try:
                with _line_cut():
                    await self._stream.send_with_descriptors(b"\0", [descriptor])
            finally:
                os.close(descriptor)

    async def aclose(self) -> None:
        """Close the stream, and what came and was not sent on."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors.clear()
        with anyio.CancelScope(shield=True):
            await self._stream.aclose()


@contextmanager
def _line_cut() -> Iterator[None]:
    try:
        yield
    except (ConnectionLost, Closed):
        raise LineCut from None


def _listen(target: Target, path: Path) -> socket.socket:
    """Listen in the target's family: at the path, or at a free port of the loopback."""
    if isinstance(target, Path):
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(str(path))
    else:
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
    sock.listen(1024)
    sock.setblocking(False)
    return sock


async def _connect(target: Target) -> socket.socket:
    """Connect to the target.

    Raises:
        OSError: Nobody listens there.
    """
    family = socket.AF_UNIX if isinstance(target, Path) else socket.AF_INET
    address = str(target) if isinstance(target, Path) else target
    sock = socket.socket(family)
    try:
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code == errno.EINPROGRESS:
            await anyio.wait_writable(sock)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    except BaseException:
        sock.close()
        raise
    if code:
        sock.close()
        raise OSError(code, os.strerror(code))
    return sock


@dataclass
class _Planned:
    direction: Direction
    number: int | None
    procedure: int | None
    harm: Harm

    def meets(self, direction: Direction, number: int, data: bytes) -> bool:
        if direction is not self.direction or self.number not in {None, number}:
            return False
        return self.procedure is None or Header.of(data).procedure == self.procedure


class Proxy:
    """Listens, and for every client connects to the target and passes packets both ways.

    A unix target is offered at `path`, another at `port` of the loopback.
    """

    def __init__(
        self, target: Target, *, framed: bool = True, recorder: Recorder | None = None
    ) -> None:
        self.target = target
        self.passed: Counter[Direction] = Counter()
        """How many packets came in so far in each direction, over all connections."""
        self.path = Path()
        self.port = 0
        self.accepting = True
        """Whether a new client is served; else it is cut off at once."""
        self._framed = framed
        self._recorder = recorder
        self._planned: list[_Planned] = []
        self._open: set[_Wire] = set()
        self._stack = AsyncExitStack()

    def plan(
        self,
        direction: Direction,
        harm: Harm,
        *,
        number: int | None = None,
        procedure: int | None = None,
    ) -> None:
        """Do harm once: to that packet, or to the next one with that procedure, or to the next.

        Args:
            direction: Which way the packet goes.
            harm: What is done to it.
            number: Which one it is of this direction, from 0, over all connections.
            procedure: The procedure's number in its header.
        """
        self._planned.append(_Planned(direction, number, procedure, harm))

    async def cut(self) -> None:
        """Cut every connection there is now."""
        for wire in list(self._open):
            await wire.aclose()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.path = Path(stack.enter_context(TemporaryDirectory()), "proxy")
            listener = stack.enter_context(_listen(self.target, self.path))
            if not isinstance(self.target, Path):
                self.port = listener.getsockname()[1]
            group = await stack.enter_async_context(open_task_group())
            stack.callback(group.cancel_scope.cancel)
            group.start_soon(self._accept, listener, group)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._stack.__aexit__(kind, error, traceback)

    async def _accept(self, listener: socket.socket, group: TaskGroup) -> None:
        while True:
            await anyio.wait_readable(listener)
            with suppress(BlockingIOError):  # the client has thought better of it
                group.start_soon(self._serve, listener.accept()[0])

    async def _serve(self, sock: socket.socket) -> None:
        client = _Wire(sock)
        try:
            if self.accepting:
                await self._connect(client)
        finally:
            await client.aclose()

    async def _connect(self, client: _Wire) -> None:
        try:
            server = _Wire(await _connect(self.target))
        except OSError:
            return
        sides = {client, server}
        self._open |= sides
        try:
            async with open_task_group() as group:
                group.start_soon(self._pump, CALLS, client, server)
                group.start_soon(self._pump, REPLIES, server, client)
        finally:
            self._open -= sides
            await server.aclose()

    async def _pump(self, direction: Direction, source: _Wire, sink: _Wire) -> None:
        """Pass packets one way until the source ends; close both sides when the line is cut."""
        reader, held = PacketReader(), _Held()
        try:
            while data := await source.receive():
                for whole in reader.feed(data) if self._framed else [data]:
                    await self._pass(direction, whole, source, sink, held)
            for piece in (*held.all(), reader.rest):
                await sink.send(piece)
            await sink.finish()
        except LineCut:
            await source.aclose()
            await sink.aclose()

    async def _pass(
        self, direction: Direction, data: bytes, source: _Wire, sink: _Wire, held: _Held
    ) -> None:
        number = self.passed[direction]
        self.passed[direction] += 1
        harm = self._harm(direction, number, data)
        if isinstance(harm, Hold):
            held.keep(data, harm.count)
            return
        if isinstance(harm, Stall):
            harm.reached.set()
            await harm.released.wait()
            harm = None
        extra = descriptors_of(data) if self._framed else 0
        body = data[: len(data) - extra]
        for piece in harm.harm(body) if harm else [body]:
            await sink.send(piece)
        await sink.send_descriptors([source.descriptors.pop(0) for _ in range(extra)])
        if self._recorder and self._framed:
            self._recorder.record(direction, body)
        for late in held.due():
            await sink.send(late)

    def _harm(self, direction: Direction, number: int, data: bytes) -> Harm | None:
        for planned in self._planned:
            if planned.meets(direction, number, data):
                self._planned.remove(planned)
                return planned.harm
        return None


class _Held:
    """The packets kept back, each with how many others are still to pass it."""

    def __init__(self) -> None:
        self._packets: list[tuple[bytes, int]] = []

    def keep(self, data: bytes, count: int) -> None:
        self._packets.append((data, count))

    def due(self) -> list[bytes]:
        """Count one packet that passed; return those whose time has come."""
        counted = [(data, count - 1) for data, count in self._packets]
        self._packets = [(data, count) for data, count in counted if count > 0]
        return [data for data, count in counted if count <= 0]

    def all(self) -> list[bytes]:
        """Return what is still kept, when nothing more will pass."""
        return [data for data, _ in self._packets]
