"""Figures of domains of the host in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from aiovirt.drivers.test.domains.base import DomainAbility
from aiovirt.drivers.test.domains.figures import Figures
from aiovirt.drivers.test.domains.filling import is_real
from aiovirt.drivers.test.domains.filters import fits_stats
from aiovirt.drivers.test.domains.images import disk_of
from aiovirt.drivers.test.domains.machine import Machine
from aiovirt.drivers.test.numbers import no_such_part
from aiovirt.interfaces import Statistics, immediate
from aiovirt.model.domain import Control, ControlInfo, DomainInfo, DomainKey
from aiovirt.model.params import ParamValue
from aiovirt.model.statistics import DomainStats, StatsGroup, figures_of
from aiovirt.model.statsgroups import (
    BLOCK_FIGURES,
    BalloonStats,
    BlockStats,
    InterfaceCounters,
    block_totals,
)

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectGetAllDomainStatsFlags

__all__ = ["TestStatistics"]

_BACKING = 0x40000000

_PLAIN_BLOCK_FIGURES = {
    "rd_operations": "rd_reqs",
    "rd_bytes": "rd_bytes",
    "wr_operations": "wr_reqs",
    "wr_bytes": "wr_bytes",
    "errs": "errors",
}
"""What libvirt's test driver tells of a disk."""

_HOST_CPUS = 2
"""How many of the host's processors have done anything; libvirt's test driver has two, too."""


class TestStatistics(DomainAbility, Statistics):
    """All from what is known: no guest is asked."""

    __test__ = False

    @immediate
    async def info(self, domain: DomainKey) -> DomainInfo:
        """See `Statistics.info`."""
        machine = self.get(domain)
        config = machine.config
        most = int(config.memory or 0)
        figures = self._figures(machine) if machine.live else None
        return DomainInfo(
            state=machine.reason.state,
            max_memory=most,
            memory=int(config.current_memory or most),
            vcpus=config.vcpu.current or config.vcpus or 1,
            cpu_time_ns=figures.cpu_time() if figures else 0,
        )

    def _figures(self, machine: Machine) -> Figures:
        return Figures(self.world, machine, machine.running())

    @immediate
    async def stats(
        self,
        domains: Sequence[DomainKey] | None = None,
        *,
        groups: StatsGroup = StatsGroup.ALL,
        flags: ConnectGetAllDomainStatsFlags | Literal[0] = 0,
    ) -> Sequence[DomainStats]:
        """See `Statistics.stats`."""
        asked = self.domains if domains is None else [self.get(key) for key in domains]
        return [
            self._stats(machine, groups, backing=bool(flags & _BACKING))
            for machine in asked
            if fits_stats(machine, flags)
        ]

    def _stats(self, machine: Machine, groups: StatsGroup, *, backing: bool) -> DomainStats:
        if machine.live is None:
            return DomainStats(machine.key, None, figures_of(machine.reason))
        figures = self._figures(machine).of(groups, backing=backing)
        return DomainStats(machine.key, machine.live.id, figures)

    @immediate
    async def memory_stats(self, domain: DomainKey) -> BalloonStats:
        """See `Statistics.memory_stats`."""
        return replace(self._figures(self.get(domain)).balloon(), maximum=None)

    @immediate
    async def block_stats(self, domain: DomainKey, disk: str = "") -> Mapping[str, ParamValue]:
        """See `Statistics.block_stats`."""
        machine = self.get(domain)
        figures = self._figures(machine)
        if disk:
            found: Sequence[BlockStats] = [figures.block(disk_of(figures.config, disk))]
        else:
            found = figures.blocks()
        names = BLOCK_FIGURES if is_real(figures.config) else _PLAIN_BLOCK_FIGURES
        return block_totals(found, names)

    @immediate
    async def interface_stats(self, domain: DomainKey, interface: str) -> InterfaceCounters:
        """See `Statistics.interface_stats`."""
        figures = self._figures(self.get(domain))
        for number, card in enumerate(figures.config.interfaces):
            if interface in {card.target_dev, str(card.mac)}:
                return figures.interface(card, number)
        raise no_such_part(f"domain {domain.name!r} has no interface {interface!r}")

    @immediate
    async def cpu_stats(
        self, domain: DomainKey, *, start: int = 0, count: int | None = None
    ) -> Sequence[Mapping[str, ParamValue]]:
        """See `Statistics.cpu_stats`."""
        cpu = self._figures(self.get(domain)).cpu()
        time = cpu.time_ns or 0
        if start < 0:
            return [
                {"cpu_time": time, "user_time": cpu.user_ns or 0, "system_time": cpu.system_ns or 0}
            ]
        last = _HOST_CPUS if count is None else min(start + count, _HOST_CPUS)
        share = time // _HOST_CPUS
        return [{"cpu_time": share, "vcpu_time": share * 9 // 10} for _ in range(start, last)]

    @immediate
    async def control_info(self, domain: DomainKey) -> ControlInfo:
        """See `Statistics.control_info`."""
        self.running(domain)
        return ControlInfo(Control.OK)
