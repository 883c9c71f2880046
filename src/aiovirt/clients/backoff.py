"""How long to wait before a lost connection is opened anew. It knows no clock."""

from __future__ import annotations

import random

__all__ = ["Backoff"]


class Backoff:
    """How long to wait before each further try: twice as long each time, with jitter.

    Args:
        first_s: Seconds before the second try, the jitter left aside.
        most_s: Seconds at most.
    """

    def __init__(self, first_s: float = 0.2, most_s: float = 30.0) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._tries = 0

    def lasted(self, seconds: float) -> None:
        """The last try went well, and lasted so long: short ones do not count as a success.

        So a daemon that lets us in and dies, again and again, is not asked ever more often.
        """
        if seconds >= self._most_s:
            self._tries = 0

    def next(self) -> float:
        """Seconds before the next try: between half of the doubled time and all of it."""
        limit = min(self._most_s, self._first_s * 2**self._tries)
        self._tries = min(self._tries + 1, 32)
        return random.uniform(limit / 2, limit)  # noqa: S311 - jitter is no secret
