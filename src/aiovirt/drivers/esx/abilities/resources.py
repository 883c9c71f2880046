"""What machines may use of their hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.redefining import reconfigure
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.errors import CallerError
from aiovirt.interfaces import Resources, immediate, refuse_flags
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.vsphere.tables.inventory import ResourceAllocationInfo
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineConfigSpec

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainMemoryModFlags

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
