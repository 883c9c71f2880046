"""A history collector: a view of what has happened, with a page of the latest and a place in it.

Source: VMware's API reference, HistoryCollector and EventHistoryCollector.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from aiovirt.protocols.vsphere import Ref
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.world import World

__all__ = ["MAX_PAGE", "History"]

T = TypeVar("T")

MAX_PAGE = 1000
"""Items that one page has at most."""

_DEFAULT_PAGE = 10


class History(Generic[T]):
    """One collector; its owner adds items, the oldest first.

    Args:
        world: The objects.
        ref: Its reference.
        items: What there is already.
    """

    def __init__(self, world: World, ref: Ref, items: Sequence[T]) -> None:
        self.ref = ref
        self._world = world
        self._items = list(items)
        self._size = _DEFAULT_PAGE
        self._place = 0
        self._show()

    def add(self, item: T) -> None:
        """Add what has just happened."""
        self._items.append(item)
        self._show()

    def set_page_size(self, count: int) -> None:
        """Let the page of the latest have at most so many items.

        Raises:
            VimFault: InvalidArgument: it is no size.
        """
        self._size = _checked(count)
        self._show()

    def rewind(self) -> None:
        """Go to the oldest item."""
        self._place = 0

    def reset(self) -> None:
        """Go before the page of the latest."""
        self._place = max(len(self._items) - self._size, 0)

    def next(self, count: int) -> tuple[T, ...]:
        """Read on towards the newest."""
        found = self._items[self._place : self._place + _checked(count)]
        self._place += len(found)
        return tuple(found)

    def previous(self, count: int) -> tuple[T, ...]:
        """Read on towards the oldest, the newer first."""
        begin = max(self._place - _checked(count), 0)
        found = self._items[begin : self._place]
        self._place = begin
        return tuple(reversed(found))

    def _show(self) -> None:
        self._world.put(self.ref, latestPage=tuple(reversed(self._items[-self._size :])))


def _checked(count: int) -> int:
    if not 0 < count <= MAX_PAGE:
        raise faults.invalid_argument("maxCount")
    return count
