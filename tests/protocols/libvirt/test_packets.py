"""Framing: literal packets whole, byte by byte, cut, and what is none."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import LimitExceeded, ProtocolError
from aiovirt.protocols.libvirt.packets import (
    MAX_DESCRIPTORS,
    MAX_PACKET,
    Packet,
    PacketReader,
    PacketStatus,
    PacketType,
    encode_packet,
)

# AUTH_LIST as virsh sends it, its first call, and libvirtd's answer: one kind, none.
CALL = bytes.fromhex("0000001c 20008086 00000001 00000042 00000000 00000000 00000000")
REPLY = bytes.fromhex(
    "00000024 20008086 00000001 00000042 00000001 00000000 00000000 00000001 00000000"
)
CALLED = Packet(0x20008086, 1, 66, PacketType.CALL, 0)
REPLIED = Packet(0x20008086, 1, 66, PacketType.REPLY, 0, PacketStatus.OK, REPLY[28:])


def test_packet_as_bytes() -> None:
    assert encode_packet(CALLED) == CALL
    assert encode_packet(REPLIED) == REPLY


def test_bytes_as_packets() -> None:
    assert PacketReader("x").receive(CALL + REPLY) == [CALLED, REPLIED]


def test_one_byte_at_a_time() -> None:
    reader = PacketReader("x")
    found = [packet for byte in CALL + REPLY for packet in reader.receive(bytes([byte]))]
    assert found == [CALLED, REPLIED]


@pytest.mark.parametrize("length", range(1, len(REPLY)))
def test_part_of_a_packet_is_none(length: int) -> None:
    reader = PacketReader("x")
    assert reader.receive(CALL + REPLY[:length]) == [CALLED]
    assert reader.receive(REPLY[length:] + CALL) == [REPLIED, CALLED]


@pytest.mark.parametrize("length", [0, 3, 4, 27])
def test_length_that_is_too_small(length: int) -> None:
    with pytest.raises(ProtocolError, match=f"a packet of {length} bytes"):
        PacketReader("x").receive(length.to_bytes(4, "big") + bytes(28))


def test_length_that_is_too_great_is_refused_by_its_first_word() -> None:
    with pytest.raises(LimitExceeded) as caught:
        PacketReader("x").receive((MAX_PACKET + 1).to_bytes(4, "big"))
    assert caught.value.limit == MAX_PACKET


@pytest.mark.parametrize(("place", "value"), [(16, 7), (16, 0xFFFFFFFF), (24, 3)])
def test_type_or_status_that_does_not_exist(place: int, value: int) -> None:
    data = REPLY[:place] + value.to_bytes(4, "big") + REPLY[place + 4 :]
    with pytest.raises(ProtocolError, match="there are no such"):
        PacketReader("x").receive(data)


def test_packet_that_libvirt_would_not_take_is_not_made() -> None:
    packet = Packet(1, 1, 1, PacketType.CALL, 0, PacketStatus.OK, bytes(MAX_PACKET))
    with pytest.raises(LimitExceeded):
        encode_packet(packet)


WITH_TWO = Packet(0x20008086, 1, 343, PacketType.REPLY_WITH_FDS, 9, PacketStatus.OK, b"", (40, 41))


def test_descriptors_come_with_bytes_that_are_not_in_the_length() -> None:
    data = encode_packet(WITH_TWO)
    assert data[:4] == (28 + 4).to_bytes(4, "big")
    assert data[28:] == (2).to_bytes(4, "big")
    reader = PacketReader("x")
    assert reader.receive(data) == []
    assert reader.receive(b"\0", [40]) == []
    assert reader.receive(b"\0" + CALL, [41]) == [WITH_TWO, CALLED]


def test_descriptors_may_come_before_the_bytes_are_read() -> None:
    reader = PacketReader("x")
    reader.receive(b"", [40, 41])
    assert reader.receive(encode_packet(WITH_TWO) + b"\0\0") == [WITH_TWO]


def test_descriptors_that_do_not_come() -> None:
    with pytest.raises(ProtocolError, match="sent fewer"):
        PacketReader("x").receive(encode_packet(WITH_TWO) + b"\0\0", [40])


def test_descriptors_that_nobody_announced() -> None:
    reader = PacketReader("x")
    with pytest.raises(ProtocolError, match="no packet announces"):
        reader.receive(CALL, list(range(MAX_DESCRIPTORS + 1)))
    assert len(reader.abandon()) == MAX_DESCRIPTORS + 1


@pytest.mark.parametrize("payload", [b"", b"\0\0\1", (33).to_bytes(4, "big")])
def test_count_of_descriptors_that_is_none(payload: bytes) -> None:
    head = encode_packet(Packet(1, 1, 1, PacketType.CALL, 0))
    data = (28 + len(payload)).to_bytes(4, "big") + head[4:16] + b"\0\0\0\4" + head[20:] + payload
    with pytest.raises(ProtocolError, match=r"descriptors"):
        PacketReader("x").receive(data + b"\0" * 40)


@given(st.lists(st.binary(max_size=80), max_size=4))
def test_random_bytes_are_packets_or_a_protocol_error(pieces: list[bytes]) -> None:
    reader = PacketReader("x")
    with suppress(ProtocolError):
        for piece in pieces:
            reader.receive(piece)
