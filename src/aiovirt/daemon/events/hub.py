"""The events of one host: one subscription to its driver, handed to all clients that asked.

A message is encoded once for all who are told of it, and sent without waiting: a client that does
not read is its session's affair, and holds up nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup, TaskStatus

from aiovirt.bindings.events import EventRow, addressed, rows_of
from aiovirt.daemon.service.numbers import NO_NUMBER
from aiovirt.errors import AiovirtError
from aiovirt.interfaces import Events
from aiovirt.interfaces.driver import Driver
from aiovirt.model.domain import DomainKey
from aiovirt.model.events import DomainEvent, Event, EventsLost
from aiovirt.protocols.xdr import EncodeError

if TYPE_CHECKING:
    from aiovirt.daemon.events.client import Wish
    from aiovirt.daemon.hosts import Host
    from aiovirt.daemon.service.session import Session

__all__ = ["HostEvents", "NumberOf", "begin", "events_at"]

log = logging.getLogger("aiovirt.daemon.events")

BACKLOG = 8192
"""Events of a driver that may wait until they are handed on, which is at once: for bursts."""

NumberOf = Callable[[DomainKey], Awaitable[int]]
"""Tells the number of a running domain, or -1."""


class HostEvents:
    """The events of one host.

    Args:
        driver: The host's.
        number_of: Clients want a number with each domain.
    """

    def __init__(self, driver: Driver, number_of: NumberOf) -> None:
        self._driver = driver
        self._number_of = number_of
        self._wishes: dict[EventRow, dict[Wish, None]] = {}
        self._running = False
        self._beginning = anyio.Lock()

    def add(self, wish: Wish) -> None:
        """Tell a client of something from now on."""
        self._wishes.setdefault(wish.row, {})[wish] = None

    def remove(self, wish: Wish) -> None:
        """Tell it no more."""
        wishes = self._wishes.get(wish.row, {})
        wishes.pop(wish, None)
        if not wishes:
            self._wishes.pop(wish.row, None)

    async def begin(self, tasks: TaskGroup) -> None:
        """From now on no event is missed.

        Args:
            tasks: The daemon's, for what hands events on until the driver ends.

        Raises:
            Unsupported: The driver has no events.
        """
        async with self._beginning:
            if not self._running:
                await tasks.start(self._run)

    async def _run(self, *, task_status: TaskStatus[None]) -> None:
        events = self._driver.ability(Events).subscribe(limit=BACKLOG)
        async with events as stream:
            self._running = True
            task_status.started()
            try:
                async for event in stream:
                    try:
                        await self.tell(event)
                    except Exception:  # one event's fault: all clients of the host share this
                        log.exception("%s cannot be told", type(event).__name__)
            except AiovirtError as error:
                log.warning("the events of %s have ended: %s", self._driver.uri, error)
            finally:
                self._running = False

    async def tell(self, event: Event) -> None:
        """Hand one event to all who asked for it."""
        if isinstance(event, EventsLost):
            log.warning("%d events of %s were lost", event.count, self._driver.uri)
            return
        rows = [row for row in rows_of(event) if row in self._wishes]
        if not rows:
            return
        number = NO_NUMBER
        if isinstance(event, DomainEvent):
            number = await self._number_of(event.domain)
        for row in rows:
            self._tell_by(row, event, number)

    def _tell_by(self, row: EventRow, event: Event, number: int) -> None:
        about = row.subject(event)
        packets: dict[bool, bytes] = {}
        for wish in list(self._wishes.get(row, ())):
            if not wish.wants(about):
                continue
            with_callback = wish.callback_id is not None
            packet = packets.get(with_callback)
            if packet is None:
                try:
                    packet = row.packet(event, with_callback=with_callback, number=number)
                except EncodeError as error:
                    log.warning("%s cannot be told: %s", type(event).__name__, error)
                    return
                packets[with_callback] = packet
            if wish.callback_id is not None:
                packet = addressed(packet, wish.callback_id)
            wish.client.tell(wish, packet, about)


def events_at(host: Host) -> HostEvents:
    """The events of a host."""
    found = host.data.get(HostEvents)
    if not isinstance(found, HostEvents):
        found = host.data[HostEvents] = HostEvents(host.driver, host.operations.numbers.of)
    return found


async def begin(session: Session) -> None:
    """Let no event of the host be missed that a client has opened.

    Raises:
        Closed: It has opened none.
        Unsupported: The host has none.
    """
    await events_at(session.opened_host()).begin(session.daemon.tasks)
