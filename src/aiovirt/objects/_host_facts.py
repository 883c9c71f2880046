"""What a host tells of itself: the part of `Connection` that is about the host as a machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from aiovirt.interfaces import CpuModels, Driver, HostInfo, HostResources
from aiovirt.model.host import (
    CpuComparison,
    HostCpuMap,
    HostCpuStats,
    HostMemoryStats,
    NodeInfo,
    SecurityModel,
)
from aiovirt.model.params import ParamValue, TypedParams

if TYPE_CHECKING:
    from aiovirt.model.constants import NodeAllocPagesFlags

__all__ = ["HostFacts"]


class HostFacts:
    """Questions about the host, and what can be set of it."""

    _driver: Driver

    @property
    def _info(self) -> HostInfo:
        return self._driver.ability(HostInfo)

    @property
    def _resources(self) -> HostResources:
        return self._driver.ability(HostResources)

    @property
    def _cpus(self) -> CpuModels:
        return self._driver.ability(CpuModels)

    # --- what it is ---------------------------------------------------------------------------

    async def hostname(self) -> str:
        """The host's name."""
        return await self._info.hostname()

    async def version(self) -> str:
        """The hypervisor's name and version, such as ``QEMU 7.2.22``.

        Raises:
            ExecutableNotFound: There is no hypervisor on the host.
        """
        return await self._info.version()

    async def driver_type(self) -> str:
        """The name of the driver at the far end, such as ``QEMU``."""
        return await self._info.driver_type()

    async def library_version(self) -> tuple[int, int, int]:
        """The version of libvirt at the far end, such as ``(9, 0, 0)``."""
        return await self._info.library_version()

    async def canonical_uri(self) -> str:
        """The URI that the connection has at the far end, such as ``qemu:///system``."""
        return await self._info.canonical_uri()

    async def is_secure(self) -> bool:
        """Whether nobody else can read the connection: it is local or encrypted."""
        return await self._info.is_secure()

    async def capabilities(self) -> str:
        """libvirt's capabilities document (XML) of the host."""
        return await self._info.capabilities()

    async def domain_capabilities(
        self,
        *,
        emulator: str | None = None,
        arch: str | None = None,
        machine: str | None = None,
        virt_type: str | None = None,
    ) -> str:
        """libvirt's domain capabilities document (XML): what a guest of that kind may have.

        Raises:
            ConfigError: The host has no such emulator, architecture, machine or type.
        """
        return await self._info.domain_capabilities(
            emulator=emulator, arch=arch, machine=machine, virt_type=virt_type
        )

    async def sysinfo(self) -> str:
        """The host's SMBIOS tables, as libvirt's XML.

        Raises:
            ConfigError: The host has none: libvirt puts it so.
        """
        return await self._info.sysinfo()

    async def max_vcpus(self, *, virt_type: str | None = None) -> int:
        """How many virtual processors a guest may have at most.

        Args:
            virt_type: Of which kind of guest, such as ``kvm``; None for the driver's own.
        """
        return await self._info.max_vcpus(virt_type=virt_type)

    async def security_model(self) -> SecurityModel:
        """How guests are kept apart from each other."""
        return await self._info.security_model()

    async def sev_info(self) -> Mapping[str, ParamValue]:
        """What the host has of AMD's encrypted guests: certificates, how many guests, ….

        Raises:
            Unsupported: It has nothing of it.
        """
        return await self._info.sev_info()

    async def set_identity(self, identity: TypedParams) -> None:
        """Let the daemon take this connection for somebody else's, for good.

        Args:
            identity: libvirt's ``user-name``, ``unix-user-id``, ``selinux-context``, ….

        Raises:
            PermissionDenied: We are not its user.
        """
        await self._info.set_identity(identity)

    # --- processors and memory ------------------------------------------------------------------

    async def node_info(self) -> NodeInfo:
        """Processors, NUMA nodes and memory."""
        return await self._resources.node_info()

    async def cpu_stats(self, *, cpu: int = -1) -> HostCpuStats:
        """What the processors did since the host started; -1 for all, else one of them."""
        return await self._resources.cpu_stats(cpu=cpu)

    async def cpu_map(self) -> HostCpuMap:
        """Which processors there are, and which are on."""
        return await self._resources.cpu_map()

    async def memory_stats(self, *, cell: int = -1) -> HostMemoryStats:
        """What the memory is used for; -1 for all, else of one NUMA node."""
        return await self._resources.memory_stats(cell=cell)

    async def free_memory(self) -> int:
        """Memory that is free, in bytes."""
        return await self._resources.free_memory()

    async def cells_free_memory(self, first: int = 0, most: int = 1024) -> Sequence[int]:
        """Memory that is free on each NUMA node from `first` on, in bytes."""
        return await self._resources.cells_free_memory(first, most)

    async def free_pages(
        self, sizes: Sequence[int], *, first: int = 0, cells: int = 1
    ) -> Sequence[Mapping[int, int]]:
        """How many pages are free, for each NUMA node by the pages' size.

        Args:
            sizes: Sizes of pages, in bytes.
            first: The first node.
            cells: How many nodes.

        Raises:
            AiovirtError: There is no such size, or no such node.
        """
        counts = await self._resources.free_pages(sizes, first=first, cells=cells)
        each = len(sizes)
        rows = [counts[place : place + each] for place in range(0, len(counts), each)]
        return [dict(zip(sizes, row, strict=True)) for row in rows]

    async def alloc_pages(
        self, pages: Mapping[int, int], *, first: int = -1, cells: int = 1, add: bool = False
    ) -> int:
        """Make huge pages; gives how many NUMA nodes were changed.

        Args:
            pages: How many there are to be of each size in bytes.
            first: The first node; -1 lets the kernel choose.
            cells: How many nodes.
            add: They come to those that there are.

        Raises:
            AiovirtError: There is no room for so many.
        """
        flags: type[NodeAllocPagesFlags] = import_module(
            "aiovirt.model.constants"
        ).NodeAllocPagesFlags
        return await self._resources.alloc_pages(
            list(pages),
            list(pages.values()),
            first=first,
            cells=cells,
            flags=flags.ADD if add else flags.SET,
        )

    async def memory_parameters(self) -> Mapping[str, ParamValue]:
        """How the kernel shares equal pages: ``shm_pages_to_scan`` and the like."""
        return await self._resources.memory_parameters()

    async def set_memory_parameters(self, parameters: TypedParams) -> None:
        """Change how the kernel shares equal pages; see `memory_parameters`."""
        await self._resources.set_memory_parameters(parameters)

    async def suspend(self, target: str, duration_s: int) -> None:
        """Let the host sleep, with all its guests.

        Args:
            target: Where its memory is meanwhile: ``mem``, ``disk`` or ``hybrid``.
            duration_s: Seconds after which it wakes, at least 60.

        Raises:
            Unsupported: The host cannot do that.
        """
        await self._resources.suspend(target, duration_s)

    # --- CPUs -----------------------------------------------------------------------------------

    async def cpu_models(self, arch: str) -> Sequence[str]:
        """The models of CPUs that libvirt knows of an architecture, such as ``x86_64``."""
        return await self._cpus.names(arch)

    async def compare_cpu(
        self, cpu: str, *, fail_incompatible: bool = False, validate: bool = False
    ) -> CpuComparison:
        """How a CPU compares with the host's: `SUPERSET` says that the host's has more.

        Args:
            cpu: The CPU as XML: ``<cpu>``, or what contains one.
            fail_incompatible: Raise an error that says what is missing.
            validate: Refuse what libvirt's grammar does not know.
        """
        return await self._cpus.compare(cpu, fail_incompatible=fail_incompatible, validate=validate)

    async def baseline_cpu(
        self, cpus: Sequence[str], *, expand: bool = False, migratable: bool = False
    ) -> str:
        """The best CPU (XML) that all of these hosts can offer.

        Args:
            cpus: CPUs of hosts as XML, 256 at most.
            expand: Name the features that belong to the model, too.
            migratable: Leave out features that keep a guest from being moved.
        """
        return await self._cpus.baseline(cpus, expand=expand, migratable=migratable)

    async def compare_hypervisor_cpu(
        self,
        cpu: str,
        *,
        emulator: str | None = None,
        arch: str | None = None,
        machine: str | None = None,
        virt_type: str | None = None,
        fail_incompatible: bool = False,
        validate: bool = False,
    ) -> CpuComparison:
        """How a CPU compares with what a hypervisor can offer; see `compare_cpu`."""
        return await self._cpus.compare_with_hypervisor(
            cpu,
            emulator=emulator,
            arch=arch,
            machine=machine,
            virt_type=virt_type,
            fail_incompatible=fail_incompatible,
            validate=validate,
        )

    async def baseline_hypervisor_cpu(
        self,
        cpus: Sequence[str],
        *,
        emulator: str | None = None,
        arch: str | None = None,
        machine: str | None = None,
        virt_type: str | None = None,
        expand: bool = False,
        migratable: bool = False,
    ) -> str:
        """The best CPU (XML) that a hypervisor can offer on all these hosts; see `baseline_cpu`."""
        return await self._cpus.baseline_of_hypervisor(
            cpus,
            emulator=emulator,
            arch=arch,
            machine=machine,
            virt_type=virt_type,
            expand=expand,
            migratable=migratable,
        )
