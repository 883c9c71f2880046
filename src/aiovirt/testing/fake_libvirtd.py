"""A fake libvirtd: the server's end of the protocol behind a Unix socket, with scripted faults.

It is a real peer made of our own core, and strict: it refuses what libvirtd refuses, in its words,
and counts what a client must not do in `FakeLibvirtd.violations`.  What it answers is a table that
a test may change; like libvirtd it reads nothing of a connection while five of its calls are at
work.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import anyio
from anyio.abc import TaskGroup

from aiovirt._tasks import open_task_group
from aiovirt.errors import AiovirtError, Closed, ConnectionLost, ProtocolError
from aiovirt.model.constants import AuthType, ErrorDomain, ErrorLevel, ErrorNumber
from aiovirt.protocols.libvirt.connection import (
    Call,
    Connection,
    Event,
    Ping,
    Role,
    StreamData,
    StreamEnd,
    StreamFailure,
    StreamHole,
)
from aiovirt.protocols.libvirt.failures import UNKNOWN_PROCEDURE, struct_from
from aiovirt.protocols.libvirt.packets import MAX_STREAM_DATA
from aiovirt.protocols.libvirt.procedure import Empty, EventKind, Procedure, StreamSide
from aiovirt.protocols.libvirt.registry import registry
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import domain as d
from aiovirt.protocols.libvirt.tables.programs import PROGRAM_VERSION, Program
from aiovirt.protocols.libvirt.tables.structs import Domain, Error
from aiovirt.protocols.xdr import DecodeError, Struct, codec
from aiovirt.streams.unix import UnixListener, UnixStream
from aiovirt.testing.faults import Cut, Garbage, Hold, Refuse, Script, Silent

__all__ = ["FakeLibvirtd", "Handler", "Session", "run_fake_libvirtd"]

MAX_CLIENT_REQUESTS = 5
"""Calls of one connection that are at work at once (libvirtd.conf)."""

VERSION = 9_000_000

M = TypeVar("M", bound=Struct)

Handler: TypeAlias = "Callable[[Any], Struct | Awaitable[Struct]]"
"""Takes a procedure's arguments and gives its result, or raises an `AiovirtError`."""

_AUTHENTICATION = frozenset(
    {
        c.AUTH_LIST.number,
        c.AUTH_POLKIT.number,
        c.AUTH_SASL_INIT.number,
        c.AUTH_SASL_START.number,
        c.AUTH_SASL_STEP.number,
    }
)
_BEFORE_OPEN = _AUTHENTICATION | {c.CONNECT_SUPPORTS_FEATURE.number, c.CONNECT_OPEN.number}


@dataclass
class Session:
    """One client's connection.

    Attributes:
        core: The state of its protocol.
        opened: The URI it opened, or None.
        callbacks: How many callbacks it registered.
        trusted: Whether it has shown who connects.
        received: What it sent on streams, by their serial.
    """

    stream: UnixStream
    core: Connection
    opened: str | None = None
    trusted: bool = False
    callbacks: int = 0
    at_work: int = 0
    room: anyio.Event = field(default_factory=anyio.Event)
    sending: anyio.Lock = field(default_factory=anyio.Lock)
    received: dict[int, list[StreamData | StreamHole | StreamEnd | StreamFailure]] = field(
        default_factory=dict
    )

    async def send(self, data: bytes) -> None:
        """Send packets, whole; a client that has gone is no error."""
        async with self.sending:
            with suppress(ConnectionLost, Closed):
                await self.stream.send(data)

    async def close(self) -> None:
        """End the connection."""
        await self.stream.aclose()


