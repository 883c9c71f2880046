"""What goes wrong on the in-memory host, on purpose: delays, errors, hangs, lost connections.

A fault says which operations it is about, by name: ``Lifecycle.start``, ``Networks.*``, ``*``.  It
happens when a call of theirs comes, before anything is done; the call is counted in any case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from uuid import UUID

import anyio

from aiovirt.errors import AiovirtError, ConfigError, ConnectionLost
from aiovirt.interfaces import ABILITIES, operations

__all__ = ["Fault", "Faults", "MakeError", "Moment"]

MakeError = AiovirtError | type[AiovirtError] | Callable[[], AiovirtError]
"""An error, or what makes one: a class that takes a message, or a function."""

OPERATIONS = tuple(f"{kind.__name__}.{name}" for kind in ABILITIES for name in operations(kind))
"""The names that faults are said by."""

_CALLED = ("name", "uuid", "key", "pool", "port_device", "filter_name", "mac")
_OWNERS = ("domain", "network")


class Moment:
    """Something that happens once, and may be waited for; made and told outside of a loop, too."""

    def __init__(self) -> None:
        self._happened = False
        self._event: anyio.Event | None = None

    def is_set(self) -> bool:
        """Whether it has happened."""
        return self._happened

    def set(self) -> None:
        """Let it have happened; where somebody waits, on the loop that waits."""
        self._happened = True
        if self._event is not None:
            self._event.set()

    async def wait(self) -> None:
        """Wait until it has happened."""
        if not self._happened:
            self._event = self._event or anyio.Event()
            await self._event.wait()


@dataclass(eq=False)
class Fault:
    """One thing that goes wrong; `Faults` makes it, and its methods end it.

    Attributes:
        pattern: The operations that it is about.
        of: The one thing that it is about, by its name, or None for all.
        left: How many times it is still to happen, or None for ever.
        hits: How many times it happened.
        reached: Set when it has happened once.
    """

    pattern: str
    of: str | None
    left: int | None
    act: Callable[[str], Awaitable[None]]
    hits: int = 0
    reached: Moment = field(default_factory=Moment)
    _released: Moment = field(default_factory=Moment)

    def remove(self) -> None:
        """Let it happen no more; calls that hang in it go on."""
        self.left = 0
        self._released.set()

    async def released(self) -> None:
        """Wait until `remove` was called."""
        await self._released.wait()

    def takes(self, operation: str, names: frozenset[str]) -> bool:
        """Whether it happens to this call."""
        if self.left == 0 or not fnmatchcase(operation, self.pattern):
            return False
        return self.of is None or self.of in names


class Faults:
    """The faults of one host, and how often each operation was called.

    A fault that is due `times` times is over then.  Of several that are due at one call, delays
    and hangs all happen, in the order they were made, and the first error ends it.

    Attributes:
        calls: How often each operation was called, by its name.

    Args:
        sleep: How a delay waits: `anyio.sleep`, or what a test puts in its place.
        counting: Whether calls are counted also while no fault is set.
    """

    def __init__(
        self,
        *,
        sleep: Callable[[float], Awaitable[None]] | None = None,
        counting: bool = True,
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.counting = counting
        self.on_connection: Callable[[str | None], None] | None = None
        self._sleep = sleep
        self._faults: list[Fault] = []
        self._at_work: list[Fault] = []
        self._lost: str | None = None
        self._outage = 0

    # --- making them ----------------------------------------------------------------------------

    def delay(
        self, operation: str, seconds: float, *, of: str | None = None, times: int | None = None
    ) -> Fault:
        """Let calls take so long before they begin.

        Args:
            operation: Which, such as ``Lifecycle.start``, ``Networks.*`` or ``*``.
            seconds: How long.
            of: Only those about the domain, network, … of that name.
            times: How many of them; None for all from now on.

        Raises:
            ConfigError: No operation has such a name.
        """

        async def wait(_: str) -> None:
            await (self._sleep or anyio.sleep)(seconds)

        return self._add(operation, of, times, lambda _: wait)

    def fail(
        self,
        operation: str,
        error: MakeError,
        *,
        of: str | None = None,
        times: int | None = 1,
    ) -> Fault:
        """Let calls fail, before anything is done; see `delay`.

        Args:
            operation: Which.
            error: What they raise, or a class or a function that makes it.
            of: Only those about the domain, network, … of that name.
            times: How many of them; None for all from now on.
        """

        async def refuse(name: str) -> None:
            raise _made(error, name)

        return self._add(operation, of, times, lambda _: refuse)

    def hang(self, operation: str, *, of: str | None = None, times: int | None = 1) -> Fault:
        """Let calls wait until the fault is removed, or until they are cancelled; see `delay`.

        `Fault.reached` is set when a call hangs.
        """
        return self._add(operation, of, times, lambda fault: lambda _: fault.released())

    def disconnect(
        self,
        operation: str,
        *,
        of: str | None = None,
        times: int | None = 1,
        outage: int = 0,
    ) -> Fault:
        """Let calls find that the host has gone: they raise `ConnectionLost`; see `delay`.

        As with a real host, subscribers get a `ConnectionEvent` of the loss, and one when the
        host is there again.

        Args:
            operation: Which.
            of: Only those about the domain, network, … of that name.
            times: How many of them; None for all from now on.
            outage: How many further calls, of any operation, find the host gone as well before
                it is there again; `heal` ends it earlier.
        """

        async def lose(name: str) -> None:
            self._outage = outage
            self._tell("the host has gone (a fault that was asked for)")
            if not outage:
                self.heal()
            raise ConnectionLost(f"{name}: the connection to the host was lost", maybe_done=True)

        return self._add(operation, of, times, lambda _: lose)

    def heal(self) -> None:
        """Let the host be there again after `disconnect`; nothing happens if it is."""
        self._outage = 0
        self._tell(None)

    def clear(self) -> None:
        """Remove all faults; calls that hang go on, a host that has gone is there again."""
        for fault in (*self._faults, *self._at_work):
            fault.remove()
        self._faults.clear()
        self.heal()

    def _add(
        self,
        operation: str,
        of: str | None,
        times: int | None,
        act: Callable[[Fault], Callable[[str], Awaitable[None]]],
    ) -> Fault:
        if not any(fnmatchcase(name, operation) for name in OPERATIONS):
            raise ConfigError(
                f"no operation is called {operation!r}",
                field="operation",
                hint="name the ability and the operation, such as Lifecycle.start or Networks.*",
            )
        fault = Fault(operation, of, times, _nothing)
        fault.act = act(fault)
        self._faults.append(fault)
        return fault

    # --- what the driver asks -------------------------------------------------------------------

    @property
    def active(self) -> bool:
        """Whether `at` is to be awaited at each call."""
        return self.counting or bool(self._faults) or self._outage > 0

    async def at(self, operation: str, subject: object = None) -> None:
        """Count a call, and let happen what is due at it.

        Args:
            operation: Its name.
            subject: What it is about: a key, a configuration, a name or a UUID.

        Raises:
            AiovirtError: What was asked for.
        """
        self.calls[operation] += 1
        if self._outage:
            self._outage -= 1
            if not self._outage:
                self.heal()
            raise ConnectionLost(f"{operation}: the host cannot be reached", maybe_done=False)
        names = _names(subject)
        for fault in [each for each in self._faults if each.takes(operation, names)]:
            if fault.left is not None:
                fault.left -= 1
            fault.hits += 1
            fault.reached.set()
            if fault.left == 0:
                self._faults.remove(fault)
            await self._do(fault, operation)

    async def _do(self, fault: Fault, operation: str) -> None:
        self._at_work.append(fault)
        try:
            await fault.act(operation)
        finally:
            self._at_work.remove(fault)

    def _tell(self, lost: str | None) -> None:
        changed, self._lost = (lost is None) is not (self._lost is None), lost
        if changed and self.on_connection is not None:
            self.on_connection(lost)


def _names(subject: object) -> frozenset[str]:
    """All that a thing is called by: itself if it is a text, else its own name and its owner's."""
    if isinstance(subject, str | UUID):
        return frozenset({str(subject)})
    owners = (getattr(subject, attribute, None) for attribute in _OWNERS)
    called = {
        getattr(each, attribute, None) for each in (subject, *owners) for attribute in _CALLED
    }
    return frozenset(str(each) for each in called if isinstance(each, str | UUID))


async def _nothing(_: str) -> None:
    """Let nothing happen."""


def _made(error: MakeError, operation: str) -> AiovirtError:
    """The error; one that is given is raised as often as it is due."""
    if isinstance(error, AiovirtError):
        return error
    if not isinstance(error, type):
        return error()
    text = f"{operation} fails, as was asked for"
    try:
        made: AiovirtError = error(text)
    except TypeError as wrong:
        raise ConfigError(
            f"{error.__name__} cannot be made of a message alone",
            field="error",
            hint="give the error itself, or a function that makes it",
        ) from wrong
    return made
