"""The time of a simulated vCenter: it runs with the real one, and is set forward at will.

So a task of three minutes, or a session that is left for half an hour, costs a test nothing.
"""

from __future__ import annotations

import datetime as dt
import math

import anyio

__all__ = ["Clock"]

_BEGINNING = dt.datetime(2026, 1, 5, 8, 0, tzinfo=dt.UTC)


class Clock:
    """Tells the time, and waits.

    Args:
        running: Whether time passes by itself; else only `advance` lets it pass.
        beginning: The time of day that it starts at.
    """

    def __init__(self, *, running: bool = True, beginning: dt.datetime = _BEGINNING) -> None:
        self._running = running
        self._beginning = beginning
        self._ahead = 0.0
        self._started: float | None = None
        self._moved = anyio.Event()

    def seconds(self) -> float:
        """Seconds since the simulator's beginning."""
        if not self._running:
            return self._ahead
        real = anyio.current_time()
        if self._started is None:
            self._started = real
        return real - self._started + self._ahead

    def now(self) -> dt.datetime:
        """The time of day, in UTC."""
        return self.at(self.seconds())

    def at(self, moment: float) -> dt.datetime:
        """The time of day of a moment, which is in seconds since the beginning."""
        return self._beginning + dt.timedelta(seconds=moment)

    def advance(self, seconds: float) -> None:
        """Let time pass at once; who waits for it goes on."""
        self._ahead += seconds
        self._moved.set()
        self._moved = anyio.Event()

    async def sleep(self, seconds: float) -> None:
        """Wait until so many seconds have passed; infinity is for ever.

        Cancellation: ends the waiting.
        """
        await self.wait_until(self.seconds() + seconds)

    async def wait_until(self, moment: float) -> None:
        """Wait until a moment, in seconds since the beginning."""
        while (left := moment - self.seconds()) > 0:
            moved = self._moved
            with anyio.move_on_after(left if self._running else math.inf):
                await moved.wait()
