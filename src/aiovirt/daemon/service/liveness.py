"""Whether a client is alive, and whether it has shown in time who it is.  Time is a number."""

from __future__ import annotations

import select
import socket
from enum import Enum

from aiovirt.protocols.libvirt.keepalive import Keepalive, Verdict

__all__ = ["Liveness", "Step", "has_hung_up"]

WHOLE = -1
"""What is noted instead of a number of bytes when whole packets have come."""


class Step(Enum):
    """What is to be done about a client."""

    NOTHING = "nothing"
    PING = "ping"
    SILENT = "silent"
    LATE = "late"


class Liveness:
    """What is known of one client.

    Args:
        auth_due: Until when it must have authenticated.
    """

    __slots__ = ("_auth_due", "_heard", "_keepalive")

    def __init__(self, auth_due: float) -> None:
        self._auth_due: float | None = auth_due
        self._keepalive: Keepalive | None = None
        self._heard = 0

    def authenticated(self) -> None:
        """It has shown who it is."""
        self._auth_due = None

    def begin(self, interval_s: float, count: int, now: float) -> bool:
        """Ask for signs of life from now on; whether that is new."""
        if self._keepalive is not None or interval_s <= 0:
            return False
        self._keepalive = Keepalive(interval_s, count, now)
        return True

    def heard(self) -> None:
        """A packet has come."""
        self._heard = WHOLE

    def heard_part(self, size: int) -> None:
        """So many bytes have come, and no packet is whole by them."""
        if self._heard != WHOLE:
            self._heard += size

    @property
    def next_look(self) -> float | None:
        """When to look again, or None for never."""
        times = [self._auth_due, None if self._keepalive is None else self._keepalive.due]
        return min((time for time in times if time is not None), default=None)

    def look(self, now: float, *, read: bool) -> Step:
        """What is due.

        Args:
            now: The time.
            read: Whether the client is read at all; else nothing can be heard of it.
        """
        if self._auth_due is not None and now >= self._auth_due:
            return Step.LATE
        keepalive = self._keepalive
        if keepalive is None:
            return Step.NOTHING
        heard, self._heard = self._heard, 0
        if heard == WHOLE or not read:
            keepalive.heard(now)
        elif heard:
            keepalive.heard_part(now, heard)
        return _STEPS[keepalive.check(now)]


def has_hung_up(sock: socket.socket) -> bool:
    """Whether the peer has closed its end, whatever it sent before that was not read (poll(2))."""
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    return bool(poll.poll(0))


_STEPS = {Verdict.WAIT: Step.NOTHING, Verdict.PING: Step.PING, Verdict.DEAD: Step.SILENT}
