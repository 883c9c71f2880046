"""What goes wrong in a simulated vCenter, on purpose, and how often each method was called.

Methods are named as on the wire: ``PowerOnVM_Task``, ``*Snapshot*``, ``*``.  The requests that are
no methods have names, too: ``GET /folder``, ``PUT /guestFile``; those of REST ``session.create``,
``tag-association.attach``.  It knows no network.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Literal, Protocol, TypeAlias, TypedDict, Unpack

from aiovirt.drivers.test.faults import Moment
from aiovirt.errors import ConfigError
from aiovirt.protocols.vsphere.tables.faults import MethodFault

__all__ = ["Exchange", "Plan", "Planned", "TaskFault", "When", "Where"]

When: TypeAlias = Literal["before", "after"]
"""Whether a fault happens before a call does anything, or after it took effect."""


class Exchange(Protocol):
    """One request that is at work, as far as what goes wrong is concerned."""

    async def sleep(self, seconds: float) -> None:
        """Wait, on the simulator's clock."""

    def refuse(self, fault: MethodFault) -> None:
        """Raise a fault."""

    def cut(self, sent: int) -> None:
        """End the connection after so many bytes of the answer."""

    def answer(self, status: int, body: bytes) -> None:
        """Give an answer that is none of the protocol."""

    def expire(self) -> None:
        """End the session of the caller."""

    def restart(self) -> None:
        """Forget all sessions, views and collectors, and drop all connections."""


Act: TypeAlias = Callable[[Exchange], Awaitable[None]]


@dataclass(eq=False)
class Planned:
    """One thing that goes wrong; `Plan` makes it, `remove` ends it.

    Attributes:
        pattern: The methods that it is about.
        of: The object that it is about, by its identifier such as ``vm-21``, or None for all.
        when: Before or after the call took effect.
        skip: How many calls it still lets pass.
        left: How many times it is still to happen, or None for ever.
        hits: How many times it happened.
        reached: Set when it has happened once.
    """

    pattern: str
    of: str | None = None
    when: When = "before"
    skip: int = 0
    left: int | None = 1
    hits: int = 0
    reached: Moment = field(default_factory=Moment)
    _released: Moment = field(default_factory=Moment)

    def remove(self) -> None:
        """Let it happen no more; what hangs in it goes on."""
        self.left = 0
        self._released.set()

    async def released(self) -> None:
        """Wait until `remove` was called."""
        await self._released.wait()

    def is_about(self, method: str, of: str) -> bool:
        """Whether it happens to this call; a call that it lets pass is counted."""
        if self.left == 0 or self.of not in {None, of} or not fnmatchcase(method, self.pattern):
            return False
        if self.skip:
            self.skip -= 1
            return False
        return True

    def hit(self) -> None:
        """Count that it happens."""
        if self.left is not None:
            self.left -= 1
        self.hits += 1
        self.reached.set()


@dataclass(eq=False)
class _Call(Planned):
    act: Act | None = None


@dataclass(eq=False)
class TaskFault(Planned):
    """What becomes of the tasks that a method starts.

    Attributes:
        fault: What they end in, or None when they succeed.
        seconds: How long they take; infinity when they never end.
    """

    fault: MethodFault | None = None
    seconds: float = 0.0


class Where(TypedDict, total=False):
    """At which calls something happens.

    Attributes:
        when: Before (the default) or after they took effect.
        of: Only those on this object, by its identifier such as ``vm-21``.
        nth: The call at which it begins, counted from now on; 1 is the next.
        times: How often it happens, or None for always.
    """

    when: When
    of: str | None
    nth: int
    times: int | None


