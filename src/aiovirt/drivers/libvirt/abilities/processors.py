"""Virtual processors: the maps of processors, whose size has to be asked for first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt._tasks import gather
from aiovirt.bindings.values import CPU_MAP, DOMAIN, enumeration
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.interfaces import Processors
from aiovirt.model.constants import DomainVcpuFlags
from aiovirt.model.domain import DomainKey
from aiovirt.model.tuning import Vcpu, VcpuState
from aiovirt.protocols.libvirt.tables import domain as d
from aiovirt.protocols.libvirt.tables import domain_tuning as p
from aiovirt.protocols.libvirt.tables import node as n
from aiovirt.protocols.libvirt.tables.structs import Domain

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainModificationImpact

__all__ = ["LibvirtProcessors"]

STATE = enumeration(VcpuState)


class LibvirtProcessors(LibvirtAbility, Processors):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def host_cpu_count(self) -> int:
        """See `Processors.host_cpu_count`."""
        args = n.NodeGetCpuMapArgs(0, 0, 0)
        reply = await self._link.call(n.NODE_GET_CPU_MAP, args, operation="host_cpu_count")
        return reply.ret

    async def vcpus(self, domain: DomainKey) -> Sequence[Vcpu]:
        """See `Processors.vcpus`."""
        dom = DOMAIN.send(domain)
        info, size = await gather(
            lambda: self._link.call(d.DOMAIN_GET_INFO, d.DomainGetInfoArgs(dom)), self._map_bytes
        )
        args = p.DomainGetVcpusArgs(dom, info.nr_virt_cpu, size)
        reply = await self._link.call(p.DOMAIN_GET_VCPUS, args, operation="vcpus")
        return [
            Vcpu(one.number, STATE.read(one.state), one.cpu_time, one.cpu, cpus)
            for one, cpus in zip(reply.info, _maps(reply.cpumaps, size), strict=False)
        ]

    async def vcpu_pins(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[int, frozenset[int]]:
        """See `Processors.vcpu_pins`."""
        dom = DOMAIN.send(domain)
        count, size = await gather(lambda: self._most_vcpus(dom, flags), self._map_bytes)
        args = p.DomainGetVcpuPinInfoArgs(dom, count, size, flags)
        reply = await self._link.call(p.DOMAIN_GET_VCPU_PIN_INFO, args, operation="vcpu_pins")
        return dict(enumerate(_maps(reply.cpumaps, size)[: reply.num]))

    async def emulator_pin(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> frozenset[int]:
        """See `Processors.emulator_pin`."""
        size = await self._map_bytes()
        args = p.DomainGetEmulatorPinInfoArgs(DOMAIN.send(domain), size, flags)
        reply = await self._link.call(
            p.DOMAIN_GET_EMULATOR_PIN_INFO, args, operation="emulator_pin"
        )
        found: frozenset[int] = CPU_MAP.read(reply.cpumaps)
        return found

    async def _most_vcpus(self, dom: Domain, flags: int) -> int:
        args = p.DomainGetVcpusFlagsArgs(dom, flags | DomainVcpuFlags.MAXIMUM)
        return (await self._link.call(p.DOMAIN_GET_VCPUS_FLAGS, args, operation="vcpu_pins")).num

    async def _map_bytes(self) -> int:
        """The bytes of a map of the host's processors."""
        return (await self.host_cpu_count() + 7) // 8


def _maps(data: bytes, size: int) -> list[frozenset[int]]:
    """The maps that stand one behind the other."""
    return [CPU_MAP.read(data[start : start + size]) for start in range(0, len(data), size)]
