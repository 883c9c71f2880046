"""Which calls of a client are at work, and which wait for their turn. It carries out none.

As libvirt has it, so many of a client's calls are at work at once: but here so many about each
domain, so many that are about none, and so many quick ones, which no guest can hold up.  What
follows is still read, up to a bound.  So a client whose calls hang on one guest is answered about
all others, and its pings are.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Places"]

T = TypeVar("T")


class Places(Generic[T]):
    """The places of one client's calls.

    Args:
        most: Calls of one group at work at once.
        queued: Calls at work beyond those of one group, and calls that wait for their turn, at
            most; then the client is to be read no more.

    Attributes:
        most: May be changed at any time.
        queued: Likewise.
        at_work: How many calls are at work.
        waiting: How many wait for their turn.
    """

    __slots__ = ("_groups", "_waiting", "at_work", "most", "queued", "waiting")

    def __init__(self, most: int, queued: int) -> None:
        self.most = most
        self.queued = queued
        self.at_work = 0
        self.waiting = 0
        self._groups: Counter[Hashable] = Counter()  # how many of each are at work
        self._waiting: dict[Hashable, deque[T]] = {}

    def enter(self, call: T, group: Hashable) -> bool:
        """Take a place, or queue up for one: whether the call may begin now."""
        if group not in self._waiting and self._has_room(group):
            self._take(group)
            return True
        self._waiting.setdefault(group, deque()).append(call)
        self.waiting += 1
        return False

    def leave(self, group: Hashable) -> None:
        """Give a place back; `next` tells who has it now."""
        self.at_work -= 1
        self._groups[group] -= 1
        if not self._groups[group]:
            del self._groups[group]

    def _has_room(self, group: Hashable) -> bool:
        return self._groups[group] < self.most and self.at_work < self.most + self.queued

    def _take(self, group: Hashable) -> None:
        self.at_work += 1
        self._groups[group] += 1

    def next(self) -> T | None:
        """A call that has waited and has a place now: it may begin."""
        group = next((one for one in self._waiting if self._has_room(one)), None)
        if group is None:
            return None
        queue = self._waiting[group]
        call = queue.popleft()
        if not queue:
            del self._waiting[group]
        self.waiting -= 1
        self._take(group)
        return call

    def clear(self) -> list[T]:
        """Forget those that wait: which they were."""
        left = [call for queue in self._waiting.values() for call in queue]
        self._waiting.clear()
        self.waiting = 0
        return left

    @property
    def full(self) -> bool:
        """Whether no more should be read."""
        return self.waiting > self.queued
