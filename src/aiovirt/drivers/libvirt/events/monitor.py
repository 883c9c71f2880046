"""The monitor's own events: each subscription is a registration that is healed after a loss.

The daemon picks by domain and name and says with each event for which registration it is.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import anyio

from aiovirt._tasks import Broadcast, Subscription
from aiovirt.bindings.events import MONITOR_EVENT, read_monitor_event
from aiovirt.bindings.values import DOMAIN
from aiovirt.clients.libvirt import LibvirtClient
from aiovirt.errors import AiovirtError
from aiovirt.model.domain import DomainKey
from aiovirt.model.events import ConnectionEvent, Event, EventsLost
from aiovirt.protocols.libvirt.connection import Message
from aiovirt.protocols.libvirt.tables import qemu as p
from aiovirt.protocols.xdr import codec

__all__ = ["MonitorEvents"]

EARLY = 64
"""Events that may come before the answer to their registration was taken."""

FAREWELL_S = 2.0
"""Seconds that a daemon has for taking a registration back."""


@dataclass(slots=True, eq=False)
class _Wish:
    """One subscription.

    Attributes:
        number: What the daemon calls it in the present session, or None.
    """

    args: p.ConnectDomainMonitorEventRegisterArgs
    events: Broadcast[Event]
    number: int | None = None


class MonitorEvents:
    """All subscriptions of one driver."""

    def __init__(self) -> None:
        self._client: LibvirtClient | None = None
        self._wishes: list[_Wish] = []
        self._early: list[p.DomainMonitorEventMsg] = []

    # --- called by the hub ----------------------------------------------------------------------

    async def connected(self, client: LibvirtClient) -> None:
        """A session was opened: register all wishes there.

        Raises:
            AiovirtError: It was lost again.
        """
        self._client = client
        for wish in self._wishes:
            await self._register(client, wish)
            wish.events.publish(ConnectionEvent(time=time.time(), connected=True))

    def disconnected(self, event: ConnectionEvent) -> None:
        """The session was lost."""
        self._client = None
        self._early.clear()
        for wish in self._wishes:
            wish.number = None
            wish.events.publish(event)

    def close(self) -> None:
        """End all subscriptions."""
        for wish in self._wishes:
            wish.events.close()

    def hear(self, message: Message) -> bool:
        """Take a message; whether it was a monitor's.

        Raises:
            ProtocolError: It cannot be read.
        """
        if (message.program, message.procedure) != (MONITOR_EVENT.program, MONITOR_EVENT.number):
            return False
        told = codec(MONITOR_EVENT.msg).decode(message.payload)
        wish = next((one for one in self._wishes if one.number == told.callback_id), None)
        if wish is None:
            self._early = [*self._early[1 - EARLY :], told]
        else:
            wish.events.publish(read_monitor_event(told))
        return True

    # --- called by subscribers ------------------------------------------------------------------

    @asynccontextmanager
    async def subscribe(
        self,
        client: LibvirtClient,
        domain: DomainKey | None,
        event: str | None,
        *,
        flags: int,
        limit: int,
    ) -> AsyncIterator[Subscription[Event]]:
        """Give the events from the moment the block is entered.

        Args:
            client: The present session's.
            domain: Only of this one.
            event: Only of this name.
            flags: libvirt's.
            limit: How many events may wait.

        Raises:
            Unsupported: The daemon has no such events.
        """
        args = p.ConnectDomainMonitorEventRegisterArgs(
            None if domain is None else DOMAIN.send(domain), event, flags
        )
        wish = _Wish(args, Broadcast(lambda lost: EventsLost(time=time.time(), count=lost)))
        async with wish.events.subscribe(backlog=limit) as subscription:
            await self._register(client, wish)
            self._wishes.append(wish)
            try:
                yield subscription
            finally:
                self._wishes.remove(wish)
                await self._drop(wish)

    async def _register(self, client: LibvirtClient, wish: _Wish) -> None:
        procedure = p.CONNECT_DOMAIN_MONITOR_EVENT_REGISTER
        reply = await client.call(procedure, wish.args, operation="monitor_events")
        wish.number = reply.callback_id
        for told in [one for one in self._early if one.callback_id == wish.number]:
            wish.events.publish(read_monitor_event(told))
        self._early.clear()

    async def _drop(self, wish: _Wish) -> None:
        client = self._client
        if wish.number is None or client is None:
            return  # it is gone with its session
        args = p.ConnectDomainMonitorEventDeregisterArgs(wish.number)
        with anyio.move_on_after(FAREWELL_S, shield=True), suppress(AiovirtError):
            await client.call(p.CONNECT_DOMAIN_MONITOR_EVENT_DEREGISTER, args)
