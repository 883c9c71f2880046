"""The QMP client: the core, one channel, and the calls that wait for replies.

It knows no drivers and no domains.  The calling task writes its request itself, and its reply wakes
it; no task stands between.
"""

from __future__ import annotations

import math
import os
import socket
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

import anyio
import anyio.lowlevel
import msgspec

from aiovirt._tasks import Broadcast, Subscription
from aiovirt.errors import (
    AiovirtError,
    CallerError,
    Closed,
    ConnectionLost,
    ProtocolError,
    QMPCommandError,
    Unresponsive,
    Unsupported,
)
from aiovirt.protocols.qmp import (
    NEGOTIATE,
    UNREADABLE,
    Connection,
    Event,
    Failure,
    Greeting,
    Message,
    Request,
    Success,
)
from aiovirt.protocols.qmp.commands import Command
from aiovirt.protocols.qmp.messages import MessageId
from aiovirt.protocols.qmp.schema import Schema
from aiovirt.streams.channel import Channel, Slot, open_channel
from aiovirt.streams.unix import MAX_DESCRIPTORS

__all__ = [
    "EVENTS_LOST",
    "EVENT_BACKLOG",
    "IN_FLIGHT",
    "OOB_IN_FLIGHT",
    "ConnectionEnd",
    "EventStream",
    "QMPClient",
]

R = TypeVar("R")
_Arguments: TypeAlias = Mapping[str, object] | msgspec.Struct | None
_Request: TypeAlias = tuple[str, _Arguments]

EventStream = Subscription[Event]
"""A bounded stream of events: an ``async with``, then an ``async for``."""

EVENT_BACKLOG = 4096
"""How many events wait for one slow subscriber."""

EVENTS_LOST = "AIOVIRT_EVENTS_LOST"
"""The name of the event that announces a loss; its data are ``{"count": number}``."""

IN_FLIGHT = 6
"""How many commands are sent ahead of their replies.  QEMU stops reading at 8, and then an
``exec-oob`` could not overtake any more (QMP_REQ_QUEUE_LEN_MAX in monitor/qmp.c); one place is for
the command that an ``exec-oob`` cuts off (`Connection.send`)."""

OOB_IN_FLIGHT = 64
"""How many commands are sent out of band ahead of their replies."""

OOB_PATIENCE_S = 1.0
"""How long a command out of band waits for one with descriptors that is on its way."""


@dataclass(frozen=True, slots=True)
class ConnectionEnd:
    """Why a connection ended.

    Attributes:
        reason: One phrase.
        error: The error behind it, or None when the peer just closed or this side did.
    """

    reason: str
    error: Exception | None = None

    def __str__(self) -> str:
        return self.reason


class _Gate:
    """Closed while nothing may be sent: a command with descriptors is on its way.

    Attributes:
        is_open: Whether commands may be sent.
    """

    def __init__(self) -> None:
        self.is_open = True
        self._opened = anyio.Event()

    def close(self) -> None:
        """Let nobody through before `release`."""
        self.is_open = False
        self._opened = anyio.Event()

    def release(self) -> None:
        """Open it."""
        self.is_open = True
        self._opened.set()

    async def wait(self) -> None:
        """Wait until it is open; who then does not await anything gets through."""
        while not self.is_open:
            await self._opened.wait()


class _Held(Protocol):
    """A place that a command takes."""

    def release(self) -> object:
        """Give it back."""
        ...


class _Call:
    """One command on its way: the caller's waiting place, what it holds, and later the reply."""

    __slots__ = ("_held", "reply", "slot")

    def __init__(self, slot: Slot, held: Sequence[_Held]) -> None:
        self.slot = slot
        self.reply: Success | Failure | None = None
        self._held = held

    def finish(self, reply: Success | Failure | None) -> None:
        """Take the reply, or None when there will be none; wake the caller, if it still waits."""
        self.reply = reply
        _release(self._held)
        self.slot.set()


def _release(held: Sequence[_Held]) -> None:
    """Give places back, the last first: who waits at the gate goes before the next to close it."""
    for each in reversed(held):
        each.release()


