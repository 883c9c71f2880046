"""Framing: bytes to packets and back.  It knows no procedure.

A packet is a length word that counts itself, six words of header, and the payload, all
big-endian (libvirt's docs/kbase/internals/rpc.rst).  A packet with descriptors is followed by one
byte for each, to which the descriptor is attached; these bytes are *not* in the length word,
whatever that document says (measured on libvirtd 9.0).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import NoReturn

import msgspec

from aiovirt.errors import LimitExceeded, ProtocolError

__all__ = [
    "HEADER_SIZE",
    "MAX_DESCRIPTORS",
    "MAX_PACKET",
    "MAX_STREAM_DATA",
    "Packet",
    "PacketReader",
    "PacketStatus",
    "PacketType",
    "count_descriptors",
    "encode_packet",
    "encode_parts",
]

MAX_PACKET = 33554432 + 4
"""Bytes of a packet at most, its length word among them (VIR_NET_MESSAGE_MAX)."""

MAX_STREAM_DATA = 262120
"""Bytes of a stream's packet that every libvirt takes (VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX)."""

MAX_DESCRIPTORS = 32
"""Descriptors of a packet at most (VIR_NET_MESSAGE_NUM_FDS_MAX)."""

_HEADER = struct.Struct(">IIIIiII")
_LENGTH = struct.Struct(">I")
HEADER_SIZE = _HEADER.size


class PacketType(IntEnum):
    """libvirt's `virNetMessageType`."""

    CALL = 0
    REPLY = 1
    MESSAGE = 2
    STREAM = 3
    CALL_WITH_FDS = 4
    REPLY_WITH_FDS = 5
    STREAM_HOLE = 6


class PacketStatus(IntEnum):
    """libvirt's `virNetMessageStatus`."""

    OK = 0
    ERROR = 1
    CONTINUE = 2


WITH_DESCRIPTORS = (PacketType.CALL_WITH_FDS, PacketType.REPLY_WITH_FDS)

_TYPES = {int(item): item for item in PacketType}
_STATUSES = {int(item): item for item in PacketStatus}


class Packet(msgspec.Struct, frozen=True, gc=False):
    """One packet.

    Attributes:
        program: The program's number.
        version: The program's version.
        procedure: The procedure's number there.
        type: What kind of packet it is.
        serial: The call to which it belongs; 0 for a message.
        status: Whether it is an error, or goes on.
        payload: What follows the header, without the count of descriptors.
        descriptors: File descriptors that came along; whoever takes the packet owns them.
    """

    program: int
    version: int
    procedure: int
    type: PacketType
    serial: int
    status: PacketStatus = PacketStatus.OK
    payload: bytes = b""
    descriptors: tuple[int, ...] = ()


def encode_packet(packet: Packet) -> bytes:
    """The bytes of a packet, without the byte that each of its descriptors travels with.

    Raises:
        LimitExceeded: It is longer than `MAX_PACKET`.
    """
    payload = packet.payload
    if packet.type in WITH_DESCRIPTORS:
        payload = count_descriptors(len(packet.descriptors)) + payload
    head = (packet.program, packet.version, packet.procedure)
    return encode_parts(*head, packet.type, packet.serial, packet.status, payload)


def encode_parts(  # noqa: PLR0917 - the words of a header, in their order
    program: int, version: int, procedure: int, kind: int, serial: int, status: int, payload: bytes
) -> bytes:
    """The bytes of a packet without descriptors, whose parts are those of `Packet`.

    Raises:
        LimitExceeded: It is longer than `MAX_PACKET`.
    """
    length = HEADER_SIZE + len(payload)
    if length > MAX_PACKET:
        raise LimitExceeded(
            f"a packet of {length} bytes is longer than libvirt takes ({MAX_PACKET})",
            limit=MAX_PACKET,
        )
    return _HEADER.pack(length, program, version, procedure, kind, serial, status) + payload


def count_descriptors(count: int) -> bytes:
    """What stands before the payload of a packet with so many descriptors."""
    return _LENGTH.pack(count)


