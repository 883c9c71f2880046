"""One connection, either end: calls, replies, messages and streams.  No I/O, no clock.

Bytes go in by `receive` and come out as events; what is to be sent is returned as bytes.  Which
packets an end may receive is a table.  A call whose caller has gone is remembered until its reply
has come, because the server is at work on it so long.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, TypeAlias, TypeVar

import msgspec

from aiovirt.errors import ProtocolError
from aiovirt.protocols.libvirt.packets import (
    HEADER_SIZE,
    MAX_DESCRIPTORS,
    MAX_PACKET,
    Packet,
    PacketReader,
    PacketStatus,
    PacketType,
    count_descriptors,
    encode_packet,
    encode_parts,
)
from aiovirt.protocols.libvirt.procedure import EventKind, Procedure
from aiovirt.protocols.libvirt.tables.programs import PROGRAM_VERSION, Program
from aiovirt.protocols.libvirt.tables.structs import Error
from aiovirt.protocols.xdr import DecodeError, EncodeError, Struct, codec

__all__ = [
    "Call",
    "Connection",
    "Event",
    "Failure",
    "Message",
    "Ping",
    "Reply",
    "Role",
    "StreamData",
    "StreamEnd",
    "StreamFailure",
    "StreamHole",
]

A = TypeVar("A", bound=Struct)
R = TypeVar("R", bound=Struct)

MAX_SERIAL = 0xFFFFFFFF

_PING, _PONG = 1, 2
_HOLE = struct.Struct(">qI")
# Members are looked up slowly, for each call.
_CALL, _REPLY, _OK = PacketType.CALL, PacketType.REPLY, PacketStatus.OK
_CALLS = frozenset({PacketType.CALL, PacketType.CALL_WITH_FDS})
_REPLIES = frozenset({PacketType.REPLY, PacketType.REPLY_WITH_FDS})


class Role(Enum):
    """Which end of the connection this is."""

    CLIENT = "client"
    SERVER = "server"


class Call(msgspec.Struct, frozen=True, gc=False):
    """A client calls. `payload` has its arguments, `descriptors` are the receiver's to close."""

    program: int
    version: int
    procedure: int
    serial: int
    payload: bytes
    descriptors: tuple[int, ...] = ()


class Reply(msgspec.Struct, frozen=True, gc=False):
    """A call was carried out. `payload` has its result, `descriptors` are the receiver's."""

    serial: int
    payload: bytes
    descriptors: tuple[int, ...] = ()


class Failure(msgspec.Struct, frozen=True, gc=False):
    """A call was refused; `error` is None when what the peer said cannot be read."""

    serial: int
    error: Error | None


class Message(msgspec.Struct, frozen=True, gc=False):
    """The server tells something unasked."""

    program: int
    procedure: int
    payload: bytes


class Ping(msgspec.Struct, frozen=True, gc=False):
    """The peer wants to know that we live; `Connection.pong` is the answer."""


class StreamData(msgspec.Struct, frozen=True, gc=False):
    """Data of a stream; empty at the end of what its sender reads."""

    serial: int
    data: bytes


class StreamHole(msgspec.Struct, frozen=True, gc=False):
    """`length` bytes of zeros that are not sent."""

    serial: int
    length: int


class StreamEnd(msgspec.Struct, frozen=True, gc=False):
    """The peer finishes the stream."""

    serial: int


class StreamFailure(msgspec.Struct, frozen=True, gc=False):
    """The peer aborts the stream; a server tells why, unless that cannot be read."""

    serial: int
    error: Error | None


Event: TypeAlias = (
    Call | Reply | Failure | Message | Ping | StreamData | StreamHole | StreamEnd | StreamFailure
)

_LEGAL = {
    Role.CLIENT: frozenset(
        {
            PacketType.REPLY,
            PacketType.REPLY_WITH_FDS,
            PacketType.MESSAGE,
            PacketType.STREAM,
            PacketType.STREAM_HOLE,
        }
    ),
    Role.SERVER: frozenset(
        {
            PacketType.CALL,
            PacketType.CALL_WITH_FDS,
            PacketType.MESSAGE,
            PacketType.STREAM,
            PacketType.STREAM_HOLE,
        }
    ),
}