class QMPClient:
    """A negotiated QMP connection; `connect_qmp` makes it.

    Any number of tasks of one event loop may call at once.

    Attributes:
        name: Whose monitor this is, for messages.
    """

    def __init__(self, name: str, core: Connection) -> None:
        self.name = name
        self._core = core
        self._channel: Channel | None = None
        self._greeting: Greeting | None = None
        self._oob = False
        self._greeted = anyio.Event()
        self._ended = anyio.Event()
        self._end: ConnectionEnd | None = None
        self._calls: dict[object, _Call] = {}
        self._events: Broadcast[Event] = Broadcast(_announce_loss, backlog=EVENT_BACKLOG)
        self._in_band = anyio.Semaphore(IN_FLIGHT, fast_acquire=True)
        self._held_in_band = (self._in_band,)
        self._as_one = anyio.Lock(fast_acquire=True)
        self._out_of_band = anyio.Semaphore(OOB_IN_FLIGHT, fast_acquire=True)
        self._with_descriptors = anyio.Semaphore(1, fast_acquire=True)
        self._gate = _Gate()
        self._schema: Schema | None = None

    # --- what the server is ---------------------------------------------------------------------

    @property
    def greeting(self) -> Greeting:
        """What the server said of itself: its version, package and capabilities."""
        if self._greeting is None:
            raise Closed(f"{self.name}: the QMP server has not greeted")
        return self._greeting

    @property
    def oob(self) -> bool:
        """Whether commands can be sent out of band."""
        return self._oob

    def check_against(self, schema: Schema | None) -> None:
        """From now on refuse commands that do not fit the server's schema; None ends that.

        Such a command raises `CallerError` with all complaints, and is not sent.
        """
        self._schema = schema

    # --- calls ----------------------------------------------------------------------------------

    async def execute(
        self,
        command: str,
        arguments: Mapping[str, object] | None = None,
        *,
        fds: Sequence[int] = (),
        oob: bool = False,
        **kwargs: object,
    ) -> object:
        """Run any command and return its result as plain JSON values.

        Args:
            command: QMP's name of it, such as ``query-status``.
            arguments: Arguments under QMP's own names.
            fds: File descriptors to pass along; they stay the caller's, who may close them when
                this returns.
            oob: Send it as ``exec-oob``: it overtakes commands that are stuck.
            kwargs: More arguments; underscores become dashes. Not-a-number and infinity become
                null: JSON has neither.

        Raises:
            QMPCommandError: The server refused.
            ConnectionLost: The connection ended; `maybe_done` tells whether the command was sent.
            Closed: The client was closed before.
            CallerError: `arguments` cannot be written as JSON that a QEMU reads, a descriptor is
                not open, or `oob` was not negotiated.
            ProtocolError: The result cannot be read; the connection stays good.

        Cancellation: before the command is sent nothing happens.  Afterwards it may be carried
        out; its late reply is dropped, and the connection stays good.
        """
        if kwargs:
            named = {key.replace("_", "-"): value for key, value in kwargs.items()}
            arguments = {**(arguments or {}), **named}
        success = await self._round_trip(command, arguments or None, fds, oob=oob)
        try:
            return success.value
        except UNREADABLE as error:
            raise self._unexpected(command, error) from error

    async def call(self, command: Command[R], *, fds: Sequence[int] = (), oob: bool = False) -> R:
        """Run a typed command and return its typed result.

        Arguments, errors and cancellation are those of `execute`, and:

        Raises:
            ProtocolError: The result is not what this command's type says.
        """
        name = command.qmp_name
        return self._decoded(
            command, await self._round_trip(name, command.arguments(), fds, oob=oob)
        )

    async def call_all(self, *commands: Command[Any]) -> list[Any]:
        """Run typed commands that are sent as one; their results, in their order.

        It costs the server and this side less than one call after the other.  Errors are those of
        `call`; the first that a command has is raised when all have been answered.
        """
        results = await self.call_each(*commands)
        for result in results:
            if isinstance(result, QMPCommandError):
                raise result
        return results

    async def call_each(self, *commands: Command[Any]) -> list[Any]:
        """As `call_all`, with the error in the place of the result where one was refused."""
        calls = await self._answered([(each.qmp_name, each.arguments()) for each in commands])
        return [self._outcome(*each) for each in zip(commands, calls, strict=True)]

    async def post(self, command: Command[Any]) -> None:
        """Send a typed command whose result is of no interest, and do not wait for it.

        The server carries out what is sent later after it, whether it refused this one or not.

        Raises:
            ConnectionLost: The connection ended; `maybe_done` tells whether it was sent.
            Closed: The client was closed before.
            CallerError: Its arguments cannot be sent.

        Cancellation: before it is sent nothing happens.
        """
        await anyio.lowlevel.checkpoint_if_cancelled()
        await self._post_all([(command.qmp_name, command.arguments())])

    async def execute_each(
        self, *requests: tuple[str, Mapping[str, object]]
    ) -> list[QMPCommandError | None]:
        """Run any commands that are sent as one, whose results are of no interest.

        Returns:
            For each the error with which it was refused, if it was: those behind it are carried
            out all the same.

        Raises, and what cancellation leaves: see `execute`.
        """
        calls = await self._answered(requests)
        found: list[QMPCommandError | None] = []
        for (name, _), call in zip(requests, calls, strict=True):
            try:
                self._result(name, call.reply)
            except QMPCommandError as error:
                found.append(error)
            else:
                found.append(None)
        return found

    async def _answered(self, requests: Sequence[_Request]) -> list[_Call]:
        await anyio.lowlevel.checkpoint_if_cancelled()
        calls: list[_Call] = []
        for start in range(0, len(requests), IN_FLIGHT):  # more could never be on their way
            calls += await self._post_all(requests[start : start + IN_FLIGHT])
            for call in calls[start:]:
                await call.slot.wait()
        return calls

    def _outcome(self, command: Command[R], call: _Call) -> R | QMPCommandError:
        try:
            return self._decoded(command, self._result(command.qmp_name, call.reply))
        except QMPCommandError as error:
            return error

    def _decoded(self, command: Command[R], success: Success) -> R:
        try:
            value: R = msgspec.json.decode(success.raw, type=command.result)
        except UNREADABLE as error:
            raise self._unexpected(command.qmp_name, error) from error
        return value

    async def _post_all(self, requests: Sequence[_Request]) -> list[_Call]:
        if self._schema is not None:
            for name, given in requests:
                self._check_arguments(self._schema, name, given, oob=False)
        held: list[Sequence[_Held]] = []
        with ExitStack() as undo:
            async with self._as_one:  # two that come place by place could wait for each other
                while len(held) < len(requests):
                    held.append(await self._hold((), oob=False))
                    undo.callback(_release, held[-1])
            await self._gate.wait()  # it may have been closed while the last places were waited for
            calls = self._post_as_one(requests, held)
            undo.pop_all()
        return calls

    def _post_as_one(
        self, requests: Sequence[_Request], held: Sequence[Sequence[_Held]]
    ) -> list[_Call]:
        name = requests[0][0]
        channel = self._check_usable(name, oob=False)
        numbers: list[MessageId] = []
        data = bytearray()
        for each in requests:  # an id is fresh until the request with the one before it is sent
            numbers.append(self._core.fresh_id())
            data += self._core.send(Request(*each, numbers[-1]))
        try:
            channel.send(bytes(data))
        except OSError as error:
            channel.end(error)  # as in `_post`
            raise self._lost(name, maybe_done=False) from error
        calls = [_Call(channel.slot(), each) for each in held]
        self._calls.update(zip(numbers, calls, strict=True))
        return calls

    def events(self, *names: str, backlog: int | None = None) -> EventStream:
        """Return a stream of the events with these names, or of all; effective on entering.

        It is bounded: when it is read too slowly the oldest events go, and an event named
        `EVENTS_LOST` says in their place how many.  It ends with the connection, and raises
        `ConnectionLost` when that broke.

        Args:
            names: Such as ``SHUTDOWN``; none at all mean every event.
            backlog: How many events may wait, instead of `EVENT_BACKLOG`.
        """
        wanted = frozenset(names)
        return self._events.subscribe(_named(wanted) if wanted else None, backlog=backlog)

    async def wait_closed(self) -> ConnectionEnd:
        """Wait until the connection has ended, and return why. Cancellation: no effect."""
        await self._ended.wait()
        return self._end or ConnectionEnd("closed by this side")

    # --- the way of one call ----------------------------------------------------------------------

    async def _round_trip(
        self,
        command: str,
        arguments: Mapping[str, object] | msgspec.Struct | None,
        fds: Sequence[int],
        *,
        oob: bool,
    ) -> Success:
        await anyio.lowlevel.checkpoint_if_cancelled()
        self._check_usable(command, oob=oob)
        if fds:
            self._check_descriptors(command, fds)
        if self._schema is not None:
            self._check_arguments(self._schema, command, arguments, oob=oob)
        held = await self._hold(fds, oob=oob)
        try:
            call = self._post(command, arguments, fds, oob=oob, held=held)
        except BaseException:
            _release(held)
            raise
        await call.slot.wait()
        return self._result(command, call.reply)

    async def _hold(self, fds: Sequence[int], *, oob: bool) -> Sequence[_Held]:
        """Take a place among the commands in flight; the reply gives it back."""
        free = self._in_band.value and self._gate.is_open and not self._congested
        if free and not (oob or fds):
            self._in_band.acquire_nowait()
            return self._held_in_band
        # A descriptor belongs to the connection, not to its command: QEMU drops those that no
        # command has taken when new ones come.  So one command with descriptors goes at a time;
        # the others wait for that first, and take no place from commands without.  Nor may
        # anything be sent behind it before it is answered: see `Request.descriptors`.
        needed = [self._with_descriptors] if fds else []
        needed.append(self._out_of_band if oob else self._in_band)
        held: list[_Held] = []
        try:
            for semaphore in needed:
                await semaphore.acquire()
                held.append(semaphore)
            if self._channel is not None:
                await self._channel.wait_for_room()
            await self._wait_for_gate(oob=oob)
            if fds:
                self._gate.close()
                held.append(self._gate)
        except BaseException:
            _release(held)
            raise
        return held

    async def _wait_for_gate(self, *, oob: bool) -> None:
        """Wait until no command with descriptors is on its way.

        What goes out of band is for servers that are stuck: who has not answered for a while does
        not take descriptors just then.
        """
        with anyio.move_on_after(OOB_PATIENCE_S if oob else math.inf):
            await self._gate.wait()

    @property
    def _congested(self) -> bool:
        return self._channel is not None and self._channel.congested

    def _post(
        self,
        command: str,
        arguments: Mapping[str, object] | msgspec.Struct | None,
        fds: Sequence[int],
        *,
        oob: bool,
        held: Sequence[_Held],
    ) -> _Call:
        channel = self._check_usable(command, oob=oob)
        number = self._core.fresh_id()
        try:
            data = self._core.send(Request(command, arguments, number, oob, len(fds)))
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise CallerError(
                f"{self.name}: the arguments of {command} cannot be sent as JSON: {error}"
            ) from error
        try:
            channel.send(data, fds)
        except OSError as error:
            channel.end(error)  # the core counts it as sent: no later command could be understood
            raise self._lost(command, maybe_done=False) from error
        # From here on QEMU works at it; no reply is looked at before this task waits.
        call = self._calls[number] = _Call(channel.slot(), held)
        return call

    def _check_usable(self, command: str, *, oob: bool) -> Channel:
        if self._channel is None:
            raise Closed(f"{self.name}: the QMP client is closed")
        if self._end is not None:
            raise self._lost(command, maybe_done=False) from self._end.error
        if oob and not self._oob:
            raise Unsupported("QMP", f"exec-oob of {command}", f"{self.name} does not offer it")
        return self._channel

    def _check_descriptors(self, command: str, fds: Sequence[int]) -> None:
        if len(fds) > MAX_DESCRIPTORS:
            raise CallerError(
                f"{self.name}: {command}: {len(fds)} descriptors are more than {MAX_DESCRIPTORS}"
            )
        for fd in fds:
            try:
                os.fstat(fd)
            except OSError as error:
                raise CallerError(f"{self.name}: {command}: descriptor {fd} is not open") from error

    def _check_arguments(
        self,
        schema: Schema,
        command: str,
        arguments: Mapping[str, object] | msgspec.Struct | None,
        *,
        oob: bool,
    ) -> None:
        complaints = schema.check_command(command, msgspec.to_builtins(arguments), oob=oob)
        if complaints:
            raise CallerError(f"{self.name}: {'; '.join(map(str, complaints))}")

    def _result(self, command: str, reply: Success | Failure | None) -> Success:
        if isinstance(reply, Success):
            return reply
        if isinstance(reply, Failure):
            raise QMPCommandError(command, reply.error_class, reply.description)
        raise self._lost(command, maybe_done=True) from self._end.error if self._end else None

    def _unexpected(self, command: str, error: Exception) -> ProtocolError:
        return ProtocolError(f"{self.name}: unexpected result of {command}: {error}")

    def _lost(self, command: str, *, maybe_done: bool) -> ConnectionLost:
        why = f" ({self._end})" if self._end else ""
        what = "before it answered" if maybe_done else "and cannot take"
        return ConnectionLost(
            f"{self.name}: the QMP connection ended{why} {what} {command}", maybe_done=maybe_done
        )

    # --- what arrives -----------------------------------------------------------------------------

    def _on_data(self, data: bytes) -> None:
        try:
            self._core.receive_data(data)
        finally:
            while (message := self._core.next_message()) is not None:
                self._on_message(message)

    def _on_message(self, message: Message) -> None:
        if isinstance(message, Success | Failure):
            self._calls.pop(message.id).finish(message)
        elif isinstance(message, Event):
            self._events.publish(message)
        elif isinstance(message, Greeting):
            self._greeting = message
            self._greeted.set()

    def _on_end(self, error: Exception | None) -> None:
        if error is None:
            error = self._end_core()
        self._end = _describe(error, self._channel)
        calls, self._calls = self._calls, {}
        for call in calls.values():
            call.finish(None)
        self._greeted.set()
        broken = isinstance(error, ProtocolError)
        self._events.close(self._events_lost if broken else None)
        self._ended.set()

    def _end_core(self) -> Exception | None:
        """Tell the core of the end of the stream: it knows whether a message was cut."""
        try:
            self._core.receive_data(b"")
        except AiovirtError as error:
            return error
        return None

    def _events_lost(self) -> ConnectionLost:
        return ConnectionLost(
            f"{self.name}: the QMP connection ended ({self._end})", maybe_done=False
        )

    # --- beginning and end ------------------------------------------------------------------------

    @asynccontextmanager
    async def running(self, sock: socket.socket, timeout_s: float) -> AsyncGenerator[None, None]:
        """Negotiate over `sock`, then serve calls while the ``async with`` is open."""
        async with open_channel(sock, self._on_data, self._on_end) as channel:
            self._channel = channel
            try:
                await self._negotiate(timeout_s)
                yield
            finally:
                self._channel = None

    async def _negotiate(self, timeout_s: float) -> None:
        with anyio.move_on_after(timeout_s) as scope:
            await self._greeted.wait()
            self._check_greeted()
            wanted = [offer for offer in self.greeting.capabilities if offer == "oob"]
            arguments = {"enable": wanted} if wanted else None
            await self._round_trip(NEGOTIATE, arguments, (), oob=False)
            self._oob = bool(wanted)
        if scope.cancelled_caught:
            raise Unresponsive(
                f"{self.name}: no QMP greeting and negotiation within {timeout_s:g} s"
            )

    def _check_greeted(self) -> None:
        if self._greeting is not None:
            return
        error = self._end.error if self._end else None
        if isinstance(error, ProtocolError):
            raise error
        raise ConnectionLost(
            f"{self.name}: no QMP greeting, but the connection was {self._end}", maybe_done=False
        ) from error


def _named(names: frozenset[str]) -> Callable[[Event], bool]:
    return lambda event: event.name in names


def _announce_loss(count: int) -> Event:
    return Event(EVENTS_LOST, {"count": count})


def _describe(error: Exception | None, channel: Channel | None) -> ConnectionEnd:
    if error is not None:
        return ConnectionEnd(str(error), error)
    return ConnectionEnd("closed by the peer" if channel else "closed by this side")
