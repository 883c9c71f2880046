"""Listing a host's domains with their states: a few calls, however many domains there are."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from aiovirt._tasks import gather, open_task_group
from aiovirt.bindings.values import DOMAIN
from aiovirt.errors import NotFound, Unsupported
from aiovirt.model.constants import ConnectListAllDomainsFlags, DomainStatsTypes
from aiovirt.model.domain import DomainRecord, StateReason, state_reason
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.libvirt.tables import connect as p
from aiovirt.protocols.libvirt.tables import domain as d
from aiovirt.protocols.libvirt.tables.structs import Domain
from aiovirt.protocols.xdr import Struct

__all__ = ["Caller", "fetch_domains", "list_domains"]

A = TypeVar("A", bound=Struct)
R = TypeVar("R", bound=Struct)

_F = ConnectListAllDomainsFlags


class Caller(Protocol):
    """Who calls procedures: a client, or the link."""

    def call(
        self, procedure: Procedure[A, R], args: A, *, operation: str = ""
    ) -> Coroutine[Any, Any, R]:
        """Call a procedure; its result."""
        raise NotImplementedError


async def fetch_domains(caller: Caller, flags: int = 0) -> list[Domain]:
    """The domains that the flags of `ConnectListAllDomainsFlags` name; all without flags."""
    args = p.ConnectListAllDomainsArgs(1, flags)
    return (await caller.call(p.CONNECT_LIST_ALL_DOMAINS, args)).domains


async def list_domains(caller: Caller) -> list[DomainRecord]:
    """All domains with their states, sorted by name; no guest is asked."""
    everything, persistent, autostart = await gather(
        lambda: fetch_domains(caller),
        lambda: fetch_domains(caller, _F.PERSISTENT),
        lambda: fetch_domains(caller, _F.AUTOSTART),
    )
    staying = {found.uuid for found in persistent}
    automatic = {found.uuid for found in autostart}
    states = await _states(caller, everything)
    records = [
        DomainRecord(
            key=DOMAIN.read(found),
            id=found.id if found.id >= 0 else None,
            reason=states[found.uuid],
            persistent=found.uuid in staying,
            autostart=found.uuid in automatic,
        )
        for found in everything
        if found.uuid in states
    ]
    return sorted(records, key=lambda record: record.key.name)


async def _states(caller: Caller, domains: Sequence[Domain]) -> dict[bytes, StateReason]:
    """The state of each; one that is gone meanwhile is left out."""
    try:
        args = p.ConnectGetAllDomainStatsArgs([], DomainStatsTypes.STATE, 0)
        reply = await caller.call(p.CONNECT_GET_ALL_DOMAIN_STATS, args)
    except Unsupported:  # libvirt's LXC driver, for one
        return await _states_one_by_one(caller, domains)
    return {
        record.dom.uuid: state_reason(
            record.params.get("state.state", 0), record.params.get("state.reason", 0)
        )
        for record in reply.ret_stats
    }


async def _states_one_by_one(caller: Caller, domains: Sequence[Domain]) -> dict[bytes, StateReason]:
    states: dict[bytes, StateReason] = {}

    async def ask(domain: Domain) -> None:
        with suppress(NotFound):
            reply = await caller.call(d.DOMAIN_GET_STATE, d.DomainGetStateArgs(domain, 0))
            states[domain.uuid] = state_reason(reply.state, reply.reason)

    async with open_task_group() as tasks:
        for domain in domains:
            tasks.start_soon(ask, domain)
    return states
