"""Virtual processors of machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.machine import Machine
from aiovirt.drivers.esx.redefining import reconfigure
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.errors import CallerError, Unsupported
from aiovirt.interfaces import Processors, refuse_flags
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineConfigSpec

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainVcpuFlags

__all__ = ["EsxProcessors"]

_IMPACT: Final = 0x1 | 0x2
_MAXIMUM: Final = 0x4
_MOST: Final = "capability.maxSupportedVcpus"


class EsxProcessors(EsxAbility, Processors):
    """How many processors machines have; there is one configuration, whether they run or not."""

    async def host_cpu_count(self) -> int:
        """See `Processors.host_cpu_count`: those of all hosts that the connection is about.

        Raises:
            Unsupported: The account may see none of them.
        """
        session = self.session
        hosts = [session.scope.host] if session.scope.host else session.tree.of_kind("HostSystem")
        path = "summary.hardware.numCpuThreads"
        known = await session.get_many([*hosts], [path], what="tell of its processors")
        if not known:
            raise Unsupported(DRIVER, "counting processors", "the account may see no host")
        return sum(int(each.get(path) or 0) for each in known.values())

    async def max_vcpus(self, domain: DomainKey) -> int:
        """See `Processors.max_vcpus`: as many as its host can give one machine."""
        machine = self.session.machines.get(domain)
        return await self._most(machine) or machine.vcpus

    async def vcpu_count(
        self, domain: DomainKey, *, flags: DomainVcpuFlags | Literal[0] = 0
    ) -> int:
        """See `Processors.vcpu_count`."""
        refuse_flags(DRIVER, "vcpu_count", flags, _IMPACT | _MAXIMUM)
        if flags & _MAXIMUM:
            return await self.max_vcpus(domain)
        return self.session.machines.get(domain).vcpus

    async def set_vcpu_count(
        self, domain: DomainKey, count: int, *, flags: DomainVcpuFlags | Literal[0] = 0
    ) -> None:
        """See `Processors.set_vcpu_count`: of one that runs where its host may add some.

        Raises:
            InvalidState: It runs, and processors may not be added then.
        """
        refuse_flags(DRIVER, "set_vcpu_count", flags, _IMPACT)
        if count < 1:
            raise CallerError("a domain has one processor at least")
        async with self.session.changing(domain) as machine:
            most = await self._most(machine)
            if most is not None and count > most:
                raise CallerError(
                    f"{count} processors are more than the host of domain {machine.name!r} "
                    f"can give it: {most}"
                )
            spec = VirtualMachineConfigSpec(num_cpus=count)
            what = f"give domain {machine.name!r} {count} processors"
            await reconfigure(self.session, machine, spec, what=what)

    async def _most(self, machine: Machine) -> int | None:
        """How many processors the host of a machine can give it; None where it does not tell."""
        if machine.host is None:
            return None
        found = (await self.session.get(machine.host, _MOST)).get(_MOST)
        return None if found is None else int(found)
