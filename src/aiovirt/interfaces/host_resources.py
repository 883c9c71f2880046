"""What a host has: processors and memory, and what they are used for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.host import HostCpuMap, HostCpuStats, HostMemoryStats, NodeInfo
from aiovirt.model.params import ParamValue, TypedParams

if TYPE_CHECKING:
    from aiovirt.model.constants import NodeAllocPagesFlags

__all__ = ["HostResources"]


class HostResources(Ability):
    """Questions about the host's processors and memory, and what can be set of them."""

    @operation
    async def node_info(self) -> NodeInfo:
        """Processors, NUMA nodes and memory."""
        raise NotImplementedError

    @operation
    async def cpu_stats(self, *, cpu: int = -1) -> HostCpuStats:
        """What the processors did, or one of them.

        Args:
            cpu: Which processor; -1 for all together.
        """
        raise NotImplementedError

    @operation
    async def cpu_map(self) -> HostCpuMap:
        """Which processors there are, and which are on."""
        raise NotImplementedError

    @operation
    async def memory_stats(self, *, cell: int = -1) -> HostMemoryStats:
        """What the memory is used for.

        Args:
            cell: Of which NUMA node; -1 for all together.
        """
        raise NotImplementedError

    @operation
    async def free_memory(self) -> int:
        """Memory that is free, in bytes."""
        raise NotImplementedError

    @operation
    async def cells_free_memory(self, first: int = 0, most: int = 1024) -> Sequence[int]:
        """Memory that is free on each NUMA node, in bytes.

        Args:
            first: The first node.
            most: How many at most; 1,024 is the most that libvirt tells at once.
        """
        raise NotImplementedError

    @operation
    async def free_pages(
        self, sizes: Sequence[int], *, first: int = 0, cells: int = 1
    ) -> Sequence[int]:
        """How many pages of these sizes are free, NUMA node after node.

        Args:
            sizes: Sizes of pages, in bytes.
            first: The first node.
            cells: How many nodes.

        Raises:
            CallerError: There is no such size, or no such node.
        """
        raise NotImplementedError

    @operation
    async def alloc_pages(
        self,
        sizes: Sequence[int],
        counts: Sequence[int],
        *,
        first: int = -1,
        cells: int = 1,
        flags: NodeAllocPagesFlags | Literal[0] = 0,
    ) -> int:
        """Make huge pages; gives how many nodes were changed.

        Args:
            sizes: Sizes of pages, in bytes.
            counts: How many of each.
            first: The first NUMA node; -1 lets the kernel choose.
            cells: How many nodes.
            flags: ``SET``: they are all there is to be; without it they come to the others.

        Raises:
            HostError: There is no room for so many.
        """
        raise NotImplementedError

    @operation
    async def memory_parameters(self) -> Mapping[str, ParamValue]:
        """How the kernel shares equal pages: ``shm_pages_to_scan`` and the like."""
        raise NotImplementedError

    @operation
    async def set_memory_parameters(self, parameters: TypedParams) -> None:
        """Change how the kernel shares equal pages; see `memory_parameters`.

        Raises:
            Unsupported: The kernel has nothing of that name.
        """
        raise NotImplementedError

    @operation
    async def suspend(self, target: str, duration_s: int) -> None:
        """Let the host sleep, with all its guests.

        Args:
            target: Where its memory is meanwhile: ``mem``, ``disk`` or ``hybrid``.
            duration_s: Seconds after which it wakes, at least 60.

        Raises:
            Unsupported: The host cannot do that.
        """
        raise NotImplementedError
