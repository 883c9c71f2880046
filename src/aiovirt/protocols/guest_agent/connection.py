"""The guest agent core: both ends, bytes in, messages out. No I/O, no clock.

The line to an agent has no beginning: what a former client asked may still be answered, and half a
command of it may still wait in the agent.  So a client first *syncs*: it sends the byte 0xFF, on
which the agent forgets half a command, and ``guest-sync-delimited`` with a number; it drops what
comes until the byte 0xFF, after which the agent repeats the number.  After a call that was given
up it syncs again.  Source: QEMU's qga/qapi-schema.json.
"""

from __future__ import annotations

from collections import deque

import msgspec

from aiovirt.errors import Closed, ProtocolError
from aiovirt.protocols.qmp import Disconnected, Failure, Request, Role, Success
from aiovirt.protocols.qmp.framing import LineBuffer, ObjectBuffer
from aiovirt.protocols.qmp.wire import encode, parse_from_client, parse_from_server

__all__ = ["DEFAULT_MAX_MESSAGE", "RESET", "SYNC", "AgentConnection", "AgentMessage", "Synced"]

DEFAULT_MAX_MESSAGE = 64 * 1024 * 1024
"""Bytes.  The agent's ``guest-file-read`` gives at most 48 MiB, which are 64 MiB in base64."""

RESET = b"\xff"
"""The byte that is in no JSON text: before it lies what does not count any more."""

SYNC = "guest-sync-delimited"
"""The command whose reply the agent sets off with `RESET`."""


class Synced(msgspec.Struct, frozen=True):
    """The agent has repeated the number: what comes now answers what is sent now."""

    number: int


AgentMessage = Request | Success | Failure | Synced | Disconnected


class AgentConnection:
    """One end of a line to a guest agent.

    A client calls `sync` first, and again after `give_up`.  One command is on its way at a time.
    A server gets the client's sync as a `Request` like any other and answers with `send_synced`.

    Args:
        role: Which end this is.
        peer: Who is at the other end, for messages.
        max_message: How many bytes a message of the peer has at most.
    """

    def __init__(
        self, role: Role, *, peer: str = "guest agent", max_message: int = DEFAULT_MAX_MESSAGE
    ) -> None:
        self.role = role
        self._peer = peer
        cutter = LineBuffer if role is Role.CLIENT else ObjectBuffer
        self._cutter: LineBuffer | ObjectBuffer = cutter(max_message, peer)
        self._inbox: deque[AgentMessage] = deque()
        self._number: int | None = None
        self._delimited = False
        self._synced = role is Role.SERVER
        self._asked = False
        self._closed = False

    @property
    def synced(self) -> bool:
        """Whether commands may be sent: the last sync succeeded, and no call was given up since."""
        return self._synced

    def sync(self, number: int) -> bytes:
        """Return the bytes that begin a sync; `Synced` tells when it has succeeded.

        Args:
            number: Any that was not used shortly before, of at most 63 bits.
        """
        self._number = number
        self._synced = self._asked = self._delimited = False
        return RESET + encode(Request(SYNC, {"id": number}))

    def give_up(self) -> None:
        """Forget the command on its way; its late reply will be dropped by the next `sync`."""
        self._synced = self._asked = False

    def send(self, message: Request | Success | Failure) -> bytes:
        """Return the bytes that say `message`: a client's command, a server's reply.

        Raises:
            ProtocolError: The client has not synced, or its last command was not answered.
            TypeError: An argument is of no kind that JSON has.
        """
        if isinstance(message, Request) is not (self.role is Role.CLIENT):
            kind = type(message).__name__
            raise ProtocolError(f"{self._peer}: a {self.role.value} does not send {kind}")
        if isinstance(message, Request):
            if self._asked or not self._synced:
                raise ProtocolError(f"{self._peer}: {message.name} must wait for its turn")
            data = encode(message)
            self._asked = True
            return data
        return encode(message)

    def send_synced(self, number: int) -> bytes:
        """Return a server's reply to ``guest-sync-delimited``, set off as it must be."""
        return RESET + encode(Success(None, str(number).encode()))

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the peer; none at all mean that it ended the connection.

        Raises:
            ProtocolError: The peer does not keep to the protocol.
            LimitExceeded: A message is too long.
        """
        if self._closed:
            raise Closed(f"{self._peer}: this line is closed")
        if not data:
            self._closed = True
            self._inbox.append(Disconnected())
            return
        try:
            first, *others = data.split(RESET)
            self._receive(first)
            for part in others:
                self._cutter.clear()
                self._delimited = True
                self._receive(part)
        except ProtocolError:
            self._closed = True
            raise

    def next_message(self) -> AgentMessage | None:
        """Return the next whole message, or None when more data is needed."""
        return self._inbox.popleft() if self._inbox else None

    def _receive(self, data: bytes) -> None:
        if self.role is Role.SERVER:
            for each in self._cutter.feed(data):
                self._inbox.append(parse_from_client(each, self._peer, 0))
        elif self._synced or self._delimited:
            for line in self._cutter.feed(data):
                self._receive_line(line)

    def _receive_line(self, line: bytes) -> None:
        if self._synced:
            self._inbox.append(self._reply(line))
        elif self._delimited:
            self._delimited = False
            self._receive_sync(line)

    def _receive_sync(self, line: bytes) -> None:
        """Take the line after `RESET`: the answer to this sync or to a former one."""
        reply = parse_from_server(line, self._peer)
        if isinstance(reply, Failure):
            self._inbox.append(reply)
        elif isinstance(reply, Success) and reply.raw == str(self._number).encode():
            self._synced = True
            self._inbox.append(Synced(self._number or 0))

    def _reply(self, line: bytes) -> Success | Failure:
        reply = parse_from_server(line, self._peer)
        if not isinstance(reply, Success | Failure) or not self._asked:
            raise ProtocolError(f"{self._peer}: {type(reply).__name__} came unasked")
        self._asked = False
        return reply
