"""A fake QEMU: the monitor of a machine that only exists in its answers, with scripted faults.

It is a real peer: the server's side of the QMP core behind a Unix socket.  Like QEMU it carries
out commands one after the other, except those sent out of band.  It is strict: a client that does
not keep to the protocol loses the connection, and `FakeQemu.violations` tells why.
"""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import anyio
import msgspec
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from aiovirt._tasks import open_task_group
from aiovirt.errors import Closed, ConnectionLost, ProtocolError, QMPCommandError
from aiovirt.protocols.qmp import (
    NEGOTIATE,
    Connection,
    Event,
    Failure,
    Greeting,
    Phase,
    Request,
    Role,
    Success,
    Version,
)
from aiovirt.streams.unix import UnixListener, UnixStream
from aiovirt.testing.faults import (
    Cut,
    Flood,
    Garbage,
    Hold,
    Refuse,
    Script,
    Silent,
    WrongId,
)

__all__ = ["FakeQemu", "Handler", "run_fake_qemu"]

QUEUE = 8
"""Commands that wait for their turn; then reading stops (QMP_REQ_QUEUE_LEN_MAX, monitor/qmp.c)."""

GREETING = Greeting(Version(9, 9, 9), "fake", ("oob",))

Handler = Callable[[Mapping[str, object]], object]
"""Takes a command's arguments and returns its result, or raises `QMPCommandError`."""


class FakeQemu:
    """The machine behind the monitor; `run_fake_qemu` makes it.

    Attributes:
        script: The faults to come.
        handlers: What each command does; a test may put in more.
        requests: What clients asked, in order.
        descriptors: File descriptors that came with commands; closed at the end.
        violations: How clients broke the protocol.
        running: Whether the machine runs.
    """

    def __init__(self, greeting: Greeting) -> None:
        self.greeting = greeting
        self.script = Script()
        self.requests: list[Request] = []
        self.descriptors: list[int] = []
        self.violations: list[ProtocolError] = []
        self.running = False
        self.handlers: dict[str, Handler] = {
            "query-status": lambda _: {"status": self._status, "running": self.running},
            "query-version": lambda _: {"qemu": greeting.version, "package": greeting.package},
            "query-commands": lambda _: [{"name": name} for name in sorted(self.handlers)],
            "stop": lambda _: self._turn(on=False),
            "cont": lambda _: self._turn(on=True),
            "quit": lambda _: self._quit(),
            "echo": lambda arguments: arguments,
        }
        self._sessions: list[_Session] = []
        self._connect: Callable[[UnixStream], object] | None = None

    def connect(self) -> socket.socket:
        """Return a client's end of a new connection; it is the caller's."""
        if self._connect is None:
            raise Closed("the fake QEMU is over")
        ours, theirs = socket.socketpair()
        self._connect(UnixStream(ours))
        return theirs

    def emit(self, name: str, data: Mapping[str, object] | None = None) -> None:
        """Send an event to all clients, before any answer that is not sent yet."""
        for session in self._sessions:
            session.unsent.append(Event(name, data or {}, 1.5))

    async def announce(self, name: str, data: Mapping[str, object] | None = None) -> None:
        """Send an event to all clients now."""
        self.emit(name, data)
        for session in self._sessions:
            await session.flush()

    @property
    def _status(self) -> str:
        return "running" if self.running else "paused"

    def _turn(self, *, on: bool) -> object:
        if on != self.running:
            self.running = on
            self.emit("RESUME" if on else "STOP")
        return {}

    def _quit(self) -> object:
        self.emit("SHUTDOWN", {"guest": False, "reason": "host-qmp-quit"})
        for session in self._sessions:
            session.ending = True
        return {}

    async def serve(self, stream: UnixStream) -> None:
        """Serve one client until it goes."""
        session = _Session(self, stream)
        self._sessions.append(session)
        try:
            await session.run()
        except (ConnectionLost, Closed):
            pass  # the client went; a fake does not mind
        except ProtocolError as error:
            self.violations.append(error)
        finally:
            self._sessions.remove(session)
            with anyio.CancelScope(shield=True):
                await stream.aclose()

    @asynccontextmanager
    async def accepting(self) -> AsyncGenerator[None, None]:
        """Serve the clients of `connect` while the ``async with`` is open."""
        async with open_task_group() as group:
            self._connect = lambda stream: group.start_soon(self.serve, stream)
            try:
                yield
            finally:
                self._connect = None
                group.cancel_scope.cancel()
                while self.descriptors:
                    os.close(self.descriptors.pop())