class Connection:
    """The state of one connection.

    Args:
        role: Which end this is.
        peer: Who is at the other end, for messages.
        max_packet: Bytes of a packet that may come at most.
    """

    __slots__ = ("_calls", "_legal", "_next", "_packets", "_reader", "_role", "_streams", "peer")

    def __init__(self, role: Role, *, peer: str, max_packet: int = MAX_PACKET) -> None:
        self.peer = peer
        self._role = role
        self._legal = _LEGAL[role]
        self._reader = PacketReader(peer, max_packet=max_packet)
        self._packets: list[Packet] = []
        self._next = 0
        self._calls: dict[int, Procedure[Any, Any]] = {}
        self._streams: dict[int, Packet] = {}

    # --- what came --------------------------------------------------------------------------

    def receive(self, data: bytes, descriptors: Sequence[int] = ()) -> Iterator[Event]:
        """Take what came; what it means, one event at a time.

        What came before a packet that is wrong is given before the error is raised, however the
        bytes came in pieces.  Events that are not asked for are given with the next.

        Raises:
            ProtocolError: The peer does not keep to the protocol; the connection is of no use.
        """
        packets = self._reader.receive(data, descriptors)
        lone = len(packets) == 1 and not self._packets and self._reader.sound
        if lone and not packets[0].descriptors:
            return self._lone_event(packets[0])  # mostly, and quicker
        self._packets += packets
        return self._events()

    def lone_call(self, data: bytes) -> Call | None:
        """The call that these bytes are, when they are just one and all before was taken.

        That is so mostly, and quicker than `receive`, which is to take the bytes when it is None.
        """
        head = None if self._packets else self._reader.lone(data)
        if head is None:
            return None
        _, program, version, procedure, kind, serial, status = head
        if kind != _CALL or status != _OK or self._role is not Role.SERVER:
            return None
        return Call(program, version, procedure, serial, data[HEADER_SIZE:])

    def _lone_event(self, packet: Packet) -> Iterator[Event]:
        """What the only packet means."""
        event = self._event(packet)
        return iter(()) if event is None else iter((event,))

    @property
    def pending(self) -> bool:
        """Whether packets have come whose events were not asked for."""
        return bool(self._packets)

    def abandon(self) -> list[int]:
        """Forget all that is open; descriptors that nobody got, for the caller to close."""
        self._calls.clear()
        self._streams.clear()
        left = [number for packet in self._packets for number in packet.descriptors]
        self._packets.clear()
        return left + self._reader.abandon()

    def limit(self, max_packet: int) -> None:
        """Take packets of so many bytes from now on."""
        self._reader.limit(max_packet)

    @property
    def unfinished(self) -> int:
        """Bytes that came and wait for the rest of their packet."""
        return self._reader.unfinished

    @property
    def outstanding(self) -> int:
        """How many calls have no reply yet, those that nobody waits for among them."""
        return len(self._calls)

    def _events(self) -> Iterator[Event]:
        packets = self._packets
        while packets:
            event = self._event(packets[0])  # it stays when this raises, with its descriptors
            del packets[0]
            if event is not None:
                yield event
        self._reader.check()

    def _event(self, packet: Packet) -> Event | None:
        kind = packet.type
        if kind not in self._legal:
            raise ProtocolError(f"{self.peer} sent a {kind.name}, which only this end may send")
        if kind in _REPLIES:
            return self._reply(packet)
        if kind is PacketType.MESSAGE:
            return self._message(packet)
        if kind in _CALLS:
            return self._call(packet)
        return self._stream(packet)

    def _call(self, packet: Packet) -> Event:
        if packet.status is not PacketStatus.OK:
            raise ProtocolError(f"{self.peer} sent a call of status {packet.status.name}")
        return Call(
            packet.program,
            packet.version,
            packet.procedure,
            packet.serial,
            packet.payload,
            packet.descriptors,
        )

    def _reply(self, packet: Packet) -> Event:
        called = self._calls.pop(packet.serial, None)
        if called is None:
            raise ProtocolError(
                f"{self.peer} replied to the call {packet.serial}, which nobody made"
            )
        if packet.procedure != called.number or packet.program != called.program:
            raise ProtocolError(
                f"{self.peer} replied to procedure {called.number} with {packet.procedure}"
            )
        if packet.status is _OK:
            return Reply(packet.serial, packet.payload, packet.descriptors)
        self._streams.pop(packet.serial, None)
        if packet.status is PacketStatus.CONTINUE:
            raise ProtocolError(f"{self.peer} sent a reply of status CONTINUE")
        if packet.descriptors:
            raise ProtocolError(f"{self.peer} sent descriptors with a refusal")
        return Failure(packet.serial, _error_in(packet.payload))

    def _message(self, packet: Packet) -> Event | None:
        if packet.program != Program.KEEPALIVE:
            if self._role is Role.SERVER:
                raise ProtocolError(f"{self.peer} sent a message, which only a server may")
            return Message(packet.program, packet.procedure, packet.payload)
        if packet.procedure == _PING:
            return Ping()
        if packet.procedure != _PONG:
            raise ProtocolError(f"{self.peer} sent keepalive procedure {packet.procedure}")
        return None

    def _stream(self, packet: Packet) -> Event | None:
        opened = self._streams.get(packet.serial)
        if opened is None:
            return None  # a stream that is gone: libvirt, too, says nothing to these
        if (packet.program, packet.procedure) != (opened.program, opened.procedure):
            raise ProtocolError(f"{self.peer} sent data of another stream under its serial")
        if packet.type is PacketType.STREAM_HOLE:
            return self._hole(packet)
        if packet.status is PacketStatus.CONTINUE:
            return StreamData(packet.serial, packet.payload)
        if self._role is Role.CLIENT:  # a server has still to answer it
            del self._streams[packet.serial]
        if packet.status is PacketStatus.OK:
            return StreamEnd(packet.serial)
        return StreamFailure(packet.serial, _error_in(packet.payload))

    def _hole(self, packet: Packet) -> Event:
        if len(packet.payload) < _HOLE.size:
            raise ProtocolError(f"{self.peer} sent a hole without its length")
        length, flags = _HOLE.unpack_from(packet.payload)
        if length < 0 or flags:
            raise ProtocolError(f"{self.peer} sent a hole of {length} bytes, flags {flags}")
        return StreamHole(packet.serial, length)

    # --- what a client sends ------------------------------------------------------------------

    def call(
        self, procedure: Procedure[A, R], args: A, *, descriptors: Sequence[int] = ()
    ) -> tuple[int, bytes]:
        """Call a procedure: its serial, and the bytes to send.

        Each of `descriptors` is to be sent after these bytes, with a byte of its own.

        Raises:
            EncodeError: The arguments do not fit, or there are too many descriptors; nothing is to
                be sent.
            LimitExceeded: They are too long.
        """
        payload = codec(procedure.args).encode(args)
        kind = _CALL
        if descriptors:
            _check_count(descriptors)
            kind, payload = PacketType.CALL_WITH_FDS, count_descriptors(len(descriptors)) + payload
        serial = self._next
        program, number = procedure.program, procedure.number
        data = encode_parts(program, PROGRAM_VERSION, number, kind, serial, _OK, payload)
        self._next = self._serial_after(serial)
        self._calls[serial] = procedure
        if procedure.stream is not None:
            self._streams[serial] = Packet(
                program, PROGRAM_VERSION, number, PacketType.STREAM, serial
            )
        return serial, data

    def _serial_after(self, serial: int) -> int:
        """The next serial that no call and no stream has: those of stuck calls are passed over."""
        while True:
            serial = 0 if serial == MAX_SERIAL else serial + 1
            if serial not in self._calls and serial not in self._streams:
                return serial

    def withdraw(self, serial: int) -> None:
        """Forget a call whose bytes were not sent."""
        self._calls.pop(serial, None)
        self._streams.pop(serial, None)

    def ping(self) -> bytes:
        """Ask the peer whether it lives."""
        return _keepalive(_PING)

    def pong(self) -> bytes:
        """Answer a `Ping`."""
        return _keepalive(_PONG)

    # --- what both ends send on a stream --------------------------------------------------------

    def stream_data(self, serial: int, data: bytes) -> bytes:
        """Send data; empty data tells the end of what the sender reads."""
        return self._stream_packet(serial, PacketStatus.CONTINUE, data)

    def stream_hole(self, serial: int, length: int) -> bytes:
        """Send a hole of that many bytes."""
        opened = self._opened(serial)
        return encode_packet(
            msgspec.structs.replace(
                opened,
                type=PacketType.STREAM_HOLE,
                status=PacketStatus.CONTINUE,
                payload=_HOLE.pack(length, 0),
            )
        )

    def stream_finish(self, serial: int) -> bytes:
        """Finish the stream. A client then waits for the server's `StreamEnd`."""
        data = self._stream_packet(serial, PacketStatus.OK, b"")
        if self._role is Role.SERVER:
            del self._streams[serial]
        return data

    def stream_abort(self, serial: int, error: Error | None = None) -> bytes:
        """Abort the stream; only a server tells why. A client then waits for the answer."""
        payload = b"" if error is None else codec(Error).encode(error)
        data = self._stream_packet(serial, PacketStatus.ERROR, payload)
        if self._role is Role.SERVER:
            del self._streams[serial]
        return data

    def stream_is_open(self, serial: int) -> bool:
        """Whether there is such a stream."""
        return serial in self._streams

    def _opened(self, serial: int) -> Packet:
        opened = self._streams.get(serial)
        if opened is None:
            raise ProtocolError(f"there is no stream {serial} to {self.peer} any more")
        return opened

    def _stream_packet(self, serial: int, status: PacketStatus, payload: bytes) -> bytes:
        opened = self._opened(serial)
        return encode_packet(
            msgspec.structs.replace(opened, type=PacketType.STREAM, status=status, payload=payload)
        )

    # --- what a server sends --------------------------------------------------------------------

    def reply(
        self,
        call: Call,
        procedure: Procedure[A, R],
        result: R,
        *,
        descriptors: Sequence[int] = (),
    ) -> bytes:
        """Answer a call; a procedure with a stream opens it by this. Raises as `call`."""
        if not descriptors and procedure.stream is None:  # most of them, and the quick way
            return self.answer(call, codec(procedure.ret).encode(result))
        _check_count(descriptors)
        kind = PacketType.REPLY_WITH_FDS if descriptors else PacketType.REPLY
        packet = _answer(call, kind, codec(procedure.ret).encode(result), descriptors)
        data = encode_packet(packet)
        if procedure.stream is not None:
            self._streams[call.serial] = msgspec.structs.replace(
                packet, payload=b"", descriptors=()
            )
        return data

    def answer(self, call: Call, payload: bytes) -> bytes:
        """Answer a call, which opens no stream, with its encoded result."""
        head = (call.program, call.version, call.procedure, _REPLY, call.serial)
        return encode_parts(*head, _OK, payload)

    def refuse(self, call: Call, error: Error) -> bytes:
        """Answer a call with an error."""
        packet = _answer(call, PacketType.REPLY, codec(Error).encode(error), ())
        return encode_packet(msgspec.structs.replace(packet, status=PacketStatus.ERROR))

    def message(self, kind: EventKind[A], msg: A) -> bytes:
        """Tell a client something unasked."""
        payload = codec(kind.msg).encode(msg)
        return encode_packet(
            Packet(
                kind.program,
                PROGRAM_VERSION,
                kind.number,
                PacketType.MESSAGE,
                0,
                PacketStatus.OK,
                payload,
            )
        )


def _error_in(payload: bytes) -> Error | None:
    """The error that the peer tells, or None when it is none: the packet's meaning stays clear."""
    try:
        return codec(Error).decode(payload)
    except DecodeError:
        return None


def _check_count(descriptors: Sequence[int]) -> None:
    if len(descriptors) > MAX_DESCRIPTORS:
        raise EncodeError(
            f"{len(descriptors)} descriptors at once, but libvirt takes {MAX_DESCRIPTORS} at most"
        )


def _answer(call: Call, kind: PacketType, payload: bytes, descriptors: Sequence[int]) -> Packet:
    return Packet(
        call.program,
        call.version,
        call.procedure,
        kind,
        call.serial,
        PacketStatus.OK,
        payload,
        tuple(descriptors),
    )


def _keepalive(procedure: int) -> bytes:
    return encode_packet(
        Packet(Program.KEEPALIVE, PROGRAM_VERSION, procedure, PacketType.MESSAGE, 0)
    )
