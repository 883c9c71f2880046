"""The kernel's table of neighbours, beside what its own file says."""

from __future__ import annotations

import struct
from pathlib import Path

from aiovirt.host import neighbours
from aiovirt.host.neighbours import read_neighbours


def test_the_kernels_table_is_read() -> None:
    found = {(mac, str(ip)) for mac, known in read_neighbours().items() for ip in known}
    lines = Path("/proc/net/arp").read_text(encoding="ascii").splitlines()[1:]
    rows = [line.split() for line in lines]
    complete = {(row[3], row[0]) for row in rows if row[2] == "0x2"}
    assert complete <= found


def message(state: int, *attributes: bytes) -> bytes:
    return struct.pack("=BxxxiHBB", 2, 1, state, 0, 1) + b"".join(attributes)


def test_only_who_has_answered_is_one() -> None:
    address = struct.pack("=HH4B", 8, 1, 192, 0, 2, 7)
    mac = struct.pack("=HH6Bxx", 10, 2, 0x52, 0x54, 0, 0, 0, 1)
    (told,) = neighbours._neighbour(message(2, address, mac))
    assert (told[0], str(told[1])) == ("52:54:00:00:00:01", "192.0.2.7")
    assert list(neighbours._neighbour(message(1, address, mac))) == []
    assert list(neighbours._neighbour(message(2, address))) == []
    assert list(neighbours._neighbour(message(2, mac, b"\0\0\0\0"))) == []