class _Session:
    """One client's connection."""

    def __init__(self, fake: FakeQemu, stream: UnixStream) -> None:
        self.unsent: list[Event | Success | Failure] = []
        self.ending = False
        self._fake = fake
        self._stream = stream
        self._core = Connection(Role.SERVER, peer="client")
        self._writing = anyio.Lock()
        self._faults: dict[type, Callable[..., Awaitable[None]]] = {
            Hold: self._hold,
            Silent: self._stay_silent,
            Garbage: self._send_garbage,
            Cut: self._cut,
            WrongId: self._confuse,
            Refuse: self._refuse,
            Flood: self._flood,
        }

    async def run(self) -> None:
        await self._stream.send(self._core.send(self._fake.greeting))
        put, take = anyio.create_memory_object_stream[Request](QUEUE)
        async with open_task_group() as group:
            group.start_soon(self._work, take)
            with put:
                await self._read(put)
            group.cancel_scope.cancel()

    async def _read(self, queue: MemoryObjectSendStream[Request]) -> None:
        while True:
            try:
                data, descriptors = await self._stream.receive_with_descriptors()
            except anyio.EndOfStream:
                return
            self._fake.descriptors += descriptors
            self._core.receive_data(data, len(descriptors))
            while isinstance(request := self._core.next_message(), Request):
                self._fake.requests.append(request)
                if request.oob:
                    await self._answer(request)
                else:
                    await queue.send(request)

    async def _work(self, queue: MemoryObjectReceiveStream[Request]) -> None:
        with queue:
            async for request in queue:
                await self._answer(request)

    async def _answer(self, request: Request) -> None:
        fault = self._fake.script.take(request.name)
        if fault is None:
            await self._say(self._reply(request))
        else:
            await self._faults[type(fault)](request, fault)
        if self.ending:
            await self._stream.aclose()

    def _reply(self, request: Request) -> Success | Failure:
        if request.name == NEGOTIATE:
            return _success(request, {})
        handler = self._fake.handlers.get(request.name)
        if handler is None or self._core.phase is not Phase.READY:
            text = f"The command {request.name} has not been found"
            return Failure(request.id, "CommandNotFound", text)
        arguments = request.arguments if isinstance(request.arguments, Mapping) else {}
        try:
            return _success(request, handler(arguments))
        except QMPCommandError as error:
            return Failure(request.id, error.error_class, error.description)

    async def _say(self, message: Event | Success | Failure) -> None:
        self.unsent.append(message)
        await self.flush()

    async def flush(self) -> None:
        """Send what waits, in order; events wait for the end of the negotiation."""
        async with self._writing:
            unsent, self.unsent = self.unsent, []
            for message in unsent:
                if not isinstance(message, Event) or self._core.phase is Phase.READY:
                    await self._stream.send(self._core.send(message))

    async def _hold(self, request: Request, fault: Hold) -> None:
        fault.reached.set()
        await fault.until.wait()
        await self._say(self._reply(request))

    async def _stay_silent(self, _request: Request, fault: Silent) -> None:
        fault.reached.set()

    async def _send_garbage(self, _request: Request, fault: Garbage) -> None:
        await self._stream.send(fault.data)

    async def _cut(self, request: Request, fault: Cut) -> None:
        data = self._core.send(self._reply(request))
        if fault.after:
            await self._stream.send(data[: fault.after])
        await self._stream.aclose()

    async def _confuse(self, request: Request, fault: WrongId) -> None:
        reply = self._reply(request)
        raw = reply.raw if isinstance(reply, Success) else b"{}"
        wrong = msgspec.json.encode({"return": msgspec.Raw(raw), "id": fault.id})
        await self._stream.send(wrong + b"\r\n")

    async def _refuse(self, request: Request, fault: Refuse) -> None:
        await self._say(Failure(request.id, fault.error_class, fault.description))

    async def _flood(self, request: Request, fault: Flood) -> None:
        self.unsent += [Event("FLOOD", {"number": number}, 1.5) for number in range(fault.count)]
        await self._say(self._reply(request))


def _success(request: Request, value: object) -> Success:
    return Success(request.id, msgspec.json.encode(value))


@asynccontextmanager
async def run_fake_qemu(
    path: str | os.PathLike[str] | None = None, *, greeting: Greeting = GREETING
) -> AsyncGenerator[FakeQemu, None]:
    """Run a fake QEMU while the ``async with`` is open.

    Args:
        path: Where its monitor listens; None for `FakeQemu.connect` only.
        greeting: What it says first.
    """
    fake = FakeQemu(greeting)
    async with fake.accepting():
        if path is None:
            yield fake
            return
        async with UnixListener(path) as listener, open_task_group() as group:
            group.start_soon(_listen, fake, listener)
            yield fake
            group.cancel_scope.cancel()


async def _listen(fake: FakeQemu, listener: UnixListener) -> None:
    while True:
        await fake.serve(await listener.accept())
