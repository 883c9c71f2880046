"""Figures of running domains: all at once, each with a bound of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import anyio

from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.figures import take
from aiovirt.drivers.qemu.engine.selection import KNOWN, chosen
from aiovirt.errors import NotFound, ResourceUnavailable, Unsupported
from aiovirt.host.cgroups.usage import cpu_usage, cpu_usage_by_cpu
from aiovirt.host.procfs import process_times
from aiovirt.interfaces import Statistics, immediate, refuse_flags
from aiovirt.model.domain import ControlInfo, DomainInfo, DomainKey
from aiovirt.model.params import ParamType, ParamValue, Typed
from aiovirt.model.statistics import DomainStats, StatsGroup
from aiovirt.model.statsgroups import BalloonStats, InterfaceCounters, block_totals

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectGetAllDomainStatsFlags

__all__ = ["QemuStatistics"]


class QemuStatistics(QemuAbility, Statistics):
    """One pass of QMP a domain, all domains at once."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._works = engine.works

    @immediate
    async def info(self, domain: DomainKey) -> DomainInfo:
        """See `Statistics.info`: what is known, and one look at the process."""
        managed = self._registry.get(domain)
        sizes = managed.sizes()
        live = managed.live
        return DomainInfo(
            state=managed.state,
            max_memory=sizes.memory,
            memory=sizes.current_memory,
            vcpus=sizes.current_vcpus,
            cpu_time_ns=live.cpu_time_ns() if live is not None else 0,
        )

    async def stats(
        self,
        domains: Sequence[DomainKey] | None = None,
        *,
        groups: StatsGroup = StatsGroup.ALL,
        flags: ConnectGetAllDomainStatsFlags | Literal[0] = 0,
    ) -> Sequence[DomainStats]:
        """See `Statistics.stats`."""
        refuse_flags(self.driver_name, "stats", flags, KNOWN | _HOW)
        wanted = list(chosen(self._engine, flags & ~_HOW))
        if domains is not None:
            named, found = [self._registry.get(key) for key in domains], set(wanted)
            wanted = [domain for domain in named if domain in found]
        results: dict[ManagedDomain, DomainStats] = {}

        async def one(managed: ManagedDomain) -> None:
            results[managed] = await take(managed, groups, backing=bool(flags & _BACKING))

        async with self._works.work(), anyio.create_task_group() as tasks:
            for managed in wanted:
                tasks.start_soon(one, managed)
        return [results[managed] for managed in wanted]

    async def memory_stats(self, domain: DomainKey) -> BalloonStats:
        """See `Statistics.memory_stats`."""
        stats = await self._running(domain, StatsGroup.BALLOON)
        known = stats.balloon or BalloonStats()
        return replace(known, maximum=None, last_update_s=known.last_update_s or 0)

    async def block_stats(self, domain: DomainKey, disk: str = "") -> Mapping[str, ParamValue]:
        """See `Statistics.block_stats`."""
        stats = await self._running(domain, StatsGroup.BLOCK)
        found = [one for one in stats.blocks or () if disk in {"", one.name, one.path}]
        if disk and not found:
            raise NotFound(f"domain {domain.name!r} has no figures of a disk {disk!r}")
        return block_totals(found)

    async def interface_stats(self, domain: DomainKey, interface: str) -> InterfaceCounters:
        """See `Statistics.interface_stats`."""
        stats = await self._running(domain, StatsGroup.INTERFACE)
        by_mac = {
            str(each.mac): each.target_dev
            for each in self._registry.get(domain).config().interfaces
        }
        name = by_mac.get(interface.lower()) or interface
        for found in stats.interfaces or ():
            if found.name == name:
                return found
        raise NotFound(f"domain {domain.name!r} has no figures of an interface {interface!r}")

    async def cpu_stats(
        self, domain: DomainKey, *, start: int = 0, count: int | None = None
    ) -> Sequence[Mapping[str, ParamValue]]:
        """See `Statistics.cpu_stats`: of single processors where the host counts them."""
        live = self._registry.get(domain).running()
        if start >= 0:
            return self._by_processor(live, start, count)
        figures = _times(live)
        return [{name: Typed(ParamType.ULLONG, value) for name, value in figures.items()}]

    def _by_processor(
        self, live: LiveDomain, start: int, count: int | None
    ) -> Sequence[Mapping[str, ParamValue]]:
        what = "cpu_stats by the processors of the host"
        if live.group is None:
            raise Unsupported(self.driver_name, what, "the domain has no control group")
        try:
            times = cpu_usage_by_cpu(live.group)
        except ResourceUnavailable as error:
            raise Unsupported(self.driver_name, what, str(error)) from error
        last = None if count is None else start + count
        return [{"cpu_time": Typed(ParamType.ULLONG, time)} for time in times[start:last]]

    @immediate
    async def control_info(self, domain: DomainKey) -> ControlInfo:
        """See `Statistics.control_info`."""
        return ControlInfo(self._registry.get(domain).record().control.control)

    async def _running(self, domain: DomainKey, group: StatsGroup) -> DomainStats:
        managed = self._registry.get(domain)
        managed.running()
        async with self._works.work():
            return await take(managed, group, patient=True)


_BACKING = 0x40000000
_HOW = 0x20000000 | _BACKING | 0x80000000
"""NOWAIT, BACKING and ENFORCE_STATS: no domain is waited for anyway."""


def _times(live: LiveDomain) -> dict[str, int]:
    """Times of a running domain, its helpers' among them where a control group counts them."""
    if live.group is not None:
        usage = cpu_usage(live.group)
        total, user, system = usage.total_ns, usage.user_ns, usage.system_ns
    else:
        times = process_times(live.process.pid)
        total, user, system = times.user_ns + times.system_ns, times.user_ns, times.system_ns
    return {"cpu_time": total, "user_time": user, "system_time": system}
