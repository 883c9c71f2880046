"""Who is at the other end of a connection, as far as it has shown. Plain values; nothing is asked.

It grows as a client shows more of itself: a certificate, a SASL user, that it wants to read only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["ANONYMOUS", "Identity", "Transport"]

Transport: TypeAlias = Literal["unix", "tcp", "tls"]

ANONYMOUS = "anonymous"
"""What somebody is called who has shown nothing."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is at the other end of a connection; `dataclasses.replace` adds what it shows later.

    Attributes:
        transport: How it came.
        address: ``unix``, or ``host:port``: for logs, the audit and virt-admin.
        uid: The user's number, of a Unix peer.
        gid: The group's number, of a Unix peer.
        pid: The process's number, of a Unix peer; none when it is in another PID namespace.
        start_time: When that process began, in clock ticks (field 22 of proc_pid_stat(5)): with it
            a number that was given to another process meanwhile is found out.
        user: The login name of `uid`.
        groups: The names of the groups of a Unix peer's user.
        sasl_user: Who SASL has proved it to be.
        x509_name: The distinguished name of its certificate.
        readonly: Whether it came by the read-only socket, or has opened its connection so.
    """

    transport: Transport
    address: str
    uid: int | None = None
    gid: int | None = None
    pid: int | None = None
    start_time: int | None = None
    user: str | None = None
    groups: frozenset[str] = frozenset()
    sasl_user: str | None = None
    x509_name: str | None = None
    readonly: bool = False

    @property
    def name(self) -> str:
        """What rules, logs and the audit call it: the strongest name that it has shown."""
        number = None if self.uid is None else f"uid:{self.uid}"
        return self.sasl_user or self.x509_name or self.user or number or ANONYMOUS

    @property
    def local(self) -> bool:
        """Whether it is on this machine, and the kernel says who it is."""
        return self.transport == "unix"

    @property
    def encrypted(self) -> bool:
        """Whether nobody can listen on the line by the transport alone."""
        return self.transport != "tcp"
