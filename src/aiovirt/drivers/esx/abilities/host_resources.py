"""Processors and memory of the host, or of all hosts that the URI means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiovirt.drivers.esx.hosts import hosts_of
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.errors import ConfigError, NotFound, ResourceUnavailable
from aiovirt.interfaces import HostResources
from aiovirt.model.host import HostCpuMap, HostCpuStats, HostMemoryStats, NodeInfo
from aiovirt.protocols.vsphere.tables.hosts import HostHardwareSummary, HostListSummaryQuickStats

__all__ = ["EsxHostResources"]

_HARDWARE: Final = "summary.hardware"
_QUICK: Final = "summary.quickStats"
_NUMA: Final = "hardware.numaInfo.numNodes"
_HZ: Final = "hardware.cpuInfo.hz"
_MIB: Final = 1024**2
_MEGA: Final = 1_000_000
_PERCENT: Final = 100

_MODEL: Final = 31
"""Characters of a processor's name, as libvirt's NodeInfo has room for."""

_MARKS: Final = re.compile(r"\((?:R|C|TM)\)|\s+(?=\s)")
"""What libvirt leaves out of a processor's name."""


class EsxHostResources(EsxAbility, HostResources):
    """See `HostResources`. Of several hosts the numbers are sums."""

    async def _told(self, *paths: str, what: str) -> list[Mapping[str, Any]]:
        """What the hosts tell.

        Raises:
            NotFound: There is none.
            ResourceUnavailable: None tells it: they are disconnected, for one.
        """
        hosts = hosts_of(self.session)
        if not hosts:
            raise NotFound(
                f"{self.session.where} has no host here", hint="may the account see hosts?"
            )
        found = await self.session.get_many(hosts, paths, what=what)
        told = [each for each in found.values() if paths[0] in each]
        if not told:
            raise ResourceUnavailable(f"no host of {self.session.where} can {what} now")
        return told

    async def node_info(self) -> NodeInfo:
        """See `HostResources.node_info`: a cluster is as the first host, with all processors."""
        told = await self._told(_HARDWARE, _NUMA, _HZ, what="tell its hardware")
        hardware: Sequence[HostHardwareSummary] = [each[_HARDWARE] for each in told]
        first = hardware[0]
        nodes = max(int(told[0].get(_NUMA) or 1), 1)
        sockets, cores = max(first.num_cpu_pkgs, 1), max(first.num_cpu_cores, 1)
        nodes = nodes if sockets % nodes == 0 else 1
        return NodeInfo(
            model=_MARKS.sub("", first.cpu_model).strip()[:_MODEL],
            memory=sum(each.memory_size for each in hardware),
            cpus=sum(each.num_cpu_threads for each in hardware),
            mhz=int(told[0].get(_HZ) or 0) // _MEGA or first.cpu_mhz,
            nodes=nodes * len(hardware) if _alike(hardware) else 1,
            sockets=sockets // nodes,
            cores=max(cores // sockets, 1),
            threads=max(first.num_cpu_threads // cores, 1),
        )

    async def cpu_map(self) -> HostCpuMap:
        """See `HostResources.cpu_map`: all are on."""
        told = await self._told(_HARDWARE, what="tell its processors")
        count = sum(each[_HARDWARE].num_cpu_threads for each in told)
        return HostCpuMap(count, frozenset(range(count)))

    async def cpu_stats(self, *, cpu: int = -1) -> HostCpuStats:
        """See `HostResources.cpu_stats`: how much of all of them is used, in percent."""
        if cpu >= 0:
            raise ConfigError("hosts tell of all processors together only", field="cpu")
        told = await self._told(_HARDWARE, _QUICK, what="tell how busy it is")
        hardware = [each[_HARDWARE] for each in told]
        mhz = sum(each.cpu_mhz * each.num_cpu_cores for each in hardware)
        used = sum(_quick(each).overall_cpu_usage or 0 for each in told)
        return HostCpuStats(utilization=min(_PERCENT, _PERCENT * used // max(mhz, 1)))

    async def memory_stats(self, *, cell: int = -1) -> HostMemoryStats:
        """See `HostResources.memory_stats`: of whole hosts."""
        if cell >= 0:
            raise ConfigError("hosts tell of all memory together only", field="cell")
        told = await self._told(_HARDWARE, _QUICK, what="tell its memory")
        total = sum(each[_HARDWARE].memory_size for each in told)
        used = sum(_quick(each).overall_memory_usage or 0 for each in told) * _MIB
        return HostMemoryStats(total=total, free=max(total - used, 0))

    async def free_memory(self) -> int:
        """See `HostResources.free_memory`: what no machine and not the host itself has now."""
        return (await self.memory_stats()).free or 0


def _alike(hardware: Sequence[HostHardwareSummary]) -> bool:
    """Whether all hosts have the same processors."""
    kinds = {(each.num_cpu_pkgs, each.num_cpu_cores, each.num_cpu_threads) for each in hardware}
    return len(kinds) == 1


def _quick(told: Mapping[str, Any]) -> HostListSummaryQuickStats:
    found = told.get(_QUICK)
    return found if isinstance(found, HostListSummaryQuickStats) else HostListSummaryQuickStats()
