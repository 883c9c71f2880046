"""`HostInfo` and `HostResources` of the in-memory host."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.config.making import make, to_text
from aiovirt.drivers.test.hooks import TestAbility
from aiovirt.drivers.test.resources.checking import DRIVER
from aiovirt.drivers.test.resources.machine import (
    ARCH,
    CPU_MAP,
    CPU_STATS,
    EMULATOR,
    MAX_VCPUS,
    NODE,
    Cell,
    ComputerRoom,
    capabilities,
    domain_capabilities,
)
from aiovirt.errors import CallerError, ConfigError, ResourceUnavailable, Unsupported
from aiovirt.host.cpus import names_of
from aiovirt.interfaces import HostInfo, HostResources, refuse_flags
from aiovirt.interfaces.ability import immediate
from aiovirt.model.constants import NodeAllocPagesFlags
from aiovirt.model.host import HostCpuMap, HostCpuStats, HostMemoryStats, NodeInfo, SecurityModel
from aiovirt.model.params import ParamValue, TypedParams, plain

if TYPE_CHECKING:
    from aiovirt.drivers.test.world import World

__all__ = ["LIBRARY_VERSION", "TestHostInfo", "TestHostResources"]

LIBRARY_VERSION = (9, 0, 0)
"""The version of libvirt whose interface this is."""

_TYPES = ("test", "qemu", "kvm")
_SETTABLE = ("shm_pages_to_scan", "shm_sleep_millisecs", "shm_merge_across_nodes")
_TARGETS = ("mem", "disk", "hybrid")
_SHORTEST_SLEEP_S = 60


class TestHostInfo(TestAbility, HostInfo):
    """See `aiovirt.interfaces.HostInfo`."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.room = world.room(ComputerRoom)

    @immediate
    async def hostname(self) -> str:
        """See `HostInfo`; it is the name of this machine, as of libvirt's own test driver."""
        return platform.node()

    @immediate
    async def version(self) -> str:
        """See `HostInfo`."""
        return "TEST 0.0.2"

    @immediate
    async def capabilities(self) -> str:
        """See `HostInfo`."""
        return capabilities(self.room)

    async def domain_capabilities(
        self,
        *,
        emulator: str | None = None,
        arch: str | None = None,
        machine: str | None = None,
        virt_type: str | None = None,
    ) -> str:
        """See `HostInfo`."""
        if arch is not None and names_of(arch) is None:
            raise ConfigError(f"the host knows no architecture {arch!r}", field="arch")
        if virt_type is not None and virt_type not in _TYPES:
            raise ConfigError(f"the host has no guests of type {virt_type!r}", field="virttype")
        return domain_capabilities(emulator or EMULATOR, arch or ARCH, machine, virt_type or "test")

    @immediate
    async def driver_type(self) -> str:
        """See `HostInfo`."""
        return "TEST"

    @immediate
    async def library_version(self) -> tuple[int, int, int]:
        """See `HostInfo`."""
        return LIBRARY_VERSION

    @immediate
    async def canonical_uri(self) -> str:
        """See `HostInfo`."""
        return f"test:///{self.world.name}"

    @immediate
    async def is_secure(self) -> bool:
        """See `HostInfo`: it is in this very process."""
        return True

    @immediate
    async def sysinfo(self) -> str:
        """See `HostInfo`."""
        facts = {
            "vendor": "LENOVO",
            "version": "G4ETA1WW (2.61 )",
            "date": "05/07/2014",
            "release": "2.61",
        }
        entries = (make("entry", text, name=name) for name, text in facts.items())
        return to_text(make("sysinfo", make("bios", *entries), type="smbios"))

    @immediate
    async def max_vcpus(self, *, virt_type: str | None = None) -> int:
        """See `HostInfo`."""
        if virt_type is not None and virt_type.lower() not in _TYPES:
            raise ConfigError(f"the host has no guests of type {virt_type!r}", field="type")
        return MAX_VCPUS

    @immediate
    async def security_model(self) -> SecurityModel:
        """See `HostInfo`."""
        return SecurityModel("testSecurity", "")


