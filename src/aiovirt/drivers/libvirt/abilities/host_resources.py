"""What a host has: figures whose number must be asked for first.

libvirt refuses room for more figures than there are: `virHostCPUGetStats` and `virHostMemGetStats`
want the very number.
"""

from __future__ import annotations

from aiovirt.bindings import bindings_of
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.interfaces import HostResources
from aiovirt.model.host import HostCpuStats, HostMemoryStats
from aiovirt.protocols.libvirt.tables import node as p

__all__ = ["LibvirtHostResources"]


class LibvirtHostResources(LibvirtAbility, HostResources):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def cpu_stats(self, *, cpu: int = -1) -> HostCpuStats:
        """See `HostResources.cpu_stats`."""
        asked = p.NodeGetCpuStatsArgs(cpu, 0, 0)
        counted = await self._link.call(p.NODE_GET_CPU_STATS, asked, operation="cpu_stats")
        args = p.NodeGetCpuStatsArgs(cpu, counted.nparams, 0)
        reply = await self._link.call(p.NODE_GET_CPU_STATS, args, operation="cpu_stats")
        stats: HostCpuStats = bindings_of(HostResources)["cpu_stats"].result.read(reply)
        return stats

    async def memory_stats(self, *, cell: int = -1) -> HostMemoryStats:
        """See `HostResources.memory_stats`."""
        asked = p.NodeGetMemoryStatsArgs(0, cell, 0)
        counted = await self._link.call(p.NODE_GET_MEMORY_STATS, asked, operation="memory_stats")
        args = p.NodeGetMemoryStatsArgs(counted.nparams, cell, 0)
        reply = await self._link.call(p.NODE_GET_MEMORY_STATS, args, operation="memory_stats")
        stats: HostMemoryStats = bindings_of(HostResources)["memory_stats"].result.read(reply)
        return stats
