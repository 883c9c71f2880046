"""Finding and listing domains: all of it is answered from memory, without a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from uuid import UUID

from aiovirt.drivers.esx.autostart import autostarted, starts_with_host
from aiovirt.drivers.esx.machine import OFF, ON, SUSPENDED, Machine
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.interfaces import Definition, immediate
from aiovirt.model.domain import DomainKey, DomainRecord, StateReason
from aiovirt.model.flags import fits

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectListAllDomainsFlags

__all__ = ["EsxListing"]

Filter: TypeAlias = Callable[[tuple[Machine, bool]], bool]


def _in(*states: str) -> Filter:
    return lambda each: each[0].power in states


_GROUPS: Final[Sequence[Mapping[int, Filter]]] = (
    {0x1: lambda each: each[0].active, 0x2: lambda each: not each[0].active},
    {0x4: lambda _: True, 0x8: lambda _: False},
    {
        0x10: _in(ON),
        0x20: _in(SUSPENDED),
        0x40: _in(OFF),
        0x80: lambda each: each[0].power not in {ON, SUSPENDED, OFF},
    },
    {0x100: lambda _: False, 0x200: lambda _: True},
    {0x400: lambda each: each[1], 0x800: lambda each: not each[1]},
    {
        0x1000: lambda each: each[0].snapshot is not None,
        0x2000: lambda each: each[0].snapshot is None,
    },
    {0x4000: lambda _: False, 0x8000: lambda _: True},
)
"""Flags of `ConnectListAllDomainsFlags`, by group -> what they ask of a machine, and of whether it
starts with its host.  There are no transient domains, saved states and checkpoints."""


class EsxListing(EsxAbility, Definition):
    """What there is, and in which state."""

    @immediate
    async def keys(
        self,
        *,
        active: bool | None = None,
        flags: ConnectListAllDomainsFlags | Literal[0] = 0,
    ) -> Sequence[DomainKey]:
        """See `Definition.keys`."""
        automatic = autostarted(self.session)
        return [
            machine.key
            for machine in self.session.machines
            if active in {None, machine.active}
            and fits((machine, machine.ref in automatic), flags, _GROUPS)
        ]

    @immediate
    async def records(self) -> Sequence[DomainRecord]:
        """See `Definition.records`."""
        automatic = autostarted(self.session)
        reason = self.session.watcher.reason
        return [
            machine.record(reason(machine), autostart=machine.ref in automatic)
            for machine in self.session.machines
        ]

    @immediate
    async def record(self, domain: DomainKey) -> DomainRecord:
        """See `Definition.record`."""
        machine = self.session.machines.get(domain)
        automatic = starts_with_host(self.session, machine)
        return machine.record(self.session.watcher.reason(machine), autostart=automatic)

    @immediate
    async def find_by_name(self, name: str) -> DomainKey:
        """See `Definition.find_by_name`."""
        return self.session.machines.by_name(name).key

    @immediate
    async def find_by_uuid(self, uuid: UUID) -> DomainKey:
        """See `Definition.find_by_uuid`."""
        return self.session.machines.by_uuid(uuid).key

    @immediate
    async def find_by_id(self, number: int) -> DomainKey:
        """See `Definition.find_by_id`."""
        return self.session.machines.by_number(number).key

    @immediate
    async def state(self, domain: DomainKey) -> StateReason:
        """See `Definition.state`."""
        return self.session.watcher.reason(self.session.machines.get(domain))

    @immediate
    async def is_active(self, domain: DomainKey) -> bool:
        """See `Definition.is_active`."""
        return self.session.machines.get(domain).active

    @immediate
    async def is_persistent(self, domain: DomainKey) -> bool:
        """See `Definition.is_persistent`: a machine stays until it is unregistered."""
        self.session.machines.get(domain)
        return True

    @immediate
    async def is_updated(self, domain: DomainKey) -> bool:
        """See `Definition.is_updated`: there is one configuration, and changes reach it at once."""
        self.session.machines.get(domain)
        return False

    @immediate
    async def os_type(self, domain: DomainKey) -> str:
        """See `Definition.os_type`."""
        self.session.machines.get(domain)
        return "hvm"

    @immediate
    async def autostart(self, domain: DomainKey) -> bool:
        """See `Definition.autostart`."""
        return starts_with_host(self.session, self.session.machines.get(domain))
