"""Whom this host knows in its networks: addresses by MAC address, as the kernel has learnt them.

Source: rtnetlink(7), linux/neighbour.h. The kernel answers at once.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator
from typing import Final

from aiovirt.errors import HostError
from aiovirt.host.files import host_error

__all__ = ["Neighbours", "read_neighbours"]

Neighbours = dict[str, list[ipaddress.IPv4Address | ipaddress.IPv6Address]]
"""MAC address -> the addresses that are known of it."""

_HEADER: Final = struct.Struct("=IHHII")  # struct nlmsghdr
_NEIGHBOUR: Final = struct.Struct("=BxxxiHBB")  # struct ndmsg
_ATTRIBUTE: Final = struct.Struct("=HH")  # struct rtattr
_GET, _DONE, _ERROR, _NEW = 30, 3, 2, 28
_REQUEST_DUMP: Final = 0x301
_ADDRESS, _MAC = 1, 2
_UNKNOWN: Final = 0x01 | 0x20 | 0x40
"""Incomplete, failed, and those that need no resolution."""
_FAMILIES: Final = (socket.AF_INET, socket.AF_INET6)


def read_neighbours() -> Neighbours:
    """Ask the kernel.

    Raises:
        HostError: It does not tell.
    """
    found: Neighbours = {}
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as line:
            request = _NEIGHBOUR.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
            length = _HEADER.size + len(request)
            line.sendto(_HEADER.pack(length, _GET, _REQUEST_DUMP, 1, 0) + request, (0, 0))
            for message in _messages(line):
                for mac, address in _neighbour(message):
                    found.setdefault(mac, []).append(address)
    except OSError as error:
        raise host_error(error, "cannot read the table of neighbours") from error
    return found


def _messages(line: socket.socket) -> Iterator[bytes]:
    """The answers, until the kernel says that there are no more."""
    while data := line.recv(1 << 17):
        place = 0
        while place + _HEADER.size <= len(data):
            length, kind, _, _, _ = _HEADER.unpack_from(data, place)
            if kind == _DONE:
                return
            if kind == _ERROR or length < _HEADER.size:
                raise HostError("the kernel does not tell its table of neighbours")
            if kind == _NEW:
                yield data[place + _HEADER.size : place + length]
            place += (length + 3) & ~3


def _neighbour(
    message: bytes,
) -> Iterator[tuple[str, ipaddress.IPv4Address | ipaddress.IPv6Address]]:
    """MAC address and address of one, where both are known."""
    family, _, state, _, _ = _NEIGHBOUR.unpack_from(message)
    if family not in _FAMILIES or state & _UNKNOWN:
        return
    found = dict(_attributes(message[_NEIGHBOUR.size :]))
    if _ADDRESS in found and len(found.get(_MAC, b"")) == 6:  # noqa: PLR2004 -- of a MAC address
        yield found[_MAC].hex(":"), ipaddress.ip_address(found[_ADDRESS])


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, place)
        if length < _ATTRIBUTE.size:
            return
        yield kind, data[place + _ATTRIBUTE.size : place + length]
        place += (length + 3) & ~3
