"""Changes of one thing queue one behind the other; those of different things do not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio

__all__ = ["Turns"]

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class _Turn:
    """Who changes a thing, and how many want to."""

    lock: anyio.Lock = field(default_factory=lambda: anyio.Lock(fast_acquire=True))
    users: int = 0


class Turns(Generic[K]):
    """Whose turn it is to change what; nothing is kept of things that nobody changes."""

    def __init__(self) -> None:
        self._turns: dict[K, _Turn] = {}

    @asynccontextmanager
    async def of(self, key: K) -> AsyncIterator[None]:
        """Wait until nobody else changes a thing, and let nobody else do so.

        Cancellation: gives up its place in the queue.
        """
        turn = self._turns.setdefault(key, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[key]
