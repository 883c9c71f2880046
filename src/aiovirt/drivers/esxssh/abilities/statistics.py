"""Figures of machines: what the host tells in each machine's summary.

It tells no processor time and no counters of disks and cards in its commands, only what is used at
the moment; so these groups are not there.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt.drivers.common.vmx.machine import memory_limit
from aiovirt.drivers.common.vmx.section import Section
from aiovirt.drivers.esxssh.context import EsxAbility
from aiovirt.drivers.esxssh.describing import Descriptions
from aiovirt.drivers.esxssh.filters import filtered
from aiovirt.drivers.esxssh.inventory import ON, Machine
from aiovirt.errors import InvalidState, NotFound
from aiovirt.interfaces import Statistics
from aiovirt.model.domain import Control, ControlInfo, DomainInfo, DomainKey
from aiovirt.model.statistics import DomainStats, StatsGroup, figures_of
from aiovirt.model.statsgroups import BalloonStats, VcpuStats
from aiovirt.model.units import Bytes

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectGetAllDomainStatsFlags

__all__ = ["EsxStatistics"]

_MIB = 1024**2
_FLAGS = 0x7F
"""Flags of `ConnectGetAllDomainStatsFlags` that narrow the list."""


class EsxStatistics(EsxAbility, Statistics):
    """See `Statistics`."""

    async def info(self, domain: DomainKey) -> DomainInfo:
        """See `Statistics.info`; the processor time is not known, and so 0."""
        machine = await self.inventory.get(domain)
        memory = _memory(machine)
        vmx = await Descriptions(self.host, self.context.datastores).vmx(machine.path)
        most = memory_limit(Section(vmx), Bytes(memory))
        used = min(int(most), memory - _ballooned(machine))
        state = self.inventory.reason(machine).state
        return DomainInfo(state, memory, used, _vcpus(machine), 0)

    async def stats(
        self,
        domains: Sequence[DomainKey] | None = None,
        *,
        groups: StatsGroup = StatsGroup.ALL,
        flags: ConnectGetAllDomainStatsFlags | Literal[0] = 0,
    ) -> Sequence[DomainStats]:
        """See `Statistics.stats`; all machines are asked in one pass."""
        machines = {machine.key.uuid: machine for machine in await self.inventory.machines()}
        wanted = list(machines) if domains is None else [key.uuid for key in domains]
        self._check_there(domains or (), machines)
        records = [self.inventory.record(machines[uuid]) for uuid in wanted]
        kept = {each.key.uuid for each in filtered(records, flags, "stats")}
        return [self._figures(machines[uuid], groups) for uuid in wanted if uuid in kept]

    def _check_there(self, domains: Sequence[DomainKey], machines: Container[UUID]) -> None:
        for key in domains:
            if key.uuid not in machines:
                raise NotFound(f"{self.host.where} has no domain {key.name!r}")

    def _figures(self, machine: Machine, groups: StatsGroup) -> DomainStats:
        record = self.inventory.record(machine)
        if not machine.active:
            return DomainStats(record.key, None, figures_of(record.reason))
        running = int(machine.power == ON)
        vcpus = [VcpuStats(number, state=running) for number in range(_vcpus(machine))]
        figures = figures_of(
            record.reason,
            balloon=_balloon(machine) if StatsGroup.BALLOON in groups else None,
            vcpus=vcpus if StatsGroup.VCPU in groups else None,
            most_vcpus=len(vcpus),
        )
        return DomainStats(record.key, record.id, figures)

    async def memory_stats(self, domain: DomainKey) -> BalloonStats:
        """See `Statistics.memory_stats`."""
        machine = await self.inventory.get(domain)
        if machine.power != ON:
            raise InvalidState(
                f"domain {domain.name!r} on {self.host.where} does not run",
                hint=f"aiovirt start {domain.name}",
            )
        return _balloon(machine)

    async def control_info(self, domain: DomainKey) -> ControlInfo:
        """See `Statistics.control_info`: the host has just answered for it."""
        await self.inventory.get(domain)
        return ControlInfo(Control.OK)


def _figure(machine: Machine, name: str) -> int:
    return machine.summary.number(name) or 0


def _memory(machine: Machine) -> int:
    return _figure(machine, "config.memorySizeMB") * _MIB


def _ballooned(machine: Machine) -> int:
    return _figure(machine, "quickStats.balloonedMemory") * _MIB


def _vcpus(machine: Machine) -> int:
    return _figure(machine, "config.numCpu") or 1


def _balloon(machine: Machine) -> BalloonStats:
    """Memory; ``guestMemoryUsage`` is what the guest actively uses, so no figure of libvirt's."""
    return BalloonStats(
        current=_memory(machine) - _ballooned(machine),
        maximum=_memory(machine),
        rss=_figure(machine, "quickStats.hostMemoryUsage") * _MIB,
    )
