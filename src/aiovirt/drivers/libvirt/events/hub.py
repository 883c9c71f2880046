"""Events for any number of subscribers: registered while there is one, healed after a loss.

What happened while the connection was lost is found by comparing what was known before with what
there is after; it is told as synthetic events, and then `ConnectionEvent`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from aiovirt._tasks import Broadcast, Subscription
from aiovirt.bindings.events import read_event
from aiovirt.clients.libvirt import LibvirtClient
from aiovirt.drivers.libvirt.events.known import Known
from aiovirt.drivers.libvirt.events.look import take_look
from aiovirt.drivers.libvirt.events.monitor import MonitorEvents
from aiovirt.drivers.libvirt.events.registrations import Registrations
from aiovirt.errors import ConnectionLost, ProtocolError
from aiovirt.model.events import ConnectionEvent, Event, EventsLost
from aiovirt.protocols.libvirt.connection import Message

__all__ = ["Hub"]

log = logging.getLogger("aiovirt.libvirt")


class Hub:
    """All events of one driver.

    Attributes:
        monitor: Those of the hypervisors' own monitors.
    """

    def __init__(self) -> None:
        self.monitor = MonitorEvents()
        self._events: Broadcast[Event] = Broadcast(
            lambda count: EventsLost(time=time.time(), count=count)
        )
        self._known = Known()
        self._client: LibvirtClient | None = None
        self._registrations: Registrations | None = None
        self._subscribers = 0
        self._lost = False
        self._changing = anyio.Lock()

    # --- called by the link ---------------------------------------------------------------------

    async def connected(self, client: LibvirtClient) -> None:
        """A session was opened: listen to it, and find out what was missed.

        Raises:
            ConnectionLost: It was lost again.
        """
        async with self._changing:
            self._client = client
            self._registrations = None
            client.on_message = self._hear
            await self.monitor.connected(client)
            if self._subscribers:
                await self._register(client, tell=True)
        if self._lost:
            self._lost = False
            self._events.publish(ConnectionEvent(time=time.time(), connected=True))

    def disconnected(self, error: Exception | None) -> None:
        """The session was lost."""
        self._client = None
        self._registrations = None
        self._lost = True
        text = str(error) if error else None
        event = ConnectionEvent(time=time.time(), connected=False, error=text)
        self._events.publish(event)
        self.monitor.disconnected(event)

    def close(self) -> None:
        """End all subscriptions."""
        self._events.close()
        self.monitor.close()

    # --- called by subscribers ------------------------------------------------------------------

    @asynccontextmanager
    async def subscribe(self, limit: int) -> AsyncIterator[Subscription[Event]]:
        """All events from the moment the block is entered.

        Raises:
            ConnectionLost: The connection was lost while the daemon was asked for them.
        """
        async with self._events.subscribe(backlog=limit) as subscription:
            self._subscribers += 1
            try:
                await self._register_first()
                yield subscription
            finally:
                self._subscribers -= 1
                with anyio.CancelScope(shield=True), anyio.move_on_after(2):
                    await self._drop_last()

    async def _register_first(self) -> None:
        async with self._changing:
            if self._client is not None and self._registrations is None:
                await self._register(self._client, tell=False)

    async def _drop_last(self) -> None:
        """Take the registrations back when nobody listens any more."""
        async with self._changing:
            if self._subscribers or self._registrations is None:
                return
            registrations, self._registrations = self._registrations, None
            self._known = Known()
            try:
                await registrations.drop()
            except ConnectionLost:
                return  # they are gone with the connection

    async def _register(self, client: LibvirtClient, *, tell: bool) -> None:
        self._known.begin()
        registrations = Registrations(client)
        await registrations.make()
        self._registrations = registrations
        missed = self._known.learn(await take_look(client))
        if tell:
            for event in missed:
                self._events.publish(event)

    def _hear(self, message: Message) -> None:
        try:
            event = None if self.monitor.hear(message) else _event(message)
        except (ProtocolError, ValueError) as error:
            log.warning("an event that cannot be read is left out: %s", error)
            return
        if event is not None:
            self._known.hear(event)
            self._events.publish(event)


def _event(message: Message) -> Event | None:
    return read_event(message.program, message.procedure, message.payload)
