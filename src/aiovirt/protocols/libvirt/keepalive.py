"""Keepalive: when to ping, and when the peer counts as dead.  Time comes in as a number.

As libvirt has it: after `interval_s` without a packet a ping is sent, and after `count` pings that
nothing answered the connection is dead.  Any packet counts as an answer, and so does a good part of
a long one.  A few bytes do not: answers to pings would keep a connection alive for ever in which
they only fill a packet whose length was spoilt on the way.
"""

from __future__ import annotations

from enum import Enum

__all__ = ["PROGRESS_BYTES", "Keepalive", "Verdict"]

PROGRESS_BYTES = 4096
"""Bytes of a packet that count as much as a whole packet."""


class Verdict(Enum):
    """What is to be done."""

    WAIT = "wait"
    PING = "ping"
    DEAD = "dead"


class Keepalive:
    """One connection's keepalive.

    Args:
        interval_s: Seconds of silence after which a ping is due.
        count: How many pings may go unanswered.
        now: The time, in seconds of any clock that does not go back.

    Attributes:
        due: When `check` is to be called next, in seconds of the same clock.
    """

    __slots__ = ("_count", "_left", "_part", "due", "interval_s")

    def __init__(self, interval_s: float, count: int, now: float) -> None:
        self.interval_s = interval_s
        self._count = count
        self._left = count
        self._part = 0
        self.due = now + interval_s

    def heard_part(self, now: float, size: int) -> None:
        """So many bytes arrived, and no packet is whole by them."""
        self._part += size
        if self._part >= PROGRESS_BYTES:
            self.heard(now)

    def heard(self, now: float) -> None:
        """A packet arrived."""
        self._part = 0
        self._left = self._count
        self.due = now + self.interval_s

    def check(self, now: float) -> Verdict:
        """What is due now."""
        if now < self.due:
            return Verdict.WAIT
        if self._left == 0:
            return Verdict.DEAD
        self._left -= 1
        self.due = now + self.interval_s
        return Verdict.PING
