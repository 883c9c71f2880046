"""Runs one verb: the event loop, the signals, the deadline, the connection it asks for.

It knows no verb by name.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.cli.failures import DeadlinePassed, UsageError
from aiovirt.cli.interrupts import Interrupts
from aiovirt.cli.output import Output
from aiovirt.cli.session import Context, Session
from aiovirt.cli.settings import Settings

__all__ = ["BACKEND_VARIABLE", "Call", "Turns", "execute"]

T = TypeVar("T")

BACKEND_VARIABLE = "AIOVIRT_BACKEND"

# Its values -> what anyio runs on.
_BACKENDS: Mapping[str, tuple[str, dict[str, object]]] = {
    "asyncio": ("asyncio", {}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A verb with its own arguments.

    Attributes:
        name: Its name, for errors.
        verb: The rest of the call: it takes what is injected by keyword.
        injected: The names and classes of what it takes besides: `Context` or `Session`.
        own_deadline: Whether the verb itself ends at ``--timeout``, which is then no error.
    """

    name: str
    verb: Callable[..., Awaitable[T]]
    injected: Mapping[str, type[Context]]
    own_deadline: bool = False

    async def __call__(self, context: Context) -> T:
        """Carry it out, in a session if it asks for one."""
        if Session not in self.injected.values():
            return await self.verb(**dict.fromkeys(self.injected, context))
        async with context.connect() as session:
            return await self.verb(**dict.fromkeys(self.injected, session))


def execute(call: Call[T], settings: Settings, out: Output) -> T:
    """Carry out a verb and give its result; the host is closed when it returns.

    Raises:
        Interrupted: A signal ended it.
        DeadlinePassed: It did not finish in time.
        UsageError: The environment asks for an event loop that is not known.
        AiovirtError: What the verb raises.
    """
    choice = os.environ.get(BACKEND_VARIABLE) or "asyncio"
    if choice not in _BACKENDS:
        raise UsageError(
            f"{BACKEND_VARIABLE}={choice}: no such event loop",
            hint=f"known: {', '.join(_BACKENDS)}",
        )
    backend, options = _BACKENDS[choice]
    return anyio.run(_watched, call, settings, out, backend=backend, backend_options=options)


async def _watched(call: Call[T], settings: Settings, out: Output) -> T:
    """Carry it out until it is done, or a signal comes."""
    interrupts = Interrupts()
    results: list[T] = []
    async with open_task_group() as group:
        await group.start(interrupts.watch, group.cancel_scope)
        results.append(await _bounded(call, Context(settings, out)))
        group.cancel_scope.cancel()
    interrupts.check()
    return results[0]


async def _bounded(call: Call[T], context: Context) -> T:
    """Carry it out within the deadline."""
    seconds = None if call.own_deadline else context.settings.timeout
    with anyio.move_on_after(seconds):
        return await call(context)
    raise DeadlinePassed(
        f"{call.name} did not finish within {seconds:g} s and was given up",
        hint="give it longer with --timeout, or leave the option out",
    )


@dataclass(frozen=True, slots=True)
class Turns:
    """For a verb that gives the terminal away: it has the host turn by turn, and not between.

    Such a verb is no coroutine. No event loop runs while the other program has the terminal, and
    that program stays in our process group, so that the shell's job control covers both.

    Attributes:
        name: The verb's name, for errors.
        settings: The options that stand before or after any verb.
        out: Standard output.
    """

    name: str
    settings: Settings
    out: Output

    def take(self, turn: Callable[[Session], Awaitable[T]]) -> T:
        """Open the host, do one thing, close it; ``--timeout`` bounds each turn.

        Raises:
            AiovirtError: As `execute`.
        """

        async def verb(*, session: Session) -> T:
            return await turn(session)

        return execute(Call(self.name, verb, {"session": Session}), self.settings, self.out)
