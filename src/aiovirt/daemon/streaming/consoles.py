"""Consoles and channels: bytes both ways until one side has enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.bindings.values import DOMAIN
from aiovirt.daemon.access.refusals import with_number
from aiovirt.daemon.service.handler import StreamHandler
from aiovirt.daemon.streaming.serving import Opening, served
from aiovirt.daemon.streaming.stream import ServedStream
from aiovirt.errors import Busy
from aiovirt.interfaces import Consoles, ConsoleStream, refuse_flags
from aiovirt.model.constants import (
    DomainChannelFlags,
    DomainConsoleFlags,
    ErrorDomain,
    ErrorNumber,
)
from aiovirt.protocols.libvirt.procedure import Empty, Procedure
from aiovirt.protocols.libvirt.tables import domain_devices as p

__all__ = ["HANDLERS"]

DRAIN_S = 1.0
"""Seconds that a guest has for taking what was typed before the client went."""

_GONE = (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError)


async def _console(opening: Opening, args: p.DomainOpenConsoleArgs) -> None:
    ability = opening.ability(Consoles)
    known = DomainConsoleFlags.FORCE | DomainConsoleFlags.SAFE
    refuse_flags(ability.driver_name, "open_console", args.flags, known)
    force = bool(args.flags & DomainConsoleFlags.FORCE)
    try:
        async with ability.open_console(
            DOMAIN.read(args.dom), device=args.dev_name, force=force
        ) as console:
            await _join(opening.open(Empty()), console)
    except Busy as error:
        raise _taken(error, "console") from error


async def _channel(opening: Opening, args: p.DomainOpenChannelArgs) -> None:
    ability = opening.ability(Consoles)
    refuse_flags(ability.driver_name, "open_channel", args.flags, DomainChannelFlags.FORCE)
    force = bool(args.flags & DomainChannelFlags.FORCE)
    try:
        async with ability.open_channel(
            DOMAIN.read(args.dom), name=args.name, force=force
        ) as channel:
            await _join(opening.open(Empty()), channel)
    except Busy as error:
        raise _taken(error, "channel") from error


def _taken(error: Busy, what: str) -> Busy:
    """libvirt has no number of its own for this: its clients know it by the first words."""
    made = Busy(f"Active {what} session exists for this domain: {error}", hint=error.hint)
    return with_number(made, ErrorNumber.ERR_OPERATION_FAILED, ErrorDomain.QEMU)


async def _join(stream: ServedStream, console: ConsoleStream) -> None:
    """Carry bytes both ways until the client ends the stream.

    Raises:
        AbortedByClient: It gave it up.
        AiovirtError: The console cannot be read or written any more.
    """
    with stream.while_wanted(after_s=DRAIN_S):
        async with open_task_group() as tasks:
            tasks.start_soon(_read, stream, console)
            await _write(stream, console)
            tasks.cancel_scope.cancel()


async def _read(stream: ServedStream, console: ConsoleStream) -> None:
    """From the guest to the client; a guest that stops ends what the client reads."""
    try:
        while True:
            await stream.send(await console.receive())
    except _GONE:
        stream.send_end()


async def _write(stream: ServedStream, console: ConsoleStream) -> None:
    """From the client to the guest; what is typed to one that has stopped goes nowhere."""
    try:
        async for data in stream:
            if isinstance(data, bytes):
                await console.send(data)
    except _GONE:
        await stream.wait_end()


HANDLERS: Mapping[Procedure[Any, Any], StreamHandler] = {
    p.DOMAIN_OPEN_CONSOLE: served(p.DOMAIN_OPEN_CONSOLE, _console),
    p.DOMAIN_OPEN_CHANNEL: served(p.DOMAIN_OPEN_CHANNEL, _channel),
}
"""What answers the procedures about consoles."""
