"""Which domains there are: what takes more than one call."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from aiovirt._tasks import gather
from aiovirt.bindings.values import DOMAIN
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.drivers.libvirt.listing import fetch_domains, list_domains, state_reason
from aiovirt.interfaces import Definition
from aiovirt.model.constants import ConnectListAllDomainsFlags
from aiovirt.model.domain import DomainKey, DomainRecord
from aiovirt.protocols.libvirt.tables import domain as d

__all__ = ["LibvirtDefinition"]

_NAME = attrgetter("name")
_F = ConnectListAllDomainsFlags


class LibvirtDefinition(LibvirtAbility, Definition):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def keys(self, *, active: bool | None = None) -> Sequence[DomainKey]:
        """See `Definition.keys`."""
        wanted = 0 if active is None else _F.ACTIVE if active else _F.INACTIVE
        found = await fetch_domains(self._link, wanted)
        return sorted(map(DOMAIN.read, found), key=_NAME)

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
