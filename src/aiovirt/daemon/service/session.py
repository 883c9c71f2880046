"""One client: bytes in, calls, bytes out; its limits, its keepalive and its end.

What arrives is taken in the channel's callback.  `dispatch` answers most calls there and then;
`calls` begins the others, each in its turn.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.lowlevel

from aiovirt.daemon.access.grants import Grants
from aiovirt.daemon.access.identity import Identity
from aiovirt.daemon.service.calling import close_all
from aiovirt.daemon.service.calls import Calls
from aiovirt.daemon.service.closing import Closing, Work
from aiovirt.daemon.service.dispatch import Dispatch
from aiovirt.daemon.service.liveness import Liveness, Step, has_hung_up
from aiovirt.daemon.service.operations import Operation, Operations
from aiovirt.daemon.service.outgoing import Outgoing
from aiovirt.daemon.service.refusing import UNTOLD
from aiovirt.daemon.service.table import Key
from aiovirt.daemon.service.tasks import ClientTasks
from aiovirt.errors import AiovirtError, Closed, LimitExceeded
from aiovirt.interfaces import Ability
from aiovirt.interfaces.driver import Driver
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
from aiovirt.protocols.libvirt.packets import MAX_PACKET
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.libvirt.tables.structs import Error
from aiovirt.protocols.xdr import Struct
from aiovirt.streams.channel import Channel, begin_channel
from aiovirt.streams.line import ByteFilter, Line

if TYPE_CHECKING:
    from aiovirt.daemon.access.sasl import SaslDialogue
    from aiovirt.daemon.daemon import Daemon
    from aiovirt.daemon.hosts import Host
    from aiovirt.daemon.server import Server

__all__ = ["MAX_EARLY_PACKET", "OnStream", "Session"]

log = logging.getLogger("aiovirt.daemon.service")

A = TypeVar("A", bound=Struct)
B = TypeVar("B", bound=Ability)
R = TypeVar("R", bound=Struct)

MAX_EARLY_PACKET = 256 * 1024
"""Bytes of a packet at most from who has not shown who it is: the longest is one of SASL."""

StreamEvent = StreamData | StreamHole | StreamEnd | StreamFailure
OnStream = Callable[[StreamEvent], None]
"""Gets what a client sends on a stream; it must not wait."""

TURN_S = 0.02
"""Seconds for which what one client sends is taken at a stretch, before others have their turn."""

MAX_COLLECTED = 1024 * 1024
"""Bytes of answers that are put together at a stretch; likewise."""

HEAVY = 1024 * 1024
"""Bytes of an unfinished packet from which on a client is weighed against the others."""

LADEN_LOOK_S = 1.0
"""Seconds between two looks whether a client that is not read is still there."""

FINISH_S = 30.0
"""Seconds that a client has to read what was sent before its connection is ended."""


class Session:
    """One client's connection; the server makes it.

    Attributes:
        id: Its number, for logs and virt-admin.
        server: The server it came to.
        daemon: The daemon.
        identity: Who it is, as far as it has shown.
        since: When it came, in seconds since the epoch.
        line: The socket and what is known of it.
        core: The state of its protocol.
        host: What it has opened, or None.
        tasks: For what is to end with the client.
        trusted: Whether it has shown who it is, as its connection demands.
        dialogue: The exchange of SASL by which it shows who it is, while there is one.
        data: For the rooms of the daemon: what they keep of a client, by their own types.
    """

    channel: Channel

    def __init__(self, server: Server, number: int, line: Line, identity: Identity) -> None:
        self.id = number
        self.server = server
        self.daemon: Daemon = server.daemon
        self.identity = identity
        self.since = time.time()
        self.line = line
        self.core = Connection(Role.SERVER, peer=f"client {number}", max_packet=MAX_EARLY_PACKET)
        self.host: Host | None = None
        self.trusted = False
        self.tasks = ClientTasks(self.daemon.tasks, number, self.close)
        self.data: dict[type, Any] = {}
        self.dialogue: SaslDialogue | None = None
        self._calls = Calls(self, server.limits)
        self._dispatch = Dispatch(self, self._calls, server.own_operations)
        self._filters: list[ByteFilter] = [] if line.filter is None else [line.filter]
        self._out = Outgoing(self._filters)
        self._liveness = Liveness(time.monotonic() + server.limits.auth_timeout_s)
        self._streams: dict[int, OnStream] = {}
        self._closing = Closing(number)
        self._grants: Grants | None = None
        self._held: set[object] = set()
        self._settling = False
        self._resuming = False
        self._turn_over = False
        self._taken = 0
        self._gone = False

    # --- what it is ---------------------------------------------------------------------------

    @property
    def readonly(self) -> bool:
        """Whether it may only look."""
        return self.identity.readonly

    @property
    def unfinished(self) -> int:
        """Bytes that it sent of a packet that is not whole."""
        return self.core.unfinished

    @property
    def driver(self) -> Driver | None:
        """The driver that it has opened, or None."""
        return None if self.host is None else self.host.driver

    def opened_host(self) -> Host:
        """The host that it has opened.

        Raises:
            Closed: It has opened none.
        """
        if self.host is None:
            raise Closed("the connection is not open")
        return self.host

    def ability(self, kind: type[B]) -> B:
        """The ability of the driver that it has opened. Raises as `opened_host`."""
        return self.opened_host().driver.ability(kind)

    @property
    def scheme(self) -> str:
        """The scheme of the URI that it has opened, such as ``qemu``; empty before."""
        return "" if self.host is None else self.host.uri.driver

    @property
    def grants(self) -> Grants:
        """What it may do, as the daemon's rules are now."""
        if self._grants is None:
            self._grants = self.daemon.access.grants(self.identity)
        return self._grants

    def access_changed(self) -> None:
        """The daemon's rules, or the client's identity, are others now."""
        self._grants = None
        self._dispatch.forget()

    def becomes(self, **shown: Any) -> None:  # noqa: ANN401 - the fields of an identity
        """It has shown more of who it is."""
        self.identity = replace(self.identity, **shown)
        self.access_changed()

    def trust(self) -> None:
        """It has shown who it is."""
        if not self.trusted:
            self.trusted = True
            self._liveness.authenticated()
            self.core.limit(MAX_PACKET)
            self.server.authenticated(self)

    def turn_away(self, error: AiovirtError) -> None:
        """It is not let in: whatever it calls is answered so, and then it has to go."""
        self._dispatch.turn_away(error)

    def use(self, operations: Mapping[Key, Operation] | Operations) -> None:
        """From now on it calls these."""
        self._dispatch.use(operations)

    def opened(self, host: Host) -> None:
        """It has opened a host."""
        self.host = host
        self.use(host.operations)

    # --- sending ------------------------------------------------------------------------------

    def send(self, data: bytes, descriptors: Sequence[int] = ()) -> None:
        """Send packets; it never waits.

        A client that does not read is dropped when more than the limits allow waits for it; who
        has much to send waits for room before (`wait_for_room`).

        Args:
            data: Whole packets.
            descriptors: Each follows with a byte of its own.
        """
        waiting = self.channel.waiting
        if waiting > self.server.limits.event_backlog + self._out.longest:
            self.drop(f"it does not read: {waiting} bytes wait for it")
            return
        self._out.put(data)
        if descriptors:
            self._out.put_descriptors(descriptors)

    def reply(
        self,
        call: Call,
        procedure: Procedure[A, R],
        result: R,
        *,
        descriptors: Sequence[int] = (),
    ) -> None:
        """Answer a call, once; what waits for its place begins.

        Raises:
            EncodeError: The result does not fit: nothing was sent.
            LimitExceeded: It is too long: nothing was sent.
        """
        if not self.channel.ended:
            data = self.core.reply(call, procedure, result, descriptors=descriptors)
            self._out.answer(data, descriptors)
        self.leave(call)

    def answer(self, call: Call, payload: bytes) -> None:
        """Answer a call that has no place, where it is read, with its encoded result."""
        self._out.answer(self.core.answer(call, payload))

    def turn_down(self, call: Call, error: Error) -> None:
        """Answer a call that has no place with an error: it was not begun."""
        self._out.answer(self.core.refuse(call, error))

    def refuse(self, call: Call, error: Error) -> None:
        """Answer a call with an error, once; on a stream that is open, abort it by the error."""
        if not self.channel.ended:
            try:
                data = self._refused(call, error)
            except AiovirtError:  # its words cannot be sent: who wrote them may be anybody
                data = self._refused(call, UNTOLD)
            self._out.answer(data)
        self.leave(call)

    def _refused(self, call: Call, error: Error) -> bytes:
        if self.core.stream_is_open(call.serial):
            return self.core.stream_abort(call.serial, error)
        return self.core.refuse(call, error)

    async def wait_for_room(self) -> None:
        """Wait until the client has read enough of what was sent, or is gone."""
        self._out.flush()
        await self.channel.wait_for_room()

    def add_filter(self, byte_filter: ByteFilter) -> None:
        """From now on all bytes pass this filter, too: a SASL security layer.

        Who has sent anything that waits must have waited for the answer: it may be another's.
        """
        self._out.flush()
        if self.core.pending or self.core.unfinished or self._calls.waiting:
            self.drop("something came in front of what the security layer protects")
        self._filters.append(byte_filter)

    def send_on_stream(self, data: bytes) -> None:
        """Send a packet of a stream, for which there was room (`wait_for_room`); it never waits."""
        self._out.put(data)

    # --- streams ------------------------------------------------------------------------------

    def on_stream(self, serial: int, taken: OnStream) -> None:
        """Hand what comes on a stream to `taken`, until `forget_stream`."""
        self._streams[serial] = taken

    def forget_stream(self, serial: int) -> None:
        """Hand on no more of a stream, and hold no reading for it."""
        self._streams.pop(serial, None)
        self.let_go(serial)

    def hold(self, why: object) -> None:
        """Do not read until each that asked for this has let go: so the client waits."""
        self._held.add(why)
        self._pause()

    def let_go(self, why: object) -> None:
        """This one needs no hold any more."""
        self._held.discard(why)
        self._go_on()

    # --- what comes ---------------------------------------------------------------------------

    def on_data(self, data: bytes) -> None:
        """Take what the socket gave."""
        for byte_filter in self._filters:
            data = byte_filter.decode(data)
        call = self.core.lone_call(data)
        if call is not None:
            self._liveness.heard()
            self._dispatch.take(call)
            if self._full():
                self._pause()
        elif data:
            self._take_packets(data)

    def _take_packets(self, data: bytes) -> None:
        """Take several packets, parts of one, or others than calls."""
        core = self.core
        before = core.unfinished
        events = core.receive(data)
        unfinished = core.unfinished
        if unfinished < before + len(data):  # a packet is whole: a mere answer to a ping counts
            self._liveness.heard()
        else:
            self._liveness.heard_part(len(data))
        self._take_all(events)
        if unfinished > HEAVY:
            self.server.weigh(self)

    def on_descriptors(self, descriptors: list[int]) -> None:
        """Take descriptors that came with the data that follows."""
        self.core.receive(b"", descriptors)

    def _take_all(self, events: Iterable[Event]) -> None:
        """Take events until there are no more, or no more should be taken now."""
        if self.core.pending:  # answers to more than one go out together
            self._out.collect()
        full = False
        until = time.monotonic() + TURN_S
        try:
            for event in events:
                self._take(event)
                if full := self._full():
                    break
                self._turn_over = self.core.pending and self._has_had_its_turn(until)
                if full := self._turn_over:
                    break
        finally:
            self._out.flush()
        if full or self._full():
            self._pause()

    def _has_had_its_turn(self, until: float) -> bool:
        return self._out.collected > MAX_COLLECTED or time.monotonic() > until

    def _take(self, event: Event) -> None:
        if isinstance(event, Call):
            self._dispatch.take(event)
        elif isinstance(event, Ping):
            if not self.channel.congested:  # who reads no answers gets no more of them
                self._out.put(self.core.pong())
        elif isinstance(event, StreamEvent):
            taken = self._streams.get(event.serial)
            if taken is not None:
                taken(event)

    def leave(self, call: Call) -> None:
        """A call that was answered gives its place to the next that waits."""
        if self._calls.leave(call):
            self._go_on()

    # --- how much is read ---------------------------------------------------------------------

    def _full(self) -> bool:
        return self._laden or self.channel.congested

    @property
    def _laden(self) -> bool:
        """Whether what it sent before is enough for now."""
        return bool(self._held) or self._calls.full

    def _pause(self) -> None:
        self.channel.pause()
        if self._laden:  # whether it goes is seen by reading, or else by looking
            self.server.watch(self)
        wait = self.channel.congested or self._turn_over
        if wait and not self._resuming and not self.channel.ended:
            self._resuming = True
            self.tasks.start_soon(self._resume)

    async def _resume(self) -> None:
        await anyio.lowlevel.checkpoint()
        await self.channel.wait_for_room()
        self._resuming = self._turn_over = False
        self._calls.go_on()
        self._go_on()

    def _go_on(self) -> None:
        """Take what was left, and read again, when there is room."""
        if self._out.collecting or self.channel.ended:
            return
        if self._full():
            self._pause()  # what was paused for another reason waits for room from now on
            return
        try:
            self._take_all(self.core.receive(b""))
        except AiovirtError as error:
            self.channel.end(error)
            return
        except Exception as error:  # in whichever task this is: it may be the daemon's
            log.exception("what client %d sent cannot be taken", self.id)
            self.channel.end(error)
            return
        if not self._full():
            self.channel.resume()

    # --- life ---------------------------------------------------------------------------------

    def keep_alive(self) -> None:
        """Begin to ask the client for signs of life when it is silent, as the settings say."""
        settings = self.daemon.settings.keepalive
        if self._liveness.begin(settings.interval_s, settings.count, time.monotonic()):
            self.server.watch(self)

    def look(self, now: float) -> float | None:
        """Ping the client, or drop it, as is due: when to look again, or None for never."""
        if self.channel.ended:
            return None
        if self._laden and has_hung_up(self.line.sock):
            self.close()
            return None
        # Who takes what waits for it is alive, and what it sends may not be read meanwhile.
        taken, self._taken = self._taken, self.channel.taken
        unread = self._laden or taken != self._taken
        due = self._liveness.look(now, read=not unread)
        if due is Step.PING and not self.channel.congested:
            self._out.put(self.core.ping())
        elif due is Step.SILENT:
            self.drop("it does not answer")
        elif due is Step.LATE:
            self.drop("it has not authenticated in time")
        due_at = self._liveness.next_look
        return now + LADEN_LOOK_S if due_at is None and self._laden else due_at

    @property
    def has_gone(self) -> bool:
        """Whether the client has gone; what is due at its end may still be under way."""
        return self._gone

    def on_close(self, work: Work) -> None:
        """Do something when the client goes or closes, with all others; within a bound."""
        self._closing.add(work)
        if self._gone:
            self._settle_soon()

    async def at_end(self, work: Work) -> None:
        """As `on_close`; do it at once when the client has gone already."""
        if self._gone:
            await work()
        else:
            self._closing.add(work)

    def drop(self, reason: str) -> None:
        """End the connection, and say in the log why."""
        if not self.channel.ended:
            log.warning("client %d (%s) is dropped: %s", self.id, self.identity.name, reason)
            self.channel.end()

    def close(self) -> None:
        """End the connection."""
        self.channel.end()

    def finish(self) -> None:
        """End the connection once the client has got all that was sent."""
        self._out.flush()
        if self.channel.waiting:
            self.tasks.start_soon(self._finish)
        else:
            self.channel.end()

    async def _finish(self) -> None:
        with anyio.move_on_after(FINISH_S):
            await self.channel.wait_until_sent()
        self.channel.end()

    @property
    def must_close(self) -> bool:
        """Whether something is to be done at its end."""
        return bool(self._closing)

    async def closed_by_client(self) -> None:
        """Do what is to be done at the end, since the client has closed what it opened."""
        self.use(self.server.own_operations)
        await self._closing.carry_out()

    def begin(self) -> None:
        """Serve the client from now on, until it goes; the server hears of that (`Server.left`)."""
        self.channel = self._out.channel = begin_channel(
            self.line.sock,
            self.on_data,
            self.on_end,
            self.tasks,
            on_descriptors=self.on_descriptors if self.line.passes_descriptors else None,
        )
        if self.line.early:
            self.channel.take(self.line.early)

    def on_end(self, error: Exception | None) -> None:
        """The connection has ended."""
        if isinstance(error, LimitExceeded):
            log.warning("client %d (%s) is dropped: %s", self.id, self.identity.name, error)
        elif error is not None:
            log.info("client %d (%s): %s", self.id, self.identity.name, error)
        close_all(self.core.abandon())
        self._calls.abandon()
        self._gone = True
        self._streams.clear()
        self.tasks.cancel()
        if self._closing or self.tasks:
            self._settle_soon()
        else:  # nearly always: many come, ask a little and go
            self._leave()

    def _settle_soon(self) -> None:
        if not self._settling:
            self._settling = True
            self.daemon.tasks.start_soon(self._settle)

    async def _settle(self) -> None:
        """Do what is due at the end. Cancellation: it is done all the same."""
        try:
            while self._closing or self.tasks:  # what ends may leave something to be done
                await self._closing.carry_out()
                await self.tasks.wait()
        finally:
            self._settling = False
            self._leave()

    def _leave(self) -> None:
        self.line.sock.close()
        self.server.left(self)
