"""Who is at the other end of a Unix socket: the kernel says so, and nobody can tell it otherwise.

What it says is of the moment of connecting.  Names come from the user database, which may be a
directory on the network: a worker thread asks it, and its answers are kept for a while.
"""

from __future__ import annotations

import grp
import logging
import os
import pwd
import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio import CapacityLimiter, to_thread

from aiovirt.daemon.access.identity import Identity
from aiovirt.errors import Unresponsive

__all__ = ["Peers", "group_name", "network_identity"]

KEPT_S = 60.0
"""Seconds for which the names of a user are kept; a new member of a group waits no longer."""

LOOK_UP_S = 10.0
"""Seconds that the user database has; then a peer whose name may matter is not let in."""

LOOK_UPS = 16
"""Users that are looked up at once."""

MAX_KEPT = 4096

_CREDENTIALS = struct.Struct("=iII")
"""struct ucred (unix(7)): the process's number, the user's, the group's."""

log = logging.getLogger("aiovirt.daemon.access")

_NOBODY = 0xFFFF_FFFF
_START_TIME = 19
"""Where field 22 of proc_pid_stat(5) is among those behind the program's name."""


@dataclass(frozen=True, slots=True)
class _Names:
    user: str | None
    groups: frozenset[str]
    until: float


class Peers:
    """Finds out who peers are; one for a daemon, since it keeps what it has found.

    Attributes:
        processes: Whether it looks when a peer's process began, which only polkit needs.
    """

    def __init__(self, *, processes: bool = True) -> None:
        self.processes = processes
        self._names: dict[tuple[int, int], _Names] = {}
        self._threads: CapacityLimiter | None = None

    def forget(self) -> None:
        """Ask the user database anew from now on."""
        self._names.clear()

    async def identify(self, sock: socket.socket, *, readonly: bool = False) -> Identity:
        """Who is at the other end of a connected Unix socket.

        Args:
            sock: The socket.
            readonly: Whether it came by the read-only one.

        Raises:
            Unresponsive: The user database does not answer, so that rules about users and groups
                could not hold.

        Cancellation: changes nothing.
        """
        pid, uid, gid = credentials(sock)
        names = self._known(uid, gid) or await self._ask(uid, gid)
        return self._identity(pid, uid, gid, names, readonly=readonly)

    def identify_at_once(self, sock: socket.socket, *, readonly: bool = False) -> Identity | None:
        """As `identify`; None when the user database would have to be asked."""
        pid, uid, gid = credentials(sock)
        names = self._known(uid, gid)
        if names is None:
            return None
        return self._identity(pid, uid, gid, names, readonly=readonly)

    def _identity(self, pid: int, uid: int, gid: int, names: _Names, *, readonly: bool) -> Identity:
        return Identity(
            "unix",
            "unix",
            uid=uid,
            gid=gid,
            pid=pid or None,
            start_time=start_time(pid) if pid and self.processes else None,
            user=names.user,
            groups=names.groups,
            readonly=readonly,
        )

    def _limiter(self) -> CapacityLimiter:
        """What bounds look-ups: others that hang in threads must not hold up who connects."""
        if self._threads is None:
            self._threads = CapacityLimiter(LOOK_UPS)
        return self._threads

    def _known(self, uid: int, gid: int) -> _Names | None:
        found = self._names.get((uid, gid))
        return found if found is not None and time.monotonic() < found.until else None

    async def _ask(self, uid: int, gid: int) -> _Names:
        now = time.monotonic()
        user, groups = None, frozenset[str]()
        with anyio.move_on_after(LOOK_UP_S) as scope:
            user, groups = await to_thread.run_sync(
                _look_up, uid, gid, abandon_on_cancel=True, limiter=self._limiter()
            )
        if scope.cancelled_caught:
            if uid in {0, os.geteuid()}:  # no rule is about them
                return _Names(user, groups, now)
            log.warning("user %d is not let in: the user database does not answer", uid)
            raise Unresponsive(f"the user database does not say in {LOOK_UP_S:g} s who {uid} is")
        if len(self._names) >= MAX_KEPT:
            self._names.clear()
        found = self._names[uid, gid] = _Names(user, groups, now + KEPT_S)
        return found


def credentials(sock: socket.socket) -> tuple[int, int, int]:
    """The process, the user and the group at the other end, by their numbers (SO_PEERCRED).

    The process is 0 when it is in a PID namespace that this one cannot see.
    """
    data = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, gid = _CREDENTIALS.unpack(data)
    return max(pid, 0), uid, gid


def start_time(pid: int) -> int | None:
    """When a process began, in clock ticks; None when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return _start_time_in(text)


def _start_time_in(text: str) -> int | None:
    # The program's name may hold anything, blanks and parentheses too; the last one ends it.
    fields = text.rpartition(")")[2].split()
    return int(fields[_START_TIME]) if len(fields) > _START_TIME else None


def _look_up(uid: int, gid: int) -> tuple[str | None, frozenset[str]]:
    if uid == _NOBODY:
        return None, frozenset()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        return None, _group_names([gid])
    return user, _group_names(os.getgrouplist(user, gid))


def _group_names(numbers: list[int]) -> frozenset[str]:
    return frozenset(name for number in numbers if (name := group_name(number)) is not None)


def group_name(number: int) -> str | None:
    """The name of a group; None when it has none. The user database may make one wait for it."""
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return None


def network_identity(sock: socket.socket, *, tls: bool = False, readonly: bool = False) -> Identity:
    """Who is at the other end of a TCP socket, as far as it has shown: an address.

    Raises:
        OSError: It is gone already.
    """
    host, port, *_ = sock.getpeername()
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Identity("tls" if tls else "tcp", place, readonly=readonly)