class FakeLibvirtd:
    """The daemon; `run_fake_libvirtd` makes it.

    Attributes:
        path: Its socket.
        script: The faults to come, by the procedure's name.
        handlers: What each procedure does.
        domains: What it lists.
        auth: How it wants to be shown who connects: of several, one is enough.
        data: What it sends on streams that clients read, and then their end.
        pings: Whether it answers pings.
        pinged: How many pings came.
        calls: The names of the procedures that were called, in order.
        sessions: The connections that are open.
        violations: How clients broke the protocol.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.script = Script()
        self.domains: list[Domain] = [Domain("test", UUID(int=1).bytes, 1)]
        self.auth = [AuthType.NONE]
        self.data = b""
        self.pings = True
        self.pinged = 0
        self.calls: list[str] = []
        self.sessions: list[Session] = []
        self.violations: list[AiovirtError] = []
        self.handlers: dict[tuple[int, int], Handler] = {}
        self.on(c.AUTH_LIST, lambda _: c.AuthListRet([int(kind) for kind in self.auth]))
        self.on(c.AUTH_POLKIT, lambda _: c.AuthPolkitRet(1))
        self.on(c.CONNECT_OPEN, lambda _: Empty())
        self.on(c.CONNECT_CLOSE, lambda _: Empty())
        self.on(c.CONNECT_SUPPORTS_FEATURE, lambda _: c.ConnectSupportsFeatureRet(1))
        self.on(c.CONNECT_GET_TYPE, lambda _: c.ConnectGetTypeRet("QEMU"))
        self.on(c.CONNECT_GET_LIB_VERSION, lambda _: c.ConnectGetLibVersionRet(VERSION))
        self.on(c.CONNECT_GET_HOSTNAME, lambda _: c.ConnectGetHostnameRet("fake"))
        self.on(c.CONNECT_LIST_ALL_DOMAINS, self._list)
        self.on(d.DOMAIN_GET_INFO, lambda _: d.DomainGetInfoRet(1, 1024, 1024, 1, 0))
        self.on(d.DOMAIN_GET_STATE, lambda _: d.DomainGetStateRet(1, 1))

    def on(self, procedure: Procedure[Any, Any], handler: Handler) -> None:
        """Let `handler` do a procedure."""
        self.handlers[procedure.program, procedure.number] = handler

    async def tell(self, kind: EventKind[M], msg: M) -> None:
        """Send a message to all clients."""
        for session in list(self.sessions):
            await session.send(session.core.message(kind, msg))

    async def hang_up(self) -> None:
        """End all connections."""
        for session in list(self.sessions):
            await session.close()

    def _list(self, args: c.ConnectListAllDomainsArgs) -> Struct:
        found = self.domains if args.need_results else []
        return c.ConnectListAllDomainsRet(list(found), len(self.domains))

    # --- serving ------------------------------------------------------------------------------

    async def serve(self, listener: UnixListener) -> None:
        """Take connections for ever; for a task."""
        async with open_task_group() as tasks:
            while True:
                stream = await listener.accept()
                tasks.start_soon(self._serve_one, stream)

    async def _serve_one(self, stream: UnixStream) -> None:
        session = Session(stream, Connection(Role.SERVER, peer="a client"))
        self.sessions.append(session)
        try:
            async with open_task_group() as tasks:
                await self._read(session, tasks)
                tasks.cancel_scope.cancel()
        except ProtocolError as error:
            self.violations.append(error)
        finally:
            self.sessions.remove(session)
            _close_all(session.core.abandon())
            with anyio.CancelScope(shield=True):
                await stream.aclose()

    async def _read(self, session: Session, tasks: TaskGroup) -> None:
        while True:
            try:
                data, descriptors = await session.stream.receive_with_descriptors()
            except (anyio.EndOfStream, ConnectionLost, Closed):
                return
            for event in session.core.receive(data, descriptors):
                await self._take(session, event, tasks)

    async def _take(self, session: Session, event: Event, tasks: TaskGroup) -> None:
        if isinstance(event, Call):
            while session.at_work >= MAX_CLIENT_REQUESTS:
                session.room = anyio.Event()
                await session.room.wait()
            session.at_work += 1
            tasks.start_soon(self._answer, session, event)
        elif isinstance(event, Ping):
            self.pinged += 1
            if self.pings:
                await session.send(session.core.pong())
        elif isinstance(event, (StreamData, StreamHole, StreamEnd, StreamFailure)):
            session.received.setdefault(event.serial, []).append(event)
            if isinstance(event, (StreamEnd, StreamFailure)):
                await session.send(session.core.stream_finish(event.serial))
            elif isinstance(event, StreamFailure):
                told = _error(ErrorNumber.ERR_RPC, "stream aborted at client request")
                await session.send(session.core.stream_abort(event.serial, told))

    async def _answer(self, session: Session, call: Call) -> None:
        try:
            await self._do(session, call)
        finally:
            session.at_work -= 1
            session.room.set()
            _close_all(call.descriptors)

    async def _do(self, session: Session, call: Call) -> None:
        found = registry().get((call.program, call.procedure))
        refusal = self._refusal(session, call)
        if refusal is not None or not isinstance(found, Procedure):
            await session.send(session.core.refuse(call, refusal or _unknown(call)))
            return
        self.calls.append(found.name)
        reply = await self._reply(session, call, found)
        fault = self.script.take(found.name)
        if isinstance(fault, (Hold, Silent)):
            fault.reached.set()
        if isinstance(fault, Hold):
            await fault.until.wait()
        if isinstance(fault, Refuse):
            reply = session.core.refuse(call, _error(ErrorNumber.ERR_OPERATION_FAILED, fault))
        if isinstance(fault, Garbage):
            reply = fault.data
        if isinstance(fault, Cut):
            await session.send(reply[: fault.after])
            await session.close()
        elif not isinstance(fault, Silent):
            await session.send(reply)
            if found.stream is StreamSide.READ:
                await self._send_data(session, call.serial)

    async def _send_data(self, session: Session, serial: int) -> None:
        """Send all data of a stream that a client reads, and its end, unless it is aborted."""
        starts = range(0, len(self.data), MAX_STREAM_DATA)
        pieces = [self.data[start : start + MAX_STREAM_DATA] for start in starts]
        for piece in (*pieces, b""):
            if session.core.stream_is_open(serial):
                await session.send(session.core.stream_data(serial, piece))

    async def _reply(self, session: Session, call: Call, procedure: Procedure[Any, Any]) -> bytes:
        handler = self.handlers.get((call.program, call.procedure))
        if handler is None:
            return session.core.refuse(call, _error(ErrorNumber.ERR_NO_SUPPORT, procedure.name))
        try:
            args = codec(procedure.args).decode(call.payload)
        except DecodeError:
            text = "Unable to decode message payload"
            return session.core.refuse(call, _error(ErrorNumber.ERR_RPC, text))
        try:
            result = handler(args)
            if isinstance(result, Awaitable):
                result = await result
        except AiovirtError as error:
            return session.core.refuse(call, struct_from(error, ErrorDomain.QEMU))
        if procedure is c.CONNECT_OPEN:
            session.opened = args.name or ""
        session.trusted |= procedure is c.AUTH_POLKIT or getattr(result, "complete", 0) == 1
        return session.core.reply(call, procedure, result)

    def _refusal(self, session: Session, call: Call) -> Error | None:
        """What libvirtd says to a call that it does not even look at."""
        if call.program not in set(Program) or call.version != PROGRAM_VERSION:
            text = f"Cannot find program {call.program} version {call.version}"
            return _error(ErrorNumber.ERR_RPC, text)
        if (call.program, call.procedure) not in registry():
            return _unknown(call)
        if not session.trusted and AuthType.NONE not in self.auth and not _proves(call):
            return _error(ErrorNumber.ERR_RPC, "authentication required")
        early = call.program == Program.REMOTE and call.procedure in _BEFORE_OPEN
        if session.opened is None and not early:
            return _error(ErrorNumber.ERR_INTERNAL_ERROR, "connection not open")
        return None


def _proves(call: Call) -> bool:
    """Whether a call is one by which a client shows who it is."""
    return call.program == Program.REMOTE and call.procedure in _AUTHENTICATION


def _unknown(call: Call) -> Error:
    return _error(ErrorNumber.ERR_RPC, f"{UNKNOWN_PROCEDURE}: {call.procedure}")


def _error(number: ErrorNumber, why: str | Refuse) -> Error:
    text = why.description if isinstance(why, Refuse) else why
    level = ErrorLevel.ERROR
    return Error(number, ErrorDomain.RPC, text, level, None, None, None, None, -1, -1, None)


def _close_all(descriptors: list[int] | tuple[int, ...]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


@asynccontextmanager
async def run_fake_libvirtd(path: str | os.PathLike[str]) -> AsyncGenerator[FakeLibvirtd, None]:
    """Run a fake libvirtd at a Unix socket while the ``async with`` is open.

    Raises:
        AlreadyExists: Something is at the path.
    """
    fake = FakeLibvirtd(Path(path))
    async with UnixListener(path, backlog=128) as listener, open_task_group() as tasks:
        tasks.start_soon(fake.serve, listener)
        try:
            yield fake
        finally:
            tasks.cancel_scope.cancel()
