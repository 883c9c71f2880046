"""The host's processors and memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.hostinfo import read_host, usage
from aiovirt.drivers.qemu.hostinfo.host import Host
from aiovirt.errors import CallerError, Unsupported
from aiovirt.interfaces import HostResources, immediate
from aiovirt.model.host import HostCpuMap, HostCpuStats, HostMemoryStats, NodeInfo
from aiovirt.model.params import ParamValue, TypedParams

if TYPE_CHECKING:
    from aiovirt.model.constants import NodeAllocPagesFlags

__all__ = ["QemuHostResources"]

ADD, SET = 0, 1
"""Of `NodeAllocPagesFlags`."""


class QemuHostResources(QemuAbility, HostResources):
    """What the kernel tells; it answers without waiting for anybody."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._works = engine.works

    @cached_property
    def _host(self) -> Host:
        return read_host()

    @immediate
    async def node_info(self) -> NodeInfo:
        """See `HostResources.node_info`."""
        host = self._host
        processors = host.processors
        sockets = {(p.socket, p.die) for p in processors}
        cores = {(p.socket, p.die, p.core) for p in processors}
        nodes = len(host.cells)
        per_node = max(1, len(sockets) // nodes)
        per_socket = max(1, len(cores) // max(1, len(sockets)))
        threads = max(1, len(processors) // max(1, len(cores)))
        alike = nodes * per_node * per_socket * threads == len(processors)
        return NodeInfo(
            model=host.arch,
            memory=host.memory_kib * 1024,  # of all nodes, as libvirt adds it up
            cpus=len(processors),
            mhz=usage.cpu_mhz(),
            nodes=nodes if alike else 1,
            sockets=per_node if alike else 1,
            cores=per_socket if alike else len(processors),
            threads=threads if alike else 1,
        )

    @immediate
    async def cpu_stats(self, *, cpu: int = -1) -> HostCpuStats:
        """See `HostResources.cpu_stats`."""
        return usage.cpu_stats(cpu)

    @immediate
    async def cpu_map(self) -> HostCpuMap:
        """See `HostResources.cpu_map`."""
        return usage.cpu_map()

    @immediate
    async def memory_stats(self, *, cell: int = -1) -> HostMemoryStats:
        """See `HostResources.memory_stats`."""
        return usage.memory_stats(cell)

    @immediate
    async def free_memory(self) -> int:
        """See `HostResources.free_memory`."""
        return sum(usage.memory_stats(cell).free or 0 for cell in usage.cells())

    @immediate
    async def cells_free_memory(self, first: int = 0, most: int = 1024) -> Sequence[int]:
        """See `HostResources.cells_free_memory`."""
        known = usage.cells()
        if first not in known:
            raise CallerError(f"the host has no NUMA node {first}")
        wanted = [cell for cell in known if cell >= first]
        return [usage.memory_stats(cell).free or 0 for cell in wanted[:most]]

    @immediate
    async def free_pages(
        self, sizes: Sequence[int], *, first: int = 0, cells: int = 1
    ) -> Sequence[int]:
        """See `HostResources.free_pages`."""
        return usage.free_pages(sizes, first, cells)

    async def alloc_pages(
        self,
        sizes: Sequence[int],
        counts: Sequence[int],
        *,
        first: int = -1,
        cells: int = 1,
        flags: NodeAllocPagesFlags | Literal[0] = 0,
    ) -> int:
        """See `HostResources.alloc_pages`."""
        known = usage.cells()
        chosen = known if first < 0 else [cell for cell in known if first <= cell < first + cells]
        if not chosen:
            raise CallerError(f"the host has no NUMA node {first}")
        wanted = dict(zip(sizes, counts, strict=True))
        async with self._works.work():
            usage.alloc_pages(wanted, chosen, add=flags != SET)
            return len(chosen)

    @immediate
    async def memory_parameters(self) -> Mapping[str, ParamValue]:
        """See `HostResources.memory_parameters`."""
        return dict(usage.ksm_parameters())

    async def set_memory_parameters(self, parameters: TypedParams) -> None:
        """See `HostResources.set_memory_parameters`."""
        numbers = {name: value for name, value in parameters.items() if isinstance(value, int)}
        for name in parameters:
            if name not in usage.KSM or name not in numbers:
                raise Unsupported(self.driver_name, f"the memory parameter {name!r}")
        async with self._works.work():
            for name, number in numbers.items():
                usage.set_ksm_parameter(name, number)
