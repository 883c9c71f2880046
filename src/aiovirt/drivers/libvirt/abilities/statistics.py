"""Figures of domains: what takes more than one call, or more than a row says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.bindings import bindings_of
from aiovirt.bindings.values import DOMAIN
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.errors import NotFound, Unsupported
from aiovirt.interfaces import Statistics
from aiovirt.model.domain import DomainKey
from aiovirt.model.params import ParamValue
from aiovirt.model.statistics import DomainStats, StatsGroup
from aiovirt.protocols.libvirt.tables import domain_blocks as b
from aiovirt.protocols.libvirt.tables import domain_tuning as t

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectGetAllDomainStatsFlags

__all__ = ["LibvirtStatistics"]

MOST_CPUS = 128
"""Processors that a server tells of in one call: REMOTE_DOMAIN_GET_CPU_STATS_NCPUS_MAX."""

ALL_TOGETHER = -1
"""The processor that stands for all of them together."""


class LibvirtStatistics(LibvirtAbility, Statistics):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def stats(
        self,
        domains: Sequence[DomainKey] | None = None,
        *,
        groups: StatsGroup = StatsGroup.ALL,
        flags: ConnectGetAllDomainStatsFlags | Literal[0] = 0,
    ) -> Sequence[DomainStats]:
        """See `Statistics.stats`."""
        if domains is not None and not domains:
            return []
        row = bindings_of(Statistics)["stats"]
        args = row.args((domains,), {"groups": groups, "flags": flags})
        reply = await self._link.call(row.procedure, args, operation="stats")
        found: list[DomainStats] = row.result.read(reply)
        if domains is None:
            return sorted(found, key=lambda stats: stats.key.name)
        return _in_order(domains, found, filtered=bool(flags))

    async def block_stats(self, domain: DomainKey, disk: str = "") -> Mapping[str, ParamValue]:
        """See `Statistics.block_stats`; a driver with the old procedure alone is asked by that."""
        row = bindings_of(Statistics)["block_stats"]
        try:
            reply = await self._link.call(
                row.procedure, row.args((domain, disk), {}), operation=row.name
            )
        except Unsupported:
            old = b.DomainBlockStatsArgs(DOMAIN.send(domain), disk)
            counts = await self._link.call(b.DOMAIN_BLOCK_STATS, old, operation=row.name)
            return {
                "rd_operations": counts.rd_req,
                "rd_bytes": counts.rd_bytes,
                "wr_operations": counts.wr_req,
                "wr_bytes": counts.wr_bytes,
                "errs": counts.errs,
            }
        figures: Mapping[str, ParamValue] = row.result.read(reply)
        return figures

    async def cpu_stats(
        self, domain: DomainKey, *, start: int = 0, count: int | None = None
    ) -> Sequence[Mapping[str, ParamValue]]:
        """See `Statistics.cpu_stats`; libvirt is asked first how much there is to tell."""
        if start == ALL_TOGETHER:
            return await self._cpu_times(domain, ALL_TOGETHER, 1)
        if count is None:
            count = (await self._ask_cpus(domain, 0, 0, 0)).nparams - start
        times: list[Mapping[str, ParamValue]] = []
        end = start + count
        for first in range(start, end, MOST_CPUS):
            times += await self._cpu_times(domain, first, min(MOST_CPUS, end - first))
        return times

    async def _cpu_times(
        self, domain: DomainKey, start: int, count: int
    ) -> list[Mapping[str, ParamValue]]:
        most = (await self._ask_cpus(domain, start, 1, 0)).nparams
        reply = await self._ask_cpus(domain, start, count, most)
        values = {
            name: value if isinstance(value, list) else [value]
            for name, value in reply.params.items()
        }
        # A name comes once for each processor, in their order.
        return [
            {name: several[place] for name, several in values.items() if place < len(several)}
            for place in range(count)
        ]

    async def _ask_cpus(
        self, domain: DomainKey, start: int, count: int, most: int
    ) -> t.DomainGetCpuStatsRet:
        args = t.DomainGetCpuStatsArgs(DOMAIN.send(domain), most, start, count, 0)
        return await self._link.call(t.DOMAIN_GET_CPU_STATS, args, operation="cpu_stats")


def _in_order(
    domains: Sequence[DomainKey], found: Sequence[DomainStats], *, filtered: bool
) -> list[DomainStats]:
    """What was asked for, in its order; libvirt leaves out what is not there."""
    known = {stats.key.uuid: stats for stats in found}
    gone = [key.name for key in domains if key.uuid not in known]
    if gone and not filtered:
        raise NotFound(f"there is no domain {gone[0]!r} any more")
    return [known[key.uuid] for key in domains if key.uuid in known]
