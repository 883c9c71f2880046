"""What happens to the machines of a host, as events: our own changes at once, those of others late.

The host's commands tell nothing by themselves.  So while somebody listens, its machines are looked
at now and then, and what must have happened between two looks is told as events that are
`synthetic`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from uuid import UUID

import anyio

from aiovirt._tasks import Broadcast
from aiovirt.drivers.esxssh.inventory import Inventory, Machine
from aiovirt.errors import AiovirtError
from aiovirt.interfaces import EventStream
from aiovirt.model.domain import DomainRecord, StateReason
from aiovirt.model.events import (
    ConnectionEvent,
    DomainEvent,
    Event,
    EventsLost,
    LifecycleDetail,
    LifecycleEvent,
)
from aiovirt.model.transitions import between

__all__ = ["POLL_S", "Watcher"]

POLL_S = 10.0
"""Seconds between two looks, unless the URI says otherwise."""


class Watcher:
    """Tells events; `run` is to run while it is used."""

    def __init__(self, inventory: Inventory, poll_s: float) -> None:
        self._inventory = inventory
        self._poll_s = poll_s
        self._broadcast: Broadcast[Event] = Broadcast(_lost)
        self._listeners = 0
        self._wanted = anyio.Event()
        self._looking = anyio.Lock()
        self._known: dict[UUID, DomainRecord] = {}
        self._busy: Counter[UUID] = Counter()
        self._touched: set[UUID] = set()
        self._connected = True

    @asynccontextmanager
    async def subscribe(self, limit: int) -> AsyncIterator[EventStream]:
        """All events from now on: the host was looked at when this begins."""
        async with self._broadcast.subscribe(backlog=limit) as events:
            self._listeners += 1
            try:
                if self._listeners == 1:
                    await self._begin()
                self._wanted.set()
                yield events
            finally:
                self._listeners -= 1
                if not self._listeners:
                    self._wanted = anyio.Event()

    async def _begin(self) -> None:
        """Look at what there is, which is no news."""
        self._known = {}
        async with self._looking:
            self._touched = set(+self._busy)
            self._settle(self._records(await self._inventory.machines()))

    async def run(self) -> None:
        """Look at the machines again and again while somebody listens."""
        while True:
            await self._wanted.wait()
            await anyio.sleep(self._poll_s)
            if not self._listeners:
                continue
            try:
                await self.look()
            except AiovirtError as error:
                self._tell_connection(connected=False, error=str(error))
            else:
                self._tell_connection(connected=True)

    def _tell_connection(self, *, connected: bool, error: str | None = None) -> None:
        if connected is not self._connected:
            self._connected = connected
            event = ConnectionEvent(time=time.time(), connected=connected, error=error)
            self._broadcast.publish(event)

    async def look(self) -> None:
        """Look at the machines now, and tell what must have happened.

        Raises:
            AiovirtError: The host did not tell.
        """
        async with self._looking:
            self._touched = set(+self._busy)
            seen = self._records(await self._inventory.machines())
            for event in self._news(seen):
                self._broadcast.publish(event)
            self._settle(seen)

    def _settle(self, seen: dict[UUID, DomainRecord]) -> None:
        """Know what was seen; what we did ourselves meanwhile is newer than that."""
        ours = {uuid: self._known[uuid] for uuid in self._touched if uuid in self._known}
        others = {uuid: record for uuid, record in seen.items() if uuid not in self._touched}
        self._known = {**others, **ours}

    def _records(self, machines: Iterable[Machine]) -> dict[UUID, DomainRecord]:
        return {machine.key.uuid: self._inventory.record(machine) for machine in machines}

    def _news(self, seen: dict[UUID, DomainRecord]) -> Iterator[Event]:
        """What must have happened to those that we did not change ourselves meanwhile."""
        now = time.time()
        for uuid, record in {**self._known, **seen}.items():
            if uuid in self._touched:
                continue
            for detail in between(self._known.get(uuid), seen.get(uuid)):
                yield LifecycleEvent(time=now, synthetic=True, domain=record.key, detail=detail)

    # --- our own changes ----------------------------------------------------------------------

    @contextmanager
    def change(self, uuid: UUID) -> Iterator[None]:
        """We change a machine: what a look sees of it meanwhile is our doing, and told by us."""
        self._busy[uuid] += 1
        self._touched.add(uuid)
        try:
            yield
        finally:
            self._busy[uuid] -= 1

    def tell(self, event: DomainEvent) -> None:
        """Tell of something that we did ourselves."""
        self._broadcast.publish(event)

    def changed(
        self, machine: Machine, power: str, reason: StateReason, detail: LifecycleDetail
    ) -> None:
        """We brought a machine into a state.

        Args:
            machine: The machine as it was.
            power: Its state now.
            reason: The same, with why.
            detail: What happened.
        """
        self._inventory.remember(machine, power, reason)
        record = self._inventory.record(replace(machine, power=power))
        self._note(record, detail)

    def defined(self, record: DomainRecord, detail: LifecycleDetail) -> None:
        """We made a machine, or changed how it is defined."""
        self._note(record, detail)

    def gone(self, record: DomainRecord) -> None:
        """We took a machine off the host's list."""
        self._note(record, LifecycleDetail.UNDEFINED_REMOVED)
        self._known.pop(record.key.uuid, None)

    def _note(self, record: DomainRecord, detail: LifecycleDetail) -> None:
        self._touched.add(record.key.uuid)
        self._known[record.key.uuid] = record
        self.tell(LifecycleEvent(time=time.time(), domain=record.key, detail=detail))

    def close(self) -> None:
        """End all subscriptions."""
        self._broadcast.close()


def _lost(count: int) -> Event:
    return EventsLost(time=time.time(), count=count)
