"""The client of libvirt's protocol: one connection, any number of calls at once.

It knows procedures, and nothing of what they are for.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar, TypeVar

import anyio
import anyio.lowlevel

from aiovirt.clients.libvirt._calls import DEFAULT_WINDOW, Calls, PendingCall, is_quick
from aiovirt.clients.libvirt._stream import ClientStream
from aiovirt.errors import (
    AiovirtError,
    CallerError,
    Closed,
    ConnectionLost,
    ProtocolError,
    RemoteError,
    Unsupported,
)
from aiovirt.protocols.libvirt.connection import (
    Connection,
    Event,
    Failure,
    Message,
    Ping,
    Reply,
    Role,
    StreamData,
    StreamEnd,
    StreamFailure,
    StreamHole,
)
from aiovirt.protocols.libvirt.failures import error_from
from aiovirt.protocols.libvirt.keepalive import Keepalive, Verdict
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.xdr import Struct, codec
from aiovirt.streams.channel import Channel, open_channel
from aiovirt.streams.line import ByteFilter, Line

__all__ = ["LibvirtClient", "open_client"]

A = TypeVar("A", bound=Struct)
R = TypeVar("R", bound=Struct)
T = TypeVar("T")

OnMessage = Callable[[Message], None]


class LibvirtClient:
    """A connection to a server of libvirt's protocol; `open_client` makes it.

    Attributes:
        peer: Who is at the other end, for messages.
        driver_name: The driver's name, for `Unsupported`.
        server: The server with its version, for the same; set when it is known.
        on_message: Gets what the server tells unasked; it must not wait.
        on_lost: Called when nothing will come any more, before anybody is woken by that.
        lost: Set when nothing will come any more.
        observer: For tests: gets program and number of each answer and message, and whether well.
    """

    observer: ClassVar[Callable[[int, int, bool], None] | None] = None

    def __init__(self, line: Line, *, window: int = DEFAULT_WINDOW) -> None:
        self.peer = line.peer
        self.driver_name = "libvirt"
        self.server = line.peer
        self.core = Connection(Role.CLIENT, peer=line.peer)
        self.on_message: OnMessage = _ignore
        self.on_lost: Callable[[], None] = _nothing
        self.lost = anyio.Event()
        self.channel: Channel
        self._line = line
        self._filters: list[ByteFilter] = [] if line.filter is None else [line.filter]
        self._calls = Calls(window)
        self._streams: dict[int, ClientStream] = {}
        self._holding: set[int] = set()
        self._keepalive: Keepalive | None = None
        self._error: AiovirtError | None = None
        self._closing = False

    # --- calls --------------------------------------------------------------------------------

    def call(
        self, procedure: Procedure[A, R], args: A, *, operation: str = ""
    ) -> Coroutine[Any, Any, R]:
        """Call a procedure; its result.

        Args:
            procedure: From the tables.
            args: Its arguments.
            operation: What is asked for, for `Unsupported`; the procedure's name if empty.

        Raises:
            EncodeError: The arguments do not fit; nothing was sent.
            ConnectionLost: The connection ended first; `maybe_done` says whether the server may
                have carried the call out.
            Closed: The client was closed before.
            ProtocolError: The result is none.
            AiovirtError: The server refused; `AiovirtError.libvirt` has its numbers.

        Cancellation: the server goes on with a call that was sent; its late reply is dropped, and
        until then it keeps one of the connection's places.
        """
        return self._exchange(procedure, args, (), operation, _result)

    async def call_with_descriptors(
        self, procedure: Procedure[A, R], args: A, descriptors: Sequence[int]
    ) -> tuple[R, tuple[int, ...]]:
        """Call a procedure with file descriptors, which stay the caller's.

        Returns the result, and the descriptors that came with it, which are the caller's then.

        Raises:
            Unsupported: Descriptors cannot travel along this connection.
            CallerError: One of them is not open; nothing was sent.

        Further errors and cancellation as `call`.
        """
        if not self._line.passes_descriptors:  # a daemon ends a connection that it cannot answer
            raise Unsupported(
                self.driver_name, procedure.name, "descriptors travel along Unix sockets only"
            )
        _check_descriptors(descriptors)
        return await self._exchange(procedure, args, descriptors, "", _result_with_descriptors)

    async def _exchange(
        self,
        procedure: Procedure[A, R],
        args: A,
        descriptors: Sequence[int],
        operation: str,
        taken: Callable[[Procedure[A, R], Reply], T],
    ) -> T:
        """Make a call; what `taken` makes of its reply."""
        due = self._calls.has_room(quick=is_quick(procedure))
        if due:
            # Else it is not sent yet when the wait for its turn tells of the cancellation.
            await anyio.lowlevel.checkpoint_if_cancelled()
        call = self._begin(procedure, args, descriptors, due=due)
        try:
            await call.slot.wait()
        except BaseException:
            self._give_up(call)
            raise
        return taken(procedure, self._outcome(procedure, call, operation))

    @asynccontextmanager
    async def stream(
        self, procedure: Procedure[A, R], args: A, *, keep: int | None = None
    ) -> AsyncIterator[tuple[R, ClientStream]]:
        """Call a procedure that opens a stream; its result and the stream.

        The stream is aborted at the end of the ``async with`` unless it was finished.

        Args:
            procedure: From the tables.
            args: Its arguments.
            keep: Bytes that wait to be read at most, the oldest being dropped then; with None
                nothing is dropped, and a reader who is slow holds up the connection.

        Raises and cancellation as `call`.
        """
        await anyio.lowlevel.checkpoint_if_cancelled()
        due = self._calls.has_room(quick=is_quick(procedure))
        call = self._begin(procedure, args, (), due=due)
        stream = ClientStream(self, call.serial, self._forget_stream, keep=keep)
        self._streams[call.serial] = stream
        try:
            await call.slot.wait()
            reply = self._outcome(procedure, call)
            _close_all(reply.descriptors)
            yield codec(procedure.ret).decode(reply.payload), stream
        finally:
            if call.outcome is None:
                self._give_up(call)
                self._forget_stream(call.serial)
            else:
                with anyio.CancelScope(shield=True):
                    await stream.aclose()

    @property
    def error(self) -> AiovirtError | None:
        """Why the connection ended, or None while it has not."""
        return self._error

    @property
    def in_flight(self) -> int:
        """How many calls the server is at work on."""
        return self._calls.in_flight

    @property
    def stuck(self) -> int:
        """How many calls the server is at work on although nobody waits for them any more."""
        return self._calls.stuck

    def _begin(
        self, procedure: Procedure[A, R], args: A, descriptors: Sequence[int], *, due: bool
    ) -> PendingCall:
        if self._closing or self._error is not None:
            raise self._gone()
        serial, data = self.core.call(procedure, args, descriptors=descriptors)
        slot = self.channel.slot()
        call = PendingCall(serial, data, descriptors, slot, is_quick(procedure))
        self._calls.add(call)
        if due:
            self._send_due()
        return call

    def _gone(self) -> AiovirtError:
        """Why there is no connection to call on."""
        if self._closing:
            return Closed(f"the connection to {self.peer} was closed")
        return self._lost_error(sent=False)

    def _give_up(self, call: PendingCall) -> None:
        """The caller goes: its call is taken back, or its reply dropped now or when it comes."""
        if isinstance(call.outcome, Reply):
            _close_all(call.outcome.descriptors)
        elif call.outcome is None and self._calls.give_up(call):
            self.core.withdraw(call.serial)

    def _outcome(self, procedure: Procedure[A, R], call: PendingCall, operation: str = "") -> Reply:
        outcome = call.outcome
        observer = type(self).observer
        if observer is not None and isinstance(outcome, (Reply, Failure)):
            well = isinstance(outcome, Reply)
            observer(procedure.program, procedure.number, well)
        if isinstance(outcome, Reply):
            return outcome
        if isinstance(outcome, Failure):
            raise self._refusal(outcome, operation or procedure.name)
        raise outcome or Closed(f"the connection to {self.peer} was closed")

    def _refusal(self, told: Failure, operation: str) -> AiovirtError:
        if told.error is None:
            return ProtocolError(f"{self.peer} refused {operation} in words that cannot be read")
        return error_from(
            told.error, driver=self.driver_name, operation=operation, server=self.server
        )

    def failure(self, event: StreamFailure) -> AiovirtError:
        """The error of a stream that the server aborted."""
        if event.error is None:
            return RemoteError(f"{self.peer} aborted the stream without a reason")
        return error_from(
            event.error, driver=self.driver_name, operation="streams", server=self.server
        )

    def hold(self, serial: int) -> None:
        """Do not read until each stream that asked for this has let go: so the server waits."""
        self._holding.add(serial)
        self.channel.pause()

    def let_go(self, serial: int) -> None:
        """This stream has no part in a hold any more."""
        self._holding.discard(serial)
        if not self._holding:
            self.channel.resume()

    def _forget_stream(self, serial: int) -> None:
        self._streams.pop(serial, None)

    # --- what goes out ------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send packets; nothing happens when the connection is lost, which its users are told."""
        for byte_filter in reversed(self._filters):
            data = byte_filter.encode(data)
        with suppress(Closed, OSError):  # the channel's end tells everybody
            self.channel.send(data)

    def _send_due(self) -> None:
        data = b""
        for call in self._calls.due():
            data += call.data
            if call.descriptors:
                self.send(data)
                self._send_descriptors(call.descriptors)
                data = b""
        if data:
            self.send(data)

    def _send_descriptors(self, descriptors: Sequence[int]) -> None:
        """Send each with a byte of its own; without one of them the server misreads the rest."""
        try:
            for descriptor in descriptors:
                self.channel.send(b"\0", [descriptor])
        except Closed:
            return
        except OSError as error:
            self.channel.end(error)

    # --- what comes in ------------------------------------------------------------------------

    def on_data(self, data: bytes) -> None:
        """Take what the socket gave."""
        plain = data
        for byte_filter in self._filters:
            plain = byte_filter.decode(plain)
        waiting = self.core.unfinished
        if plain:
            self._on_plain(plain)
        if self._keepalive is None:
            return
        if self.core.unfinished < waiting + len(plain):
            self._keepalive.heard(time.monotonic())
        else:
            self._keepalive.heard_part(time.monotonic(), len(data))

    def _on_plain(self, data: bytes) -> None:
        for event in self.core.receive(data):
            self._take(event)
        self._send_due()

    def on_descriptors(self, descriptors: list[int]) -> None:
        """Take descriptors that came with the data that follows.

        Raises:
            ProtocolError: There are more than any packet announces.
        """
        self.core.receive(b"", descriptors)

    def _take(self, event: Event) -> None:
        match event:
            case Reply() | Failure():
                if not self._calls.answer(event) and isinstance(event, Reply):
                    self._drop(event)
            case StreamData() | StreamHole() | StreamEnd() | StreamFailure():
                stream = self._streams.get(event.serial)
                if stream is not None:
                    stream.take(event)
            case Message():
                if (observer := type(self).observer) is not None:
                    observer(event.program, event.procedure, True)  # noqa: FBT003 - it came
                self.on_message(event)
            case Ping():
                if not self.channel.congested:  # who reads no answers gets no more of them
                    self.send(self.core.pong())

    def _drop(self, late: Reply) -> None:
        """Let go of what a reply brings that nobody waits for any more."""
        _close_all(late.descriptors)
        if self.core.stream_is_open(late.serial):
            self.send(self.core.stream_abort(late.serial))

    def on_end(self, error: Exception | None) -> None:
        """The connection has ended."""
        _close_all(self.core.abandon())
        if self._error is None:
            reason = f": {error}" if error is not None else ""
            self._error = ConnectionLost(
                f"the connection to {self.peer} ended{reason}", maybe_done=True
            )
            self._error.__cause__ = error
        if self._closing:
            self._calls.end(lambda _sent: Closed(f"the connection to {self.peer} was closed"))
        else:
            self._calls.end(lambda sent: self._lost_error(sent=sent))
        for stream in list(self._streams.values()):
            stream.end(self._lost_error(sent=True))
        self._streams.clear()
        self.on_lost()
        self.lost.set()

    def _lost_error(self, *, sent: bool) -> AiovirtError:
        made = ConnectionLost(str(self._error), maybe_done=sent)
        made.__cause__ = self._error
        return made

    # --- life ---------------------------------------------------------------------------------

    def add_filter(self, byte_filter: ByteFilter) -> None:
        """From now on all bytes pass this filter, too: a SASL security layer."""
        self._filters.append(byte_filter)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch the socket while the ``async with`` is open."""
        line = self._line
        on_descriptors = self.on_descriptors if line.passes_descriptors else None
        async with open_channel(
            line.sock, self.on_data, self.on_end, on_descriptors=on_descriptors
        ) as self.channel:
            if line.early:
                self._on_plain(line.early)
            yield

    def close(self) -> None:
        """End the connection now; whoever waits gets `Closed`."""
        self._closing = True
        self.channel.end()

    async def keep_alive(self, interval_s: float, count: int) -> None:
        """Ping a silent server, and end the connection when it stays silent; returns at its end.

        Args:
            interval_s: Seconds of silence before a ping.
            count: Pings that may go unanswered.
        """
        keepalive = Keepalive(interval_s, count, time.monotonic())
        self._keepalive = keepalive
        while not self.lost.is_set():
            with anyio.move_on_after(max(0.0, keepalive.due - time.monotonic())):
                await self.lost.wait()
                return
            if self._holding:
                # We do not read, so nothing can be heard; and a server that pings us hears by
                # this that we live.
                keepalive.heard(time.monotonic())
                self.send(self.core.ping())
                continue
            verdict = keepalive.check(time.monotonic())
            if verdict is Verdict.PING:
                self.send(self.core.ping())
            elif verdict is Verdict.DEAD:
                silence = interval_s * (count + 1)
                self._error = ConnectionLost(
                    f"{self.peer} has not answered for {silence:g} s", maybe_done=True
                )
                self.channel.end(self._error)


def _result(procedure: Procedure[A, R], reply: Reply) -> R:
    """What a reply says; descriptors that came with it are nobody's."""
    if reply.descriptors:
        _close_all(reply.descriptors)
    return codec(procedure.ret).decode(reply.payload)


def _result_with_descriptors(procedure: Procedure[A, R], reply: Reply) -> tuple[R, tuple[int, ...]]:
    """What a reply says, and what came with it."""
    try:
        return codec(procedure.ret).decode(reply.payload), reply.descriptors
    except ProtocolError:
        _close_all(reply.descriptors)
        raise


def _nothing() -> None:
    """What a client does at its end besides telling its callers."""


def _ignore(_message: Message) -> None:
    """What a client does with messages until somebody wants them."""


def _check_descriptors(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        try:
            os.fstat(descriptor)
        except OSError as error:
            raise CallerError(f"the descriptor {descriptor} is not open") from error


def _close_all(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


@asynccontextmanager
async def open_client(line: Line, *, window: int = DEFAULT_WINDOW) -> AsyncIterator[LibvirtClient]:
    """Speak libvirt's protocol along a line while the ``async with`` is open.

    Nothing is said yet: no authentication, no opening of a driver.

    Args:
        line: From a transport, which closes it.
        window: Calls that the server works on at once.
    """
    client = LibvirtClient(line, window=window)
    async with client.running():
        try:
            yield client
        finally:
            client.close()
