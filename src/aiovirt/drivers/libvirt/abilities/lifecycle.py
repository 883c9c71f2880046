"""The life of a domain: what takes more than one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import anyio

from aiovirt.bindings.values import DOMAIN
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.errors import NotFound
from aiovirt.interfaces import Lifecycle
from aiovirt.model.domain import DomainKey, DomainState
from aiovirt.protocols.libvirt.tables import domain as p

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainShutdownFlags

__all__ = ["LibvirtLifecycle"]

POLL_S = 0.5
"""Seconds between two looks at whether a domain is off."""

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
        dom = DOMAIN.send(domain)
        await self._link.call(p.DOMAIN_SHUTDOWN_FLAGS, p.DomainShutdownFlagsArgs(dom, int(flags)))
        while wait:
            if await self._is_off(domain):
                return
            await anyio.sleep(POLL_S)

    async def _is_off(self, domain: DomainKey) -> bool:
        args = p.DomainGetStateArgs(DOMAIN.send(domain), 0)
        try:
            reply = await self._link.call(p.DOMAIN_GET_STATE, args)
        except NotFound:  # a transient one is gone
            return True
        return reply.state in SHUT_OFF
