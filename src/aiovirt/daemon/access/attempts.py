"""What is remembered of failed tries to prove a name, so that guessing is slow.

A source that has failed waits before its next try is looked at, twice as long each time, up to a
bound; it gains nothing by trying on several connections at once.  Nobody is locked out: who guesses
from elsewhere must not keep the owner of a name away.  Time comes in as a number.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

__all__ = ["Attempts"]

FREE = 2
"""Failures that cost no time: people mistype."""

FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 4.0
FORGOTTEN_S = 600.0
"""Seconds without a failure after which a source counts as new."""

MAX_SOURCES = 4096
"""Sources that are remembered; beyond, those that failed longest ago are forgotten."""


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    last: float
    free_at: float


class Attempts:
    """The failures of each source: an address without its port, or a user of this machine."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def failed(self, source: str, now: float) -> None:
        """Note a failure."""
        found = self._failures.get(source)
        recent = found is not None and now - found.last < FORGOTTEN_S
        count = found.count + 1 if found is not None and recent else 1
        self._failures[source] = _Failures(count, now, now + _delay_s(count))
        self._failures.move_to_end(source)
        if len(self._failures) > MAX_SOURCES:
            self._failures.popitem(last=False)

    def succeeded(self, source: str) -> None:
        """Forget the failures of a source that has proved a name."""
        self._failures.pop(source, None)

    def wait_s(self, source: str, now: float) -> float:
        """Seconds until the next try of a source may be looked at."""
        found = self._failures.get(source)
        return max(0.0, found.free_at - now) if found is not None else 0.0


def _delay_s(count: int) -> float:
    over = count - FREE
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(over - 1, 16)) if over > 0 else 0.0