class TestHostResources(TestAbility, HostResources):
    """See `aiovirt.interfaces.HostResources`."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.room = world.room(ComputerRoom)

    @immediate
    async def node_info(self) -> NodeInfo:
        """See `HostResources`."""
        return NODE

    @immediate
    async def cpu_stats(self, *, cpu: int = -1) -> HostCpuStats:
        """See `HostResources`."""
        if not -1 <= cpu < NODE.cpus:
            raise CallerError(f"the host has no processor {cpu}")
        return CPU_STATS

    @immediate
    async def cpu_map(self) -> HostCpuMap:
        """See `HostResources`."""
        return CPU_MAP

    @immediate
    async def memory_stats(self, *, cell: int = -1) -> HostMemoryStats:
        """See `HostResources`."""
        if cell == -1:
            cells = self.room.cells
            return HostMemoryStats(NODE.memory, sum(each.free for each in cells), 0, 0)
        (found,) = self._cells(cell, 1)
        return HostMemoryStats(found.memory, found.free)

    @immediate
    async def free_memory(self) -> int:
        """See `HostResources`: as of libvirt's own test driver, one half of what the nodes say."""
        return sum(cell.free for cell in self.room.cells) // 2

    @immediate
    async def cells_free_memory(self, first: int = 0, most: int = 1024) -> Sequence[int]:
        """See `HostResources`."""
        count = min(most, len(self.room.cells) - first)
        return [cell.free for cell in self._cells(first, count)]

    @immediate
    async def free_pages(
        self, sizes: Sequence[int], *, first: int = 0, cells: int = 1
    ) -> Sequence[int]:
        """See `HostResources`."""
        found = self._cells(first, cells)
        return [cell.free_pages[self._size(size)] for cell in found for size in sizes]

    async def alloc_pages(
        self,
        sizes: Sequence[int],
        counts: Sequence[int],
        *,
        first: int = -1,
        cells: int = 1,
        flags: NodeAllocPagesFlags | Literal[0] = 0,
    ) -> int:
        """See `HostResources`; pages come from nowhere, and only huge ones can be made."""
        refuse_flags(DRIVER, "HostResources.alloc_pages", flags, NodeAllocPagesFlags.SET)
        if len(sizes) != len(counts):
            raise CallerError("there must be as many counts as sizes of pages")
        found = self._cells(max(first, 0), 1 if first < 0 else cells)
        replace = bool(flags & NodeAllocPagesFlags.SET)
        changed = 0
        for cell in found:
            for size, count in zip(map(self._size, sizes), counts, strict=True):
                _resize_pool(cell, size, count, replace=replace)
            changed += 1
        return changed

    def _cells(self, first: int, count: int) -> list[Cell]:
        """Some of the NUMA nodes.

        Raises:
            CallerError: There are not so many.
        """
        cells = self.room.cells
        if first < 0 or count < 1 or first + count > len(cells):
            raise CallerError(f"the host has the NUMA nodes 0 to {len(cells) - 1}")
        return cells[first : first + count]

    def _size(self, size: int) -> int:
        if size not in self.room.cells[0].free_pages:
            raise CallerError(f"the host has no pages of {size} bytes")
        return size

    @immediate
    async def memory_parameters(self) -> Mapping[str, ParamValue]:
        """See `HostResources`."""
        return dict(self.room.sharing)

    async def set_memory_parameters(self, parameters: TypedParams) -> None:
        """See `HostResources`."""
        for name in parameters:
            if name not in _SETTABLE:
                raise Unsupported(DRIVER, "HostResources.set_memory_parameters", name)
        self.room.sharing.update({name: plain(value) for name, value in parameters.items()})

    async def suspend(self, target: str, duration_s: int) -> None:
        """See `HostResources`; nobody sleeps."""
        if target not in _TARGETS:
            raise CallerError(f"a host does not sleep in {target!r}")
        if duration_s < _SHORTEST_SLEEP_S:
            raise CallerError(f"a host sleeps at least {_SHORTEST_SLEEP_S} seconds")


def _resize_pool(cell: Cell, size: int, count: int, *, replace: bool) -> None:
    """Make so many pages, or let there be so many.

    Raises:
        ResourceUnavailable: The node's memory is too small.
    """
    there = cell.total_pages.get(size, 0)
    wanted = count if replace else there + count
    if size * wanted > cell.memory:
        raise ResourceUnavailable(f"a NUMA node has no room for {wanted} pages of {size} bytes")
    cell.total_pages[size] = wanted
    cell.free_pages[size] = max(cell.free_pages[size] + wanted - there, 0)
