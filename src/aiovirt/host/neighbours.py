"""Whom this host knows in its networks: addresses by MAC address, as the kernel has learnt them.

Source: rtnetlink(7), linux/neighbour.h.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator
from typing import Final

from aiovirt.host.files import host_error
from aiovirt.host.netlink import DUMP, attributes, converse

__all__ = ["Neighbours", "read_neighbours"]

Neighbours = dict[str, list[ipaddress.IPv4Address | ipaddress.IPv6Address]]
"""MAC address -> the addresses that are known of it."""

_NEIGHBOUR: Final = struct.Struct("=BxxxiHBB")  # struct ndmsg
_GET, _NEW = 30, 28
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
    request = _NEIGHBOUR.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    try:
        for kind, message in converse(_GET, DUMP, request):
            for mac, address in _neighbour(message) if kind == _NEW else ():
                found.setdefault(mac, []).append(address)
    except OSError as error:
        raise host_error(error, "cannot read the table of neighbours") from error
    return found


def _neighbour(
    message: bytes,
) -> Iterator[tuple[str, ipaddress.IPv4Address | ipaddress.IPv6Address]]:
    """MAC address and address of one, where both are known."""
    family, _, state, _, _ = _NEIGHBOUR.unpack_from(message)
    if family not in _FAMILIES or state & _UNKNOWN:
        return
    found = dict(attributes(message[_NEIGHBOUR.size :]))
    if _ADDRESS in found and len(found.get(_MAC, b"")) == 6:  # noqa: PLR2004 -- of a MAC address
        yield found[_MAC].hex(":"), ipaddress.ip_address(found[_ADDRESS])
