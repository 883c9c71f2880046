"""What machines may use of their hosts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.redefining import reconfigure
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.drivers.esx.tuning import MEMORY, SCHEDULER, allocation_from, params_of
from aiovirt.errors import CallerError
from aiovirt.interfaces import Resources, immediate, refuse_flags
from aiovirt.model.domain import DomainKey
from aiovirt.model.params import ParamValue, TypedParams
from aiovirt.model.tuning import Scheduler
from aiovirt.protocols.vsphere.tables.inventory import ResourceAllocationInfo
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineConfigSpec

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainMemoryModFlags, DomainModificationImpact

__all__ = ["EsxResources"]

_IMPACT: Final = 0x1 | 0x2
_MAXIMUM: Final = 0x4
_MIB: Final = 1 << 20
_STEP_MIB: Final = 4
"""Memory comes in steps of this size (vSphere API, VirtualMachineConfigSpec.memoryMB)."""


class EsxResources(EsxAbility, Resources):
    """Memory and limits; there is one configuration, whether a machine runs or not."""

    @immediate
    async def max_memory(self, domain: DomainKey) -> int:
        """See `Resources.max_memory`."""
        return self.session.machines.get(domain).memory_mib * _MIB

    async def set_memory(
        self, domain: DomainKey, memory: int, *, flags: DomainMemoryModFlags | Literal[0] = 0
    ) -> None:
        """See `Resources.set_memory`, as libvirt has it.

        What it may have, its maximum, is the size of the machine's memory, rounded up to steps of
        4 MiB; less than that is how much of the host's memory it gets at most.

        Raises:
            InvalidState: It runs, and memory may not be added then.
        """
        refuse_flags(DRIVER, "set_memory", flags, _IMPACT | _MAXIMUM)
        if memory < 1:
            raise CallerError("a domain has some memory")
        async with self.session.changing(domain) as machine:
            if flags & _MAXIMUM:
                size = -(-memory // (_STEP_MIB * _MIB)) * _STEP_MIB
                spec = VirtualMachineConfigSpec(memory_mb=size)
            else:
                size = -(-memory // _MIB)
                limit = ResourceAllocationInfo(limit=size)
                spec = VirtualMachineConfigSpec(memory_allocation=limit)
            what = f"give domain {machine.name!r} {size} MiB of memory"
            await reconfigure(self.session, machine, spec, what=what)

    # --- shares, limits, reservations -----------------------------------------------------------

    @immediate
    async def scheduler(self, domain: DomainKey) -> Scheduler:
        """See `Resources.scheduler`: the name is libvirt's for what ESX does."""
        self.session.machines.get(domain)
        return Scheduler("allocation", len(SCHEDULER))

    async def scheduler_parameters(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Resources.scheduler_parameters`: ``reservation`` and ``limit`` in MHz, ``shares``.

        Shares of -1, -2 and -3 are low, normal and high; a limit of -1 is none.
        """
        refuse_flags(DRIVER, "scheduler_parameters", flags, _IMPACT)
        return params_of(SCHEDULER, await self._allocation(domain, _PROCESSORS))

    async def set_scheduler_parameters(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_scheduler_parameters`; a running machine gets it at once."""
        refuse_flags(DRIVER, "set_scheduler_parameters", flags, _IMPACT)
        spec = VirtualMachineConfigSpec(cpu_allocation=allocation_from(SCHEDULER, params))
        await self._tune(domain, spec, "the share of processors")

    async def memory_parameters(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Resources.memory_parameters`: ``hard_limit`` and ``min_guarantee``.

        What is guaranteed is the server's reservation.
        """
        refuse_flags(DRIVER, "memory_parameters", flags, _IMPACT)
        return params_of(MEMORY, await self._allocation(domain, _MEMORY))

    async def set_memory_parameters(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_memory_parameters`; a running machine gets it at once."""
        refuse_flags(DRIVER, "set_memory_parameters", flags, _IMPACT)
        spec = VirtualMachineConfigSpec(memory_allocation=allocation_from(MEMORY, params))
        await self._tune(domain, spec, "the share of memory")

    async def _allocation(self, domain: DomainKey, path: str) -> ResourceAllocationInfo:
        machine = self.session.machines.get(domain)
        found = (await self.session.get(machine.ref, path)).get(path)
        return found if isinstance(found, ResourceAllocationInfo) else ResourceAllocationInfo()

    async def _tune(self, domain: DomainKey, spec: VirtualMachineConfigSpec, share: str) -> None:
        async with self.session.changing(domain) as machine:
            what = f"change {share} of domain {machine.name!r}"
            await reconfigure(self.session, machine, spec, what=what)


_PROCESSORS: Final = "config.cpuAllocation"
_MEMORY: Final = "config.memoryAllocation"
