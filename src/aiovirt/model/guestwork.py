"""What programs in guests leave behind, and where guests were found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

__all__ = ["FoundAddress", "GuestExit", "GuestProgram"]


@dataclass(frozen=True, slots=True)
class GuestExit:
    """How a program in a guest has ended.

    Attributes:
        status: Its exit status; None when a signal ended it.
        signal: The number of the signal that ended it (on Windows the exception), or None.
        stdout: What it has written, when that was kept.
        stderr: The same of its errors.
        truncated: Whether the agent has kept only the first part of what was written.
    """

    status: int | None
    signal: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    truncated: bool = False

    @property
    def ok(self) -> bool:
        """Whether it has ended by itself with status 0."""
        return self.status == 0


@dataclass(frozen=True, slots=True)
class GuestProgram:
    """A program that runs in a guest, or did.

    Attributes:
        pid: Its number in the guest.
        name: Its name.
        owner: Whose it is.
        command: Its command line.
        started: When it was started, by the guest's clock.
        ended: When it has ended; None while it runs.
        status: Its exit status; None while it runs.
    """

    pid: int
    name: str
    owner: str
    command: str
    started: datetime
    ended: datetime | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class FoundAddress:
    """An address by which a guest is reached; its text is the address alone.

    Attributes:
        ip: The address.
        mac: The MAC address of the interface that has it.
        source: Who told it: a network's leases, the guest's agent, or the host's ARP table.
        interface: The name that the source has for the interface; empty if none.
    """

    ip: IPv4Address | IPv6Address
    mac: str
    source: Literal["lease", "agent", "arp"]
    interface: str = ""

    def __str__(self) -> str:
        return str(self.ip)
