"""What all asynchronous parts share: task groups with plain errors, and the bounded broadcast.

It knows nothing of sockets, protocols or hypervisors, and starts no task of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, overload

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

from aiovirt.errors import Busy, Closed

__all__ = [
    "DEFAULT_BACKLOG",
    "Broadcast",
    "Subscription",
    "gather",
    "lone_errors",
    "open_task_group",
]

T = TypeVar("T")
T2 = TypeVar("T2")
T3 = TypeVar("T3")

DEFAULT_BACKLOG = 1024
"""How many values wait for one slow subscriber unless another bound is named."""


@contextmanager
def lone_errors() -> Generator[None, None, None]:
    """Let a lone error leave as itself, not as an `ExceptionGroup`.

    Cancellations beside the lone error do not count as errors.  Two errors or more leave as a
    group.
    """
    lone: BaseException
    try:
        yield
    except BaseExceptionGroup as errors:
        found = _errors_of(errors)
        if len(found) != 1:
            raise
        lone = found[0]
    else:
        return
    raise lone


@overload
async def gather(
    first: Callable[[], Awaitable[T]], second: Callable[[], Awaitable[T2]], /
) -> tuple[T, T2]: ...
@overload
async def gather(
    first: Callable[[], Awaitable[T]],
    second: Callable[[], Awaitable[T2]],
    third: Callable[[], Awaitable[T3]],
    /,
) -> tuple[T, T2, T3]: ...
@overload
async def gather(*works: Callable[[], Awaitable[T]]) -> tuple[T, ...]: ...
async def gather(*works: Callable[[], Awaitable[Any]]) -> tuple[Any, ...]:
    """Do several things at once; their results, in the order of the arguments.

    The first error cancels the others, and is raised as itself; others of the same moment are not
    told.
    """
    results: list[Any] = [None] * len(works)

    async def do(place: int, work: Callable[[], Awaitable[Any]]) -> None:
        results[place] = await work()

    first: BaseException
    try:
        async with open_task_group() as tasks:
            for place, work in enumerate(works):
                tasks.start_soon(do, place, work)
    except BaseExceptionGroup as errors:
        first = _errors_of(errors)[0]
    else:
        return tuple(results)
    raise first


@asynccontextmanager
async def open_task_group() -> AsyncGenerator[TaskGroup, None]:
    """Open a task group which a lone error leaves as itself; see `lone_errors`."""
    with lone_errors():
        async with anyio.create_task_group() as group:
            yield group


def _errors_of(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """Return the leaves of `group`: those that are no cancellations, or one cancellation."""
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves += _errors_of(error) if isinstance(error, BaseExceptionGroup) else [error]
    cancelled = anyio.get_cancelled_exc_class()
    return [leaf for leaf in leaves if not isinstance(leaf, cancelled)] or leaves[:1]


class _Inbox(Generic[T]):
    """What waits for one subscriber: bounded, the oldest goes first, what went is counted."""

    def __init__(self, wanted: Callable[[T], bool] | None, backlog: int) -> None:
        self.values: deque[T] = deque()
        self.lost = 0
        self.unannounced = 0
        self.wakeup: anyio.Event | None = None
        self._wanted = wanted
        self._backlog = backlog

    def offer(self, value: T) -> None:
        if self._wanted is not None and not self._wanted(value):
            return
        if len(self.values) == self._backlog:
            self.values.popleft()
            self.unannounced += 1
            self.lost += 1
        self.values.append(value)
        self.wake()

    def wake(self) -> None:
        if self.wakeup is not None:
            self.wakeup.set()

    def take_unannounced(self) -> int:
        count, self.unannounced = self.unannounced, 0
        return count


@dataclass(slots=True, eq=False)
class _Source(Generic[T]):
    """What a broadcast and its subscriptions share."""

    announce: Callable[[int], T]
    inboxes: list[_Inbox[T]] = field(default_factory=list)
    closed: bool = False
    error: Callable[[], Exception] | None = None


class Broadcast(Generic[T]):
    """Hands each value to every subscriber, bounded for each; publishing never waits.

    A subscriber who reads too slowly loses its *oldest* values, so that what it reads next is as
    fresh as its backlog allows.  The loss is counted, and announced in its place in the stream
    as a value which `announce` makes from the number of values lost.

    Args:
        announce: Makes the value that tells a subscriber of a loss, from the count.
        backlog: How many values wait for one subscriber at most.

    Only tasks of one event loop may use it; it is not for other threads.
    """

    def __init__(self, announce: Callable[[int], T], *, backlog: int = DEFAULT_BACKLOG) -> None:
        _check_backlog(backlog)
        self._source = _Source(announce)
        self._backlog = backlog

    def publish(self, value: T) -> None:
        """Hand `value` to everyone subscribed now; it never waits. Nothing happens once closed."""
        if not self._source.closed:
            for inbox in self._source.inboxes:
                inbox.offer(value)

    def subscribe(
        self, wanted: Callable[[T], bool] | None = None, *, backlog: int | None = None
    ) -> Subscription[T]:
        """Return a subscription, which takes effect on entering its ``async with``.

        Args:
            wanted: Picks the values to deliver; None delivers all.  It must not raise.
            backlog: How many values may wait, instead of the broadcast's own bound.
        """
        return Subscription(self._source, wanted, self._backlog if backlog is None else backlog)

    def close(self, error: Callable[[], Exception] | None = None) -> None:
        """End all subscriptions, present and future, after what already waits for them.

        Args:
            error: Makes the error that each subscriber then gets; with None its iteration just
                ends.  Only the first call counts.
        """
        if self._source.closed:
            return
        self._source.closed = True
        self._source.error = error
        for inbox in self._source.inboxes:
            inbox.wake()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._source.closed


class Subscription(Generic[T]):
    """One subscriber's bounded view of a `Broadcast`: an ``async with``, then an ``async for``.

    Values published after entering are delivered in order, none before.  One task reads at a
    time.  `Broadcast.subscribe` makes it.
    """

    def __init__(
        self, source: _Source[T], wanted: Callable[[T], bool] | None, backlog: int
    ) -> None:
        _check_backlog(backlog)
        self._source = source
        self._inbox = _Inbox(wanted, backlog)
        self._entered = False

    @property
    def lost(self) -> int:
        """How many values were dropped so far because they were read too slowly."""
        return self._inbox.lost

    async def __aenter__(self) -> Self:
        """Begin to collect values. It does not wait."""
        if self._entered:
            raise Busy("this subscription is already entered")
        self._entered = True
        self._source.inboxes.append(self._inbox)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop collecting, and forget what waits. It does not wait."""
        self._entered = False
        self._source.inboxes.remove(self._inbox)
        self._inbox.values.clear()
        self._inbox.wake()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        """Return the next value, or the announcement of a loss.

        Raises:
            Closed: The subscription's ``async with`` is not entered, or was left meanwhile.
            Busy: Another task waits on this subscription.
            Exception: What `Broadcast.close` was given.

        Cancellation: loses no value.
        """
        await anyio.lowlevel.checkpoint()
        inbox = self._inbox
        while self._may_wait():
            await self._wait()
        lost = inbox.take_unannounced()
        return self._source.announce(lost) if lost else inbox.values.popleft()

    def _may_wait(self) -> bool:
        """Tell whether a value is yet to come; raise when none will."""
        if not self._entered:
            raise Closed("this subscription is not entered: use it as `async with`")
        if self._inbox.values:
            return False
        if self._source.closed:
            raise self._source.error() if self._source.error else StopAsyncIteration
        return True

    async def _wait(self) -> None:
        inbox = self._inbox
        if inbox.wakeup is not None:
            raise Busy("another task already reads this subscription")
        inbox.wakeup = anyio.Event()
        try:
            await inbox.wakeup.wait()
        finally:
            inbox.wakeup = None


def _check_backlog(backlog: int) -> None:
    if backlog < 1:
        raise ValueError(f"a backlog holds at least one value, not {backlog}")
