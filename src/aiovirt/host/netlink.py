"""Messages to the kernel about its networks, and its answers; it answers at once.

Source: netlink(7), rtnetlink(7), linux/netlink.h.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from functools import partial
from typing import Final

__all__ = ["ACK", "DUMP", "attribute", "attributes", "converse"]

_HEADER: Final = struct.Struct("=IHHII")  # struct nlmsghdr
_ATTRIBUTE: Final = struct.Struct("=HH")  # struct rtattr
_CODE: Final = struct.Struct("=i")
_REQUEST, ACK, DUMP = 0x1, 0x4, 0x300
"""Flags: that it is a request, that its end is told, that all there are are told."""
_ERROR, _DONE = 2, 3
_LONGEST: Final = 1 << 17


def converse(kind: int, flags: int, body: bytes) -> Iterator[tuple[int, bytes]]:
    """Send a request; the kind and the body of each answer.

    Args:
        kind: The request's, such as ``RTM_GETNEIGH``.
        flags: `ACK` or `DUMP`.
        body: What follows the header.

    Raises:
        OSError: The kernel refuses, or does not answer as it should.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as line:
        length = _HEADER.size + len(body)
        line.sendto(_HEADER.pack(length, kind, _REQUEST | flags, 1, 0) + body, (0, 0))
        pieces = iter(partial(line.recv, _LONGEST), b"")
        answers = (answer for data in pieces for answer in _messages(data))
        for answer, found in answers:
            if answer in {_DONE, _ERROR}:
                _check(answer, found)
                return
            yield answer, found


def _check(answer: int, found: bytes) -> None:
    """See how it ended: an error of code 0 is none."""
    (code,) = _CODE.unpack_from(found)
    if answer == _ERROR and code:
        raise OSError(-code, os.strerror(-code))


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    for length, kind, start, end in _pieces(data, _HEADER):
        if length < _HEADER.size:
            raise OSError("the kernel's answer cannot be read")
        yield kind, data[start:end]


def _pieces(data: bytes, head: struct.Struct) -> Iterator[tuple[int, int, int, int]]:
    """The length and the kind of each piece, and from where to where its content goes."""
    place = 0
    while place + head.size <= len(data):
        length, kind = head.unpack_from(data, place)[:2]
        yield length, kind, place + head.size, place + length
        place += max((length + 3) & ~3, head.size)


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded."""
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(-length % 4)


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes of an answer."""
    for length, kind, start, end in _pieces(data, _ATTRIBUTE):
        if length < _ATTRIBUTE.size:
            return
        yield kind, data[start:end]
