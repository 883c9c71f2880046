"""The verbs about serial consoles: the user's terminal becomes the guest's."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import anyio
from cyclopts import Parameter

from aiovirt._tasks import open_task_group
from aiovirt.cli import terminal
from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.failures import UsageError
from aiovirt.cli.session import Session

if TYPE_CHECKING:
    from aiovirt.interfaces import ConsoleStream
    from aiovirt.objects import Domain

__all__ = ["Manner", "console", "escape_byte", "show_console"]

ESCAPE = "^]"
_INTERRUPT = b"\x03"


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a console is looked at."""

    devname: Annotated[str | None, about("The device's alias, such as serial0.")] = None
    force: Annotated[bool, about("Take it from whoever types on it now.")] = False
    readonly: Annotated[bool, about("Only look; it needs no terminal then.")] = False
    no_history: Annotated[bool, about("Leave out what was written before.")] = False
    escape: Annotated[str, about("The key that leaves it.")] = ESCAPE


async def console(domain: DomainArg, *, manner: Manner = Manner(), session: SessionArg) -> None:
    """Show and use the serial console of a domain.

    Ctrl and ] leaves it, and so does --timeout. With --readonly Ctrl-C does too, and its output
    may go to a file or a pipe. On qemu:///embed no other command can open the same root meanwhile.

    For example:

        aiovirt console web1
        aiovirt console --force --devname serial1 web1
        aiovirt console --readonly web1 | grep login
    """
    with anyio.move_on_after(session.settings.timeout):
        await show_console(session, await session.domain(domain), manner)


def escape_byte(text: str) -> bytes:
    """The byte of a key combination: ``^]`` is 0x1d.

    Raises:
        UsageError: It is no ``^`` with a character from ``@`` to ``_``.
    """
    key = text.upper().encode()
    if not re.fullmatch(rb"\^[@-_]", key):
        raise UsageError(f"{text!r} is no escape key", hint=f"write Ctrl and ] as {ESCAPE}")
    return bytes([key[1] & 0x1F])


async def show_console(session: Session, domain: Domain, manner: Manner) -> None:
    """Be the console's terminal until the domain stops or the user leaves.

    Raises:
        UsageError: There is no terminal to type on.
        NotFound: There is no such console.
        Busy: Somebody else types on it.
        OutputGone: Nobody reads what it shows.
    """
    leaving = escape_byte(manner.escape) + (_INTERRUPT if manner.readonly else b"")
    keyboard = _keyboard(manner)
    if keyboard is None and not manner.readonly:
        raise UsageError(
            "a console needs a terminal on standard input",
            hint="--readonly only looks, without one",
        )
    opened = domain.console(
        manner.devname,
        readonly=manner.readonly,
        force=manner.force,
        history=not manner.no_history,
    )
    async with opened as stream, terminal.while_read(sys.stdout.fileno()):
        if keyboard is not None:
            session.out.say(f"Connected to domain '{domain.name}'")
            session.out.say(f"Escape character is {manner.escape} (Ctrl + {manner.escape[1:]})")
        await _attach(stream, keyboard, leaving, readonly=manner.readonly)
    if keyboard is not None:
        session.out.say("")


def _keyboard(manner: Manner) -> int | None:
    """The terminal that is typed on; who only looks needs it where it is the screen too."""
    used = sys.stdin.isatty() and (sys.stdout.isatty() or not manner.readonly)
    return sys.stdin.fileno() if used else None


async def _attach(
    stream: ConsoleStream, keyboard: int | None, leaving: bytes, *, readonly: bool
) -> None:
    """Carry bytes both ways; whichever side ends first ends the other."""
    with nullcontext() if keyboard is None else terminal.raw_mode(keyboard):
        async with open_task_group() as group:
            if keyboard is not None:
                group.start_soon(_type, stream, keyboard, leaving, readonly, group.cancel_scope)
            await _show(stream)
            group.cancel_scope.cancel()


async def _show(stream: ConsoleStream) -> None:
    """From the guest to the screen, until the domain stops."""
    async for data in stream:
        await terminal.write(sys.stdout.fileno(), data)


async def _type(
    stream: ConsoleStream,
    keyboard: int,
    leaving: bytes,
    readonly: bool,  # noqa: FBT001  # start_soon passes by place
    scope: anyio.CancelScope,
) -> None:
    """From the keyboard to the guest, until a key that leaves it; then `scope` ends."""
    async for data in _keys(keyboard, leaving):
        if not readonly:
            await stream.send(data)
    scope.cancel()


async def _keys(keyboard: int, leaving: bytes) -> AsyncIterator[bytes]:
    """What is typed before one of the keys that leave, or before the terminal is gone."""
    left = False
    while not left:
        typed = await terminal.read(keyboard)
        data, *rest = re.split(b"[" + re.escape(leaving) + b"]", typed, maxsplit=1)
        left = bool(rest) or not typed
        if data:
            yield data
