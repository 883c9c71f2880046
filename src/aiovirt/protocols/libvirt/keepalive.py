"""Keepalive: when to ping, and when the peer counts as dead.  Time comes in as a number.

As libvirt has it: after `interval_s` without a packet a ping is sent, and after `count` pings that
nothing answered the connection is dead.  Anything that arrives counts as an answer.
"""

from __future__ import annotations

from enum import Enum

__all__ = ["Keepalive", "Verdict"]


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

    __slots__ = ("_count", "_left", "due", "interval_s")

    def __init__(self, interval_s: float, count: int, now: float) -> None:
        self.interval_s = interval_s
        self._count = count
        self._left = count
        self.due = now + interval_s

    def heard(self, now: float) -> None:
        """Something arrived."""
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
