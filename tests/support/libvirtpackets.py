"""Just enough of libvirt's framing to tell packets apart, for peers between client and server.

Written apart from the package's own core on purpose: a test's measure is not what it measures.
The length word counts itself; the header is six big-endian words: libvirt's docs, internals/rpc.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["HEADER", "Header", "PacketReader", "descriptors_of", "packet"]

HEADER = struct.Struct(">IIIiiIi")
WITH_FDS = frozenset({4, 5})
"""Packet types whose payload begins with a count of descriptors, each of which comes after the
packet with one byte that the length does not count."""


@dataclass(frozen=True)
class Header:
    """The words before a packet's payload."""

    length: int
    program: int
    version: int
    procedure: int
    type: int
    serial: int
    status: int

    @classmethod
    def of(cls, data: bytes | bytearray) -> Header:
        """Read the words from a packet's first bytes."""
        return cls(*HEADER.unpack_from(data))


def packet(
    *,
    program: int = 0x20008086,
    procedure: int = 1,
    type_: int = 0,
    serial: int = 0,
    status: int = 0,
    payload: bytes = b"",
) -> bytes:
    """Write a packet, length word included."""
    length = HEADER.size + len(payload)
    return HEADER.pack(length, program, 1, procedure, type_, serial, status) + payload


def descriptors_of(data: bytes | bytearray) -> int:
    """Return how many descriptors come with a packet, one byte each after it."""
    if Header.of(data).type not in WITH_FDS or len(data) < HEADER.size + 4:
        return 0
    return int.from_bytes(data[HEADER.size : HEADER.size + 4])


class PacketReader:
    """Cuts a stream of bytes into packets, with the bytes of passed descriptors at their end."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes in; yield the packets that are complete."""
        self._buffer += data
        while self._buffer and len(self._buffer) >= (size := self._size()):
            whole = bytes(self._buffer[:size])
            del self._buffer[:size]
            yield whole

    @property
    def rest(self) -> bytes:
        """The bytes of the packet that is not complete."""
        return bytes(self._buffer)

    def _size(self) -> int:
        if len(self._buffer) < HEADER.size:
            return HEADER.size
        header = Header.of(self._buffer)
        size = max(header.length, HEADER.size)
        return size if len(self._buffer) < size else size + descriptors_of(self._buffer)