class PacketReader:
    """Takes bytes as they come, and gives packets.

    Args:
        peer: Who sends, for messages.
        max_packet: Bytes of a packet at most.
    """

    __slots__ = ("_buffer", "_descriptors", "_error", "_held", "_max_packet", "_peer", "_wanted")

    def __init__(self, peer: str, *, max_packet: int = MAX_PACKET) -> None:
        self._peer = peer
        self._max_packet = max_packet
        self._buffer = bytearray()  # the beginning of what is not whole
        self._wanted = 0  # how many bytes make it whole
        self._held: Packet | None = None
        self._descriptors: list[int] = []
        self._error: ProtocolError | None = None

    def receive(self, data: bytes, descriptors: Sequence[int] = ()) -> list[Packet]:
        """Take what came; the packets that are whole now, up to the first that is wrong.

        An error behind packets that are returned is raised by `check`, and by the next call.

        Args:
            data: Bytes.
            descriptors: File descriptors that came with them; they belong to the reader until a
                packet bears them.

        Raises:
            ProtocolError: This is no packet of libvirt's protocol; nothing after it can be read.
        """
        self._descriptors.extend(descriptors)
        self.check()
        if len(self._descriptors) > MAX_DESCRIPTORS:
            raise ProtocolError(f"{self._peer} sent descriptors that no packet announces")
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._wanted:
                return []
            data = bytes(self._buffer)
            self._buffer.clear()
        return self._take_all(data)

    def lone(self, data: bytes) -> tuple[int, ...] | None:
        """The header of the packet that these bytes are, when they are one and nothing waits.

        That is so mostly, and quicker than `receive`, which is to take the bytes when it is None.
        """
        waits = self._buffer or self._held or self._descriptors or self._error
        if waits or not HEADER_SIZE <= len(data) <= self._max_packet:
            return None
        head = _HEADER.unpack_from(data)
        return head if head[0] == len(data) else None

    def _take_all(self, data: bytes) -> list[Packet]:
        """The packets at the beginning of these bytes; the rest is kept."""
        found: list[Packet] = []
        pos = after = 0
        try:
            while after >= 0 and (pos < len(data) or self._held is not None):
                after = self._take_one(found, data, pos)
                pos = max(pos, after)
        except ProtocolError as error:
            if not found:
                raise
            self._error = error
        finally:
            self._buffer += data[pos:]
        return found

    def limit(self, max_packet: int) -> None:
        """Take packets of so many bytes from now on."""
        self._max_packet = max_packet

    @property
    def unfinished(self) -> int:
        """Bytes that wait for the rest of their packet."""
        return len(self._buffer)

    @property
    def sound(self) -> bool:
        """Whether no error stands behind the last packets."""
        return self._error is None

    def check(self) -> None:
        """Raise the error that stands behind the last packets, if there is one."""
        if self._error is not None:
            raise self._error

    def abandon(self) -> list[int]:
        """Forget all; the descriptors that no packet bears, for the caller to close."""
        held = self._held.descriptors if self._held else ()
        left = [*held, *self._descriptors]
        self._descriptors.clear()
        self._buffer.clear()
        self._held = None
        return left

    def _refuse(self, length: int) -> NoReturn:
        if length < HEADER_SIZE:
            raise ProtocolError(
                f"{self._peer} sent a packet of {length} bytes: this is not libvirt's protocol"
            )
        raise LimitExceeded(
            f"{self._peer} sent a packet of {length} bytes, more than {self._max_packet}",
            limit=self._max_packet,
        )

    def _take_one(self, found: list[Packet], data: bytes, pos: int) -> int:
        """Take the packet at `pos`, or the bytes of its descriptors: where it ends.

        What is not whole is -1, and `_wanted` tells how much of it there must be.
        """
        if self._held is not None:
            return self._take_descriptors(found, self._held, data, pos)
        have = len(data) - pos
        if have < HEADER_SIZE:
            self._wanted = _LENGTH.size
            if have >= _LENGTH.size:  # a length that cannot be is told at once
                (self._wanted,) = _LENGTH.unpack_from(data, pos)
                if not HEADER_SIZE <= self._wanted <= self._max_packet:
                    self._refuse(self._wanted)
            return -1
        length, program, version, procedure, kind, serial, status = _HEADER.unpack_from(data, pos)
        if not HEADER_SIZE <= length <= self._max_packet:
            self._refuse(length)
        if have < length:
            self._wanted = length
            return -1
        known, state = _TYPES.get(kind), _STATUSES.get(status)
        if known is None or state is None:
            raise ProtocolError(
                f"{self._peer} sent a packet of type {kind} and status {status}: "
                "there are no such in libvirt's protocol"
            )
        end = pos + int(length)
        payload = data[pos + HEADER_SIZE : end]
        packet = Packet(program, version, procedure, known, serial, state, payload)
        if known in WITH_DESCRIPTORS:
            self._held = packet
        else:
            found.append(packet)
        return end

    def _take_descriptors(self, found: list[Packet], packet: Packet, data: bytes, pos: int) -> int:
        """Take the byte of each descriptor, and the descriptors: where they end, or -1."""
        if len(packet.payload) < _LENGTH.size:
            raise ProtocolError(f"{self._peer} sent a packet with descriptors, but not how many")
        (count,) = _LENGTH.unpack_from(packet.payload)
        if count > MAX_DESCRIPTORS:
            raise ProtocolError(f"{self._peer} announced {count} descriptors in one packet")
        if len(data) - pos < count:
            self._wanted = count
            return -1
        if len(self._descriptors) < count:
            raise ProtocolError(f"{self._peer} announced {count} descriptors, but sent fewer")
        taken = tuple(self._descriptors[:count])
        del self._descriptors[:count]
        self._held = None
        found.append(
            msgspec.structs.replace(
                packet, payload=packet.payload[_LENGTH.size :], descriptors=taken
            )
        )
        return pos + int(count)