class Plan:
    """What is to go wrong with calls and with tasks; `Where` says at which of them.

    Attributes:
        calls: How often each method was called, by its name.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._calls: list[_Call] = []
        self._tasks: list[TaskFault] = []

    # --- calls ------------------------------------------------------------------------------

    def fail(self, method: str, fault: MethodFault, **where: Unpack[Where]) -> Planned:
        """Let calls end in a fault."""

        async def act(exchange: Exchange) -> None:
            exchange.refuse(fault)

        return self._add(method, act, where)

    def delay(self, method: str, seconds: float, **where: Unpack[Where]) -> Planned:
        """Let calls take so long, on the simulator's clock; always, unless `times` is given."""

        async def act(exchange: Exchange) -> None:
            await exchange.sleep(seconds)

        return self._add(method, act, {"times": None, **where})

    def hang(self, method: str, **where: Unpack[Where]) -> Planned:
        """Let calls wait until the fault is removed."""

        async def act(_: Exchange) -> None:
            await planned.released()

        planned = self._add(method, act, where)
        return planned

    def cut(self, method: str, sent: int = 0, **where: Unpack[Where]) -> Planned:
        """Let the connection end instead of an answer, or amid it.

        Args:
            method: Which calls.
            sent: Bytes of the answer that the client still gets.
            where: Which of them.
        """

        async def act(exchange: Exchange) -> None:
            exchange.cut(sent)

        return self._add(method, act, where)

    def answer(
        self,
        method: str,
        body: bytes = b"",
        status: int = HTTPStatus.SERVICE_UNAVAILABLE,
        **where: Unpack[Where],
    ) -> Planned:
        """Let calls get this answer instead: garbage, or what a proxy says in between."""

        async def act(exchange: Exchange) -> None:
            exchange.answer(status, body)

        return self._add(method, act, where)

    def expire(self, method: str, **where: Unpack[Where]) -> Planned:
        """Let the session of the caller end; ``before``, the call finds that it has ended."""

        async def act(exchange: Exchange) -> None:
            exchange.expire()

        return self._add(method, act, where)

    def restart(self, method: str, **where: Unpack[Where]) -> Planned:
        """Let the server restart: sessions, views and collectors are gone, connections cut."""

        async def act(exchange: Exchange) -> None:
            exchange.restart()

        return self._add(method, act, where)

    def _add(self, method: str, act: Act, where: Where) -> Planned:
        planned = _Call(method, **_places(where), act=act)
        self._calls.append(planned)
        return planned

    # --- tasks ------------------------------------------------------------------------------

    def fail_task(self, method: str, fault: MethodFault, **where: Unpack[Where]) -> TaskFault:
        """Let the tasks that a method starts end in a fault, and change nothing."""
        return self._add_task(TaskFault(method, **_places(where), fault=fault))

    def slow_task(
        self,
        method: str,
        seconds: float,
        *,
        fault: MethodFault | None = None,
        **where: Unpack[Where],
    ) -> TaskFault:
        """Let the tasks that a method starts take so long; always, unless `times` is given.

        Their progress grows with the time, and they take effect at their end.

        Args:
            method: Which.
            seconds: How long, on the simulator's clock; infinity is for ever.
            fault: What they end in, or None when they succeed.
            where: Which calls.
        """
        places = _places({"times": None, **where})
        return self._add_task(TaskFault(method, **places, fault=fault, seconds=seconds))

    def _add_task(self, planned: TaskFault) -> TaskFault:
        self._tasks.append(planned)
        return planned

    # --- what the simulator asks --------------------------------------------------------------

    def clear(self) -> None:
        """Remove all; what hangs goes on."""
        for planned in (*self._calls, *self._tasks):
            planned.remove()
        self._calls.clear()
        self._tasks.clear()

    async def at(self, exchange: Exchange, method: str, of: str, when: When) -> None:
        """Let happen what is due at a call; raises what it is made to raise."""
        for planned in [each for each in self._calls if each.when == when]:
            if planned.is_about(method, of) and planned.act is not None:
                planned.hit()
                await planned.act(exchange)

    def task(self, method: str, of: str) -> TaskFault | None:
        """What is to become of a task that a method starts, or None for the usual."""
        for planned in self._tasks:
            if planned.is_about(method, of):
                planned.hit()
                return planned
        return None


class _Places(TypedDict):
    of: str | None
    when: When
    skip: int
    left: int | None


def _places(where: Where) -> _Places:
    nth = where.get("nth", 1)
    if nth < 1:
        raise ConfigError(f"calls are counted from 1, not from {nth}", field="nth")
    return {
        "of": where.get("of"),
        "when": where.get("when", "before"),
        "skip": nth - 1,
        "left": where.get("times", 1),
    }
