"""A client of libvirt's protocol that sends what it is told to, right or wrong.

Written apart from the package's own client on purpose: a test's measure is not what it measures.
"""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import Self

from libvirtpackets import Header, packet

__all__ = [
    "AUTH_LIST",
    "CLOSE",
    "GET_HOSTNAME",
    "LOOKUP_BY_NAME",
    "OPEN",
    "RawClient",
    "descriptors_in",
    "resident",
    "text",
]

OPEN, CLOSE, GET_HOSTNAME, AUTH_LIST, LOOKUP_BY_NAME = 1, 2, 59, 66, 23
"""Procedures, by number."""

LIMIT_S = 10.0
"""How long an answer may take, also on a machine that is busy."""


def text(value: str) -> bytes:
    """XDR of a string: its length, its bytes, padding."""
    data = value.encode()
    return struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)


def opening(host: str) -> bytes:
    """The arguments of OPEN: a name that is there, and no flags."""
    return b"\0\0\0\1" + text(host) + bytes(4)


class RawClient:
    """One connection to a daemon's socket."""

    def __init__(self, path: Path) -> None:
        self._serial = 0
        self.others: list[bytes] = []
        """What came while something else was waited for."""
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self.socket.connect(str(path))  # waits for its turn, which it would not with a limit
        except OSError:
            self.socket.close()
            raise
        self.socket.settimeout(LIMIT_S)

    @classmethod
    def opened(cls, path: Path, host: str = "test:///default") -> Self:
        """Connect, and open a host as any client does."""
        client = cls(path)
        try:
            client.call(AUTH_LIST)
            client.call(OPEN, opening(host))
        except BaseException:
            client.close()
            raise
        return client

    def send(self, data: bytes) -> bool:
        """Send all of it; whether the other end still took it."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)
            return True
        return False

    def receive(self) -> bytes:
        """The next packet, or nothing at the end of the connection."""
        length = self._exactly(4)
        return length and length + self._exactly(int.from_bytes(length) - 4)

    def call(self, procedure: int, payload: bytes = b"", **header: int) -> bytes:
        """Call; the whole reply, whatever it says."""
        serial, self._serial = self._serial, self._serial + 1
        self.send(packet(procedure=procedure, serial=serial, payload=payload, **header))
        while reply := self.receive():
            if Header.of(reply).type == 1 and Header.of(reply).serial == serial:
                return reply
            self.others.append(reply)
        return b""

    def ended(self) -> bool:
        """Wait for the end of the connection, over what still comes; whether it came."""
        with suppress(ConnectionResetError):
            while True:
                try:
                    if not self.socket.recv(65536):
                        return True
                except TimeoutError:
                    return False
        return True

    def close(self) -> None:
        """Leave without a word."""
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        with suppress(ConnectionResetError):
            while len(data) < size:
                piece = self.socket.recv(size - len(data))
                if not piece:
                    break
                data += piece
        return bytes(data) if len(data) == size else b""


def resident(pid: int) -> int:
    """The bytes of memory that a process holds: proc_pid_status(5)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def descriptors_in(pid: int) -> int:
    """How many descriptors a process has."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
