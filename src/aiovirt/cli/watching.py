"""``event``: shows what happens on a host, as it happens."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated
from uuid import UUID

import anyio
from cyclopts import Parameter

from aiovirt.cli.arguments import ContextArg, OtherDomainArg, about
from aiovirt.cli.events import KINDS, VIRSH_NAMES, kind, values, words
from aiovirt.cli.failures import DeadlinePassed, UsageError
from aiovirt.cli.results import Column, Plain, Rows
from aiovirt.cli.session import Context
from aiovirt.cli.terminal import while_read
from aiovirt.model.events import DomainEvent, Event, EventsLost

__all__ = [
    "Wanted",
    "event",
    "net_event",
    "nodedev_event",
    "pool_event",
    "secret_event",
]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events, and how many."""

    domain: OtherDomainArg = None
    event: Annotated[
        tuple[str, ...], Parameter(help="A kind of event; may stand several times. See --list.")
    ] = ()
    everything: Annotated[bool, Parameter(name="--all", help="All kinds.")] = False
    loop: Annotated[bool, about("Go on after the first.")] = False
    timestamp: Annotated[bool, about("Say when each happened.")] = False
    list_kinds: Annotated[bool, Parameter(name="--list", help="List the kinds.")] = False


async def event(*, wanted: Wanted = Wanted(), context: ContextArg) -> Rows | Plain | None:
    """Wait for events and show them.

    Ends after the first that fits, or with --loop when it is stopped; at --timeout without
    error if there was any. With -o json each is a line. On qemu:///embed no other command can
    open the same root meanwhile.

    For example:

        aiovirt event --all --loop --timestamp
        aiovirt event --event lifecycle --domain web1 --timeout 60
        aiovirt event --all --loop -o json | jq .event
    """
    if wanted.list_kinds:
        return Rows([Column("name", "Event")], [{"name": name} for name in KINDS], bare=True)
    watch = _Watch(context, wanted, _types(wanted))
    with anyio.move_on_after(context.settings.timeout) as scope:
        async with while_read(sys.stdout.fileno()):
            await watch.run()
    if not watch.count:
        limit = context.settings.timeout
        waited = f"within {limit:g} s" if scope.cancelled_caught and limit else "before they ended"
        raise DeadlinePassed(f"no such event came {waited}")
    context.out.say(f"events received: {watch.count}")
    return None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class WantedOfHost:
    """Which events of one kind of thing, and how many."""

    event: Annotated[
        tuple[str, ...], Parameter(help="A kind, such as lifecycle; all if there is none.")
    ] = ()
    loop: Annotated[bool, about("Go on after the first.")] = False
    timestamp: Annotated[bool, about("Say when each happened.")] = False


OF_HOST = WantedOfHost()


async def _of_host(prefix: str, wanted: WantedOfHost, context: Context) -> Rows | Plain | None:
    names = [name for name in KINDS if name.startswith(prefix)]
    chosen = tuple(f"{prefix}{name}" for name in wanted.event) or tuple(names)
    full = Wanted(event=chosen, loop=wanted.loop, timestamp=wanted.timestamp)
    return await event(wanted=full, context=context)


async def net_event(*, wanted: WantedOfHost = OF_HOST, context: ContextArg) -> Rows | Plain | None:
    """Wait for events of networks and show them.

    For example:

        aiovirt net-event --loop
        aiovirt net-event --event lifecycle --timeout 60
    """
    return await _of_host("network-", wanted, context)


async def pool_event(*, wanted: WantedOfHost = OF_HOST, context: ContextArg) -> Rows | Plain | None:
    """Wait for events of storage pools and show them.

    For example:

        aiovirt pool-event --loop
        aiovirt pool-event --event refresh --timeout 60
    """
    return await _of_host("pool-", wanted, context)


async def nodedev_event(
    *, wanted: WantedOfHost = OF_HOST, context: ContextArg
) -> Rows | Plain | None:
    """Wait for events of the host's devices and show them.

    For example:

        aiovirt nodedev-event --loop
    """
    return await _of_host("nodedev-", wanted, context)


async def secret_event(
    *, wanted: WantedOfHost = OF_HOST, context: ContextArg
) -> Rows | Plain | None:
    """Wait for events of secrets and show them.

    For example:

        aiovirt secret-event --loop
    """
    return await _of_host("secret-", wanted, context)


def _types(wanted: Wanted) -> tuple[type[Event], ...]:
    """The classes that are wanted.

    Raises:
        UsageError: A kind is not known, or none is asked for.
    """
    if not (wanted.event or wanted.everything):
        raise UsageError("event needs --all or --event KIND", hint="aiovirt event --list")
    names = [VIRSH_NAMES.get(name, name) for name in wanted.event]
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        near = get_close_matches(unknown[0], KINDS, n=1)
        raise UsageError(
            f"there is no kind of event {unknown[0]!r}",
            hint=f"did you mean {near[0]}?" if near else "aiovirt event --list",
        )
    return (Event,) if wanted.everything else tuple(KINDS[name] for name in names)


@dataclass(slots=True)
class _Watch:
    """One run of the verb. `count` is right even when the time is up."""

    context: Context
    wanted: Wanted
    types: tuple[type[Event], ...]
    count: int = 0

    async def run(self) -> None:
        """Show events until it is enough, or until the host ends them."""
        async with self.context.connect() as session, session.host.events() as events:
            # Subscribed first: nothing is missed while the domain is looked up.
            name = self.wanted.domain
            uuid = None if name is None else (await session.domain(name)).uuid
            async for event in events:
                if self._fits(event, uuid):
                    self._show(event)
                if self.count and not self.wanted.loop:
                    break

    def _fits(self, event: Event, uuid: UUID | None) -> bool:
        """Whether it is wanted; that some were lost always is."""
        if isinstance(event, EventsLost):
            return True
        ours = uuid is None or (isinstance(event, DomainEvent) and event.domain.uuid == uuid)
        return ours and isinstance(event, self.types)

    def _show(self, event: Event) -> None:
        self.count += 1
        names = [event.domain.name] if isinstance(event, DomainEvent) else []
        self.context.out.show_one(Plain(_line(event, self.wanted), values(event), names))


def _line(event: Event, wanted: Wanted) -> str:
    """An event as people read it."""
    stamp = ""
    if wanted.timestamp:
        when = datetime.fromtimestamp(event.time).astimezone()
        stamp = f"{when.isoformat(sep=' ', timespec='milliseconds')}: "
    domain = f" for domain '{event.domain.name}'" if isinstance(event, DomainEvent) else ""
    said = f": {words(event)}" if words(event) else ""
    later = " (found out later)" if event.synthetic else ""
    return f"{stamp}event '{kind(event)}'{domain}{said}{later}"
