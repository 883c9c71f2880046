"""The QMP core: both ends of a connection, bytes in, messages out. No I/O, no clock.

`Connection` checks that each message is allowed where it comes, keeps the ids that are waited for,
and bounds the length of a message.  Source: QEMU's docs/interop/qmp-spec.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from secrets import token_hex

from aiovirt.errors import Closed, ProtocolError
from aiovirt.protocols.qmp.framing import LineBuffer, ObjectBuffer
from aiovirt.protocols.qmp.messages import (
    Disconnected,
    Event,
    Failure,
    Greeting,
    MessageId,
    Request,
    Success,
)
from aiovirt.protocols.qmp.wire import FromServer, encode, parse_from_client, parse_from_server

__all__ = ["DEFAULT_MAX_MESSAGE", "NEGOTIATE", "Connection", "Message", "Phase", "Role"]

DEFAULT_MAX_MESSAGE = 64 * 1024 * 1024
"""Bytes.  The longest reply known, QEMU's own schema, has less than one MiB; QEMU itself takes
commands of at most 64 MiB (MAX_TOKEN_SIZE in json-streamer.c)."""

NEGOTIATE = "qmp_capabilities"
"""The command that ends the negotiation."""

Message = Request | FromServer | Disconnected

_BEGINNING = b'{"execute":"'
"""How every request begins that is no ``exec-oob``."""

_ABANDONED: MessageId = "-"
_ABANDON = b'","id":"-"}'
"""How a beginning ends that an ``exec-oob`` cuts off: as a command without a name."""


class Role(Enum):
    """Which end of the connection this is."""

    CLIENT = "client"
    SERVER = "server"


class Phase(Enum):
    """How far a connection has come."""

    GREETING = "greeting"
    NEGOTIATION = "negotiation"
    READY = "ready"
    CLOSED = "closed"


_FROM_SERVER: dict[Phase, frozenset[type]] = {
    Phase.GREETING: frozenset({Greeting}),
    Phase.NEGOTIATION: frozenset({Success, Failure}),
    Phase.READY: frozenset({Success, Failure, Event}),
    Phase.CLOSED: frozenset(),
}
"""What a server may say in each phase."""

_FROM_CLIENT: dict[Phase, frozenset[type]] = {
    Phase.GREETING: frozenset(),
    Phase.NEGOTIATION: frozenset({Request}),
    Phase.READY: frozenset({Request}),
    Phase.CLOSED: frozenset(),
}
"""What a client may say in each phase."""


class Connection:
    """One end of a QMP connection.

    Feed it with `receive_data`, take messages with `next_message`, and write what `send` returns.
    After a `ProtocolError` it is closed.

    QEMU reads its monitor one byte at a time (monitor_can_read in monitor/monitor.c), with a system
    call or two for each, so every byte of a request costs microseconds.  Hence requests carry no
    blanks and the shortest ids, and a client sends the beginning that all requests share along with
    the request before: QEMU reads it while it carries that one out.

    Args:
        role: Which end this is.
        peer: Who is at the other end, for messages.
        max_message: How many bytes a message of the peer has at most.
    """

    def __init__(
        self, role: Role, *, peer: str = "QMP peer", max_message: int = DEFAULT_MAX_MESSAGE
    ) -> None:
        self.role = role
        self._peer_is_server = role is Role.CLIENT
        self._enter(Phase.GREETING)
        self._peer = peer
        cutter = LineBuffer if role is Role.CLIENT else ObjectBuffer
        self._cutter: LineBuffer | ObjectBuffer = cutter(max_message, peer)
        self._inbox: deque[Message] = deque()
        self._waiting: dict[MessageId, bool] = {}  # oldest first; whether it was out of band
        self._negotiating: MessageId = None
        self._opening = f"open-{token_hex(4)}"
        self._last_id = 0
        self._descriptors = 0
        self._begun = False
        self._abandoned = False

    @property
    def unanswered(self) -> int:
        """How many requests wait for their reply."""
        return len(self._waiting)

    def fresh_id(self) -> MessageId:
        """Return an id that is not in use, as short as can be: none at all when nothing waits.

        That of the negotiation is nobody else's: what a server still carries out for a client that
        has gone is answered to the next one (monitor_qmp_respond in QEMU's monitor/qmp.c).
        """
        if self.phase is Phase.NEGOTIATION:
            return self._opening
        if not self._waiting:
            return None
        number = self._last_id = (self._last_id + 1) % 10
        while number in self._waiting:
            number += 1
        return number

    def receive_data(self, data: bytes, descriptors: int = 0) -> None:
        """Take bytes from the peer; none at all mean that it ended the connection.

        Args:
            data: The bytes.
            descriptors: How many file descriptors came with them; they are told of with the next
                request that is complete.

        Raises:
            ProtocolError: The peer does not keep to the protocol.  What came before the fault can
                still be taken with `next_message`.
            LimitExceeded: A message is too long.
        """
        if self.phase is Phase.CLOSED:
            raise Closed(f"{self._peer}: this QMP connection is closed")
        try:
            self._descriptors += descriptors
            self._receive(data)
        except ProtocolError:
            self._enter(Phase.CLOSED)
            raise

    def next_message(self) -> Message | None:
        """Return the next whole message, or None when more data is needed."""
        return self._inbox.popleft() if self._inbox else None

    def send(self, message: Request | FromServer) -> bytes:
        """Return the bytes that say `message`.

        Raises:
            ProtocolError: It is not allowed in this phase or for this role, or its id is in use.
            TypeError: An argument is of no kind that JSON has.
            ValueError: The server could not read it: it is too long, or has a noncharacter.
        """
        if type(message) not in self._sendable:
            raise self._illegal(message, "cannot be sent")
        if isinstance(message, Request):
            self._check_request(message)
        data = encode(message)
        if self._peer_is_server:
            data = self._begin_next(data, message)
        self._note(message)
        return data

    def _begin_next(self, data: bytes, message: Request | FromServer) -> bytes:
        """Leave out the beginning that was sent before, and send the next along once it may be.

        An ``exec-oob`` begins otherwise. What was begun is then completed to a command without a
        name; the server refuses it, and its reply is dropped. One such may be on its way.  Nothing
        goes with a command that has descriptors (`Request.descriptors`).
        """
        oob, alone = False, False
        if isinstance(message, Request):
            oob, alone = message.oob, message.descriptors > 0
        if self._begun and oob:
            self._abandoned = True
            data = _ABANDON + data
        elif self._begun:
            data = data[len(_BEGINNING) :]
        self._begun = self.phase is Phase.READY and not (oob or alone or self._abandoned)
        return data + _BEGINNING if self._begun else data

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        of_server, of_client = _FROM_SERVER[phase], _FROM_CLIENT[phase]
        self._receivable = of_server if self._peer_is_server else of_client
        self._sendable = of_client if self._peer_is_server else of_server

    def _receive(self, data: bytes) -> None:
        if not data:
            self._end()
            return
        for line in self._cutter.feed(data):
            message: Request | FromServer
            if self._peer_is_server:
                message = parse_from_server(line, self._peer)
            else:
                message = parse_from_client(line, self._peer, self._descriptors)
                self._descriptors = 0
            if self._abandoned and isinstance(message, Failure) and message.id == _ABANDONED:
                self._abandoned = False
                continue
            if self._is_late(message):
                continue
            if isinstance(message, Failure) and message.id is None:
                message = self._claimed(message)
            if type(message) not in self._receivable:
                raise self._illegal(message, "came")
            self._note(message)
            self._inbox.append(message)

    def _is_late(self, message: Request | FromServer) -> bool:
        """Whether it answers a client that has gone: the server takes requests in turn."""
        if self.phase is not Phase.NEGOTIATION or not isinstance(message, Success | Failure):
            return False
        return self._peer_is_server and message.id != self._negotiating

    def _end(self) -> None:
        self._enter(Phase.CLOSED)
        if self._cutter.pending:
            raise ProtocolError(f"{self._peer}: the connection ended inside a message")
        self._inbox.append(Disconnected())

    def _check_request(self, message: Request) -> None:
        if self.phase is Phase.NEGOTIATION and message.name != NEGOTIATE:
            raise ProtocolError(f"{self._peer}: {message.name} must wait for the negotiation")
        if message.id in self._waiting:
            raise ProtocolError(f"{self._peer}: the id {message.id!r} is in use")

    def _note(self, message: Request | FromServer) -> None:
        """Follow what passes in either direction: the phase, and the ids waited for."""
        if isinstance(message, Success | Failure):
            self._note_reply(message)
        elif isinstance(message, Request):
            self._waiting[message.id] = message.oob
            if message.name == NEGOTIATE and self.phase is Phase.NEGOTIATION:
                self._negotiating = message.id
        elif isinstance(message, Greeting):
            self._enter(Phase.NEGOTIATION)

    def _claimed(self, refusal: Failure) -> Failure:
        """Give a refusal without id the id of the request that it must answer.

        So a server refuses what it could not read at all.  It takes requests in turn, hence it is
        the oldest one, unless one that was sent out of band could be meant.
        """
        if not self._waiting or any(self._waiting.values()):
            return refusal
        return Failure(next(iter(self._waiting)), refusal.error_class, refusal.description)

    def _note_reply(self, reply: Success | Failure) -> None:
        if reply.id not in self._waiting:
            said = reply.description if isinstance(reply, Failure) else "a result"
            raise ProtocolError(f"{self._peer}: reply with unknown id {reply.id!r}: {said}")
        del self._waiting[reply.id]
        negotiated = self.phase is Phase.NEGOTIATION and reply.id == self._negotiating
        if negotiated and isinstance(reply, Success):
            self._enter(Phase.READY)

    def _illegal(self, message: object, what: str) -> ProtocolError:
        kind = type(message).__name__
        return ProtocolError(f"{self._peer}: {kind} {what} in phase {self.phase.value}")
