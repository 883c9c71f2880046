"""Figures of running domains: all at once, each with a bound of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import anyio

from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.figures import take
from aiovirt.errors import NotFound
from aiovirt.host.procfs import process_times
from aiovirt.interfaces import Statistics, refuse_flags
from aiovirt.model.domain import ControlInfo, DomainInfo, DomainKey
from aiovirt.model.params import ParamValue
from aiovirt.model.statistics import DomainStats, StatsGroup
from aiovirt.model.statsgroups import BalloonStats, InterfaceCounters

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectGetAllDomainStatsFlags

__all__ = ["QemuStatistics"]


class QemuStatistics(Statistics):
    """One pass of QMP a domain, all domains at once."""

    driver_name = "QEMU"

    def __init__(self, engine: Engine) -> None:
        self._registry = engine.registry
        self._works = engine.works

    async def info(self, domain: DomainKey) -> DomainInfo:
        """See `Statistics.info`."""
        managed = self._registry.get(domain)
        config = managed.live.config if managed.live else managed.definition
        if config is None:
            raise NotFound(f"domain {managed.name!r} is just disappearing")
        return DomainInfo(
            state=managed.record().state,
            max_memory=int(config.memory or 0),
            memory=int(config.current_memory or config.memory or 0),
            vcpus=config.vcpu.current or config.vcpus or 1,
            cpu_time_ns=_cpu_time(managed.live),
        )

    async def stats(
        self,
        domains: Sequence[DomainKey] | None = None,
        *,
        groups: StatsGroup = StatsGroup.ALL,
        flags: ConnectGetAllDomainStatsFlags | Literal[0] = 0,
    ) -> Sequence[DomainStats]:
        """See `Statistics.stats`."""
        refuse_flags(self.driver_name, "stats", flags)
        wanted = (
            list(self._registry)
            if domains is None
            else [self._registry.get(key) for key in domains]
        )
        results: dict[ManagedDomain, DomainStats] = {}

        async def one(managed: ManagedDomain) -> None:
            results[managed] = await take(managed, groups)

        async with self._works.work(), anyio.create_task_group() as tasks:
            for managed in wanted:
                tasks.start_soon(one, managed)
        return [results[managed] for managed in wanted]

    async def memory_stats(self, domain: DomainKey) -> BalloonStats:
        """See `Statistics.memory_stats`."""
        stats = await self._running(domain, StatsGroup.BALLOON)
        return replace(stats.balloon or BalloonStats(), maximum=None)

    async def block_stats(self, domain: DomainKey, disk: str = "") -> Mapping[str, ParamValue]:
        """See `Statistics.block_stats`."""
        stats = await self._running(domain, StatsGroup.BLOCK)
        found = [one for one in stats.blocks or () if disk in {"", one.name, one.path}]
        if disk and not found:
            raise NotFound(f"domain {domain.name!r} has no figures of a disk {disk!r}")
        return {
            name: sum(getattr(one, field) or 0 for one in found)
            for name, field in _BLOCK_FIGURES.items()
        }

    async def interface_stats(self, domain: DomainKey, interface: str) -> InterfaceCounters:
        """See `Statistics.interface_stats`."""
        stats = await self._running(domain, StatsGroup.INTERFACE)
        for found in stats.interfaces or ():
            if found.name == interface:
                return found
        raise NotFound(f"domain {domain.name!r} has no figures of an interface {interface!r}")

    async def control_info(self, domain: DomainKey) -> ControlInfo:
        """See `Statistics.control_info`."""
        return ControlInfo(self._registry.get(domain).record().control.control)

    async def _running(self, domain: DomainKey, group: StatsGroup) -> DomainStats:
        self._registry.get(domain).running()
        (stats,) = await self.stats([domain], groups=group)
        return stats


_BLOCK_FIGURES = {
    "rd_operations": "rd_reqs",
    "rd_bytes": "rd_bytes",
    "rd_total_times": "rd_times_ns",
    "wr_operations": "wr_reqs",
    "wr_bytes": "wr_bytes",
    "wr_total_times": "wr_times_ns",
    "flush_operations": "fl_reqs",
    "flush_total_times": "fl_times_ns",
}


def _cpu_time(live: LiveDomain | None) -> int:
    if live is not None:
        with suppress(NotFound):
            times = process_times(live.process.pid)
            return times.user_ns + times.system_ns
    return 0
