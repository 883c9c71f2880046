"""A property collector: its filters, the versions that it has told, and the wait for a new one.

A client may ask again from any version that it still has, as after an answer that got lost, so the
collector keeps what its filters saw at the last of them.  Long updates come in pages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import anyio

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.collector import (
    ObjectUpdate,
    PropertyFilterUpdate,
    UpdateSet,
)
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.clock import Clock
from aiovirt.testing.vsphere.collecting.filters import PropertyFilter, State, changes

__all__ = ["Collector"]

MAX_VERSIONS = 64
"""Versions that a client may still ask from."""

_Told = tuple[PropertyFilter, ObjectUpdate | None]
"""What a filter tells; None where it only tells which objects are missing."""


@dataclass(slots=True)
class _Version:
    """What the filters saw when a version was told."""

    states: Mapping[Ref, State]


@dataclass(eq=False, slots=True)
class _Page:
    """What of a long update is still to be told."""

    name: str
    version: str
    rest: deque[_Told] = field(default_factory=deque)


class Collector:
    """One property collector of a session.

    Args:
        ref: Its reference.
        clock: The time that waits are bounded by.
        page_size: Objects that one update tells of at most, or None.
    """

    def __init__(self, ref: Ref, clock: Clock, page_size: int | None = None) -> None:
        self.ref = ref
        self.filters: dict[Ref, PropertyFilter] = {}
        self.waiting = 0
        self._clock = clock
        self._page_size = page_size
        self._versions: dict[str, _Version] = {}
        self._pages: dict[str, _Page] = {}
        self._number = 0
        self._changed = anyio.Event()
        self._cancelled = anyio.Event()
        self._gone: Exception | None = None

    # --- filters --------------------------------------------------------------------------------

    def add(self, added: PropertyFilter) -> None:
        """Take up a filter."""
        self.filters[added.ref] = added
        self.wake()

    def drop(self, ref: Ref) -> None:
        """Drop a filter; nothing of it is told any more."""
        del self.filters[ref]

    def touch(self, ref: Ref, names: Iterable[str]) -> None:
        """Take note of a change in the world; a watcher of it."""
        known = tuple(names)
        touched = [each.touch(ref, known) for each in self.filters.values()]
        if any(touched):
            self.wake()

    def wake(self) -> None:
        """Let those that wait look again."""
        self._changed.set()
        self._changed = anyio.Event()

    def cancel(self) -> None:
        """End the waits with RequestCanceled."""
        self._cancelled.set()
        self._cancelled = anyio.Event()
        self.wake()

    def close(self, error: Exception) -> None:
        """End it, and its waits with an error."""
        self._gone = error
        self.wake()

    # --- updates --------------------------------------------------------------------------------

    async def wait(
        self, version: str, max_seconds: float | None, max_objects: int | None
    ) -> UpdateSet | None:
        """Wait until there is something new since a version.

        Args:
            version: The last that the client has, or nothing for all that there is.
            max_seconds: How long it may take; None is for ever.
            max_objects: Objects that the client takes at a time, or None.

        Raises:
            VimFault: The version is none of this collector's, or the wait was cancelled.
        """
        base = self._base(version)
        if isinstance(base, _Page):
            return self._tell(base, max_objects)
        cancelled = self._cancelled
        end = None if max_seconds is None else self._clock.seconds() + max_seconds
        self.waiting += 1
        try:
            while (page := self._compute(base)) is None:
                if not await self._wait(end):
                    return None
                if cancelled.is_set():
                    raise faults.request_canceled()
        finally:
            self.waiting -= 1
        return self._tell(page, max_objects)

    async def _wait(self, end: float | None) -> bool:
        """Wait for a change; False when the time is over."""
        changed = self._changed
        if end is not None and end <= self._clock.seconds():
            return False
        async with anyio.create_task_group() as tasks:
            if end is not None:
                tasks.start_soon(self._time_out, end, tasks.cancel_scope)
            await changed.wait()
            tasks.cancel_scope.cancel()
        if self._gone is not None:
            raise self._gone
        return changed.is_set()

    async def _time_out(self, end: float, scope: anyio.CancelScope) -> None:
        await self._clock.wait_until(end)
        scope.cancel()

    def _base(self, version: str) -> _Version | _Page:
        if not version:
            return _Version({})
        found = self._pages.get(version) or self._versions.get(version)
        if found is None:
            raise faults.invalid_collector_version()
        return found

    def _compute(self, base: _Version) -> _Page | None:
        """What is new since a version, or None when nothing is."""
        states = {ref: each.state() for ref, each in self.filters.items()}
        told = deque(self._news(base.states, states))
        if not told:
            return None
        self._number += 1
        version = str(self._number)
        self._versions[version] = _Version(states)
        while len(self._versions) > MAX_VERSIONS:
            del self._versions[next(iter(self._versions))]
        return _Page("", version, told)

    def _news(self, before: Mapping[Ref, State], after: Mapping[Ref, State]) -> Iterator[_Told]:
        for ref, each in self.filters.items():
            if each.missing and ref not in before:
                yield each, None
            for update in changes(before.get(ref, {}), after[ref], partial=each.partial):
                yield each, update

    def _tell(self, page: _Page, max_objects: int | None) -> UpdateSet:
        """Cut off what fits, and keep the rest for the version that is told."""
        limits = [each for each in (max_objects, self._page_size) if each]
        count = min([*limits, len(page.rest)]) if limits else len(page.rest)
        told = list(page.rest)
        rest = deque(told[count:])
        self._forget_pages(page)
        if not rest:
            return _update_set(page.version, told, truncated=False)
        name = f"{page.version}.{len(rest)}"
        self._pages[name] = _Page(name, page.version, rest)
        return _update_set(name, told[:count], truncated=True)

    def _forget_pages(self, served: _Page) -> None:
        """Keep the page that was just served: its answer may get lost."""
        self._pages = {served.name: served} if served.name else {}


def _update_set(version: str, told: Iterable[_Told], *, truncated: bool) -> UpdateSet:
    by_filter: dict[Ref, list[ObjectUpdate]] = {}
    filters: dict[Ref, PropertyFilter] = {}
    for each, update in told:
        filters[each.ref] = each
        by_filter.setdefault(each.ref, []).extend([] if update is None else [update])
    updates = tuple(
        PropertyFilterUpdate(filter=ref, object_set=tuple(found), missing_set=filters[ref].missing)
        for ref, found in by_filter.items()
    )
    return UpdateSet(version=version, filter_set=updates, truncated=truncated or None)
