"""Which domains there are: what takes more than one call."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from operator import attrgetter
from typing import Literal

from aiovirt._tasks import gather
from aiovirt.bindings.values import DOMAIN
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.drivers.libvirt.listing import fetch_domains, list_domains
from aiovirt.errors import NotFound
from aiovirt.interfaces import Definition
from aiovirt.model.constants import ConnectListAllDomainsFlags
from aiovirt.model.domain import DomainKey, DomainRecord, state_reason
from aiovirt.protocols.libvirt.tables import domain as d

__all__ = ["LibvirtDefinition"]

_NAME = attrgetter("name")
_F = ConnectListAllDomainsFlags


class LibvirtDefinition(LibvirtAbility, Definition):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def keys(
        self,
        *,
        active: bool | None = None,
        flags: ConnectListAllDomainsFlags | Literal[0] = 0,
    ) -> Sequence[DomainKey]:
        """See `Definition.keys`."""
        wanted = int(flags)
        if active is not None:
            wanted |= _F.ACTIVE if active else _F.INACTIVE
        found = await fetch_domains(self._link, wanted)
        return sorted(map(DOMAIN.read, found), key=_NAME)

    async def find_by_name(self, name: str) -> DomainKey:
        """See `Definition.find_by_name`."""
        args = d.DomainLookupByNameArgs(name)
        try:
            reply = await self._link.call(d.DOMAIN_LOOKUP_BY_NAME, args, operation="find_by_name")
        except NotFound as error:
            error.hint = error.hint or await self._near(name)
            raise
        found: DomainKey = DOMAIN.read(reply.dom)
        return found

    async def _near(self, name: str) -> str | None:
        """The names that are near to one that is not there, in words."""
        known = [key.name for key in await self.keys()]
        near = get_close_matches(name, known, n=3)
        return f"did you mean {', '.join(map(repr, near))}?" if near else None

    async def records(self) -> Sequence[DomainRecord]:
        """See `Definition.records`."""
        return await list_domains(self._link)

    async def record(self, domain: DomainKey) -> DomainRecord:
        """See `Definition.record`."""
        found = await self._link.call(
            d.DOMAIN_LOOKUP_BY_UUID, d.DomainLookupByUuidArgs(domain.uuid.bytes)
        )
        dom = found.dom
        state, persistent, autostart = await gather(
            lambda: self._link.call(d.DOMAIN_GET_STATE, d.DomainGetStateArgs(dom, 0)),
            lambda: self._link.call(d.DOMAIN_IS_PERSISTENT, d.DomainIsPersistentArgs(dom)),
            lambda: self._link.call(d.DOMAIN_GET_AUTOSTART, d.DomainGetAutostartArgs(dom)),
        )
        return DomainRecord(
            key=DOMAIN.read(dom),
            id=dom.id if dom.id >= 0 else None,
            reason=state_reason(state.state, state.reason),
            persistent=bool(persistent.persistent),
            autostart=bool(autostart.autostart),
        )
