"""The life of a domain: what takes more than one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aiovirt._tasks import DEFAULT_BACKLOG
from aiovirt.bindings.values import DOMAIN
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.errors import Closed, NotFound
from aiovirt.interfaces import EventStream, Lifecycle
from aiovirt.model.domain import DomainKey, DomainState
from aiovirt.model.events import DomainEvent, LifecycleEvent
from aiovirt.protocols.libvirt.tables import domain as p

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainShutdownFlags

__all__ = ["LibvirtLifecycle"]

SHUT_OFF = (DomainState.SHUTOFF, DomainState.CRASHED)


class LibvirtLifecycle(LibvirtAbility, Lifecycle):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def shutdown(
        self,
        domain: DomainKey,
        *,
        wait: bool = False,
        flags: DomainShutdownFlags | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.shutdown`."""
        args = p.DomainShutdownFlagsArgs(DOMAIN.send(domain), int(flags))
        if not wait:
            await self._link.call(p.DOMAIN_SHUTDOWN_FLAGS, args, operation="shutdown")
            return
        async with self._link.hub.subscribe(DEFAULT_BACKLOG) as events:
            await self._link.call(p.DOMAIN_SHUTDOWN_FLAGS, args, operation="shutdown")
            while not await self._is_off(domain):
                await _something_about(domain, events)

    async def _is_off(self, domain: DomainKey) -> bool:
        args = p.DomainGetStateArgs(DOMAIN.send(domain), 0)
        try:
            reply = await self._link.call(p.DOMAIN_GET_STATE, args)
        except NotFound:  # a transient one is gone
            return True
        return reply.state in SHUT_OFF


async def _something_about(domain: DomainKey, events: EventStream) -> None:
    """Wait for what may mean that a domain has ended: an event of its life, or a loss of events."""
    async for event in events:
        ours = isinstance(event, LifecycleEvent) and event.domain.uuid == domain.uuid
        if ours or not isinstance(event, DomainEvent):
            return
    raise Closed("the connection was closed")
