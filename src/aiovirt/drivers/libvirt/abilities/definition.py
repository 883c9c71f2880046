"""Which domains there are: what takes more than one call."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from aiovirt._tasks import gather, open_task_group
from aiovirt.bindings.values import DOMAIN
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.errors import NotFound, Unsupported
from aiovirt.interfaces import Definition
from aiovirt.model.constants import ConnectListAllDomainsFlags, DomainStatsTypes
from aiovirt.model.domain import DomainKey, DomainRecord, DomainState, StateReason
from aiovirt.protocols.libvirt.tables import connect as p
from aiovirt.protocols.libvirt.tables import domain as d
from aiovirt.protocols.libvirt.tables.structs import Domain

__all__ = ["LibvirtDefinition", "state_reason"]

_F = ConnectListAllDomainsFlags

_REASONS: dict[tuple[object, object], StateReason] = {
    (reason.state, reason.number): reason for reason in StateReason
}
_STATES: dict[object, DomainState] = {int(state): state for state in DomainState}


class LibvirtDefinition(LibvirtAbility, Definition):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def keys(self, *, active: bool | None = None) -> Sequence[DomainKey]:
        """See `Definition.keys`."""
        wanted = 0 if active is None else _F.ACTIVE if active else _F.INACTIVE
        return sorted(map(DOMAIN.read, await self._list(wanted)), key=lambda key: key.name)

    async def records(self) -> Sequence[DomainRecord]:
        """See `Definition.records`."""
        everything, durable, automatic = await gather(
            lambda: self._list(0),
            lambda: self._list(_F.PERSISTENT),
            lambda: self._list(_F.AUTOSTART),
        )
        persistent = {found.uuid for found in durable}
        autostart = {found.uuid for found in automatic}
        states = await self._states(everything)
        records = [
            DomainRecord(
                key=DOMAIN.read(found),
                id=found.id if found.id >= 0 else None,
                reason=states[found.uuid],
                persistent=found.uuid in persistent,
                autostart=found.uuid in autostart,
            )
            for found in everything
            if found.uuid in states
        ]
        return sorted(records, key=lambda record: record.key.name)

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

    async def _list(self, which: int) -> list[Domain]:
        reply = await self._link.call(
            p.CONNECT_LIST_ALL_DOMAINS, p.ConnectListAllDomainsArgs(1, which)
        )
        return reply.domains

    async def _states(self, domains: Sequence[Domain]) -> dict[bytes, StateReason]:
        """The state of each; one that is gone meanwhile is left out."""
        try:
            reply = await self._link.call(
                p.CONNECT_GET_ALL_DOMAIN_STATS,
                p.ConnectGetAllDomainStatsArgs([], DomainStatsTypes.STATE, 0),
            )
        except Unsupported:  # libvirt's own test driver, for one
            return await self._states_one_by_one(domains)
        return {
            record.dom.uuid: state_reason(
                record.params.get("state.state", 0), record.params.get("state.reason", 0)
            )
            for record in reply.ret_stats
        }

    async def _states_one_by_one(self, domains: Sequence[Domain]) -> dict[bytes, StateReason]:
        states: dict[bytes, StateReason] = {}

        async def ask(domain: Domain) -> None:
            with suppress(NotFound):
                reply = await self._link.call(d.DOMAIN_GET_STATE, d.DomainGetStateArgs(domain, 0))
                states[domain.uuid] = state_reason(reply.state, reply.reason)

        async with open_task_group() as tasks:
            for domain in domains:
                tasks.start_soon(ask, domain)
        return states


def state_reason(state: object, reason: object) -> StateReason:
    """The state with its reason; a number that only a newer libvirt has becomes the unknown one."""
    known = _STATES.get(state, DomainState.NO_STATE)
    return _REASONS.get((known, reason)) or _REASONS[known, 0]
