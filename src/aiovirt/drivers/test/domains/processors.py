"""Virtual processors of domains of the host in memory, and where they may run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.config import DomainConfig
from aiovirt.drivers.test.domains.base import CONFIG, LIVE, meant, meant_all
from aiovirt.drivers.test.domains.figures import Figures
from aiovirt.drivers.test.domains.iothreads import TestIOThreads
from aiovirt.drivers.test.domains.machine import Machine
from aiovirt.drivers.test.domains.pins import HOST_CPUS, check_cpus, pin, pinned
from aiovirt.errors import CallerError, InvalidState
from aiovirt.interfaces import immediate
from aiovirt.model.cpusets import format_cpus
from aiovirt.model.domain import DomainKey
from aiovirt.model.events import TunableEvent
from aiovirt.model.tuning import Vcpu, VcpuState

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainModificationImpact, DomainVcpuFlags

__all__ = ["TestProcessors"]

MAXIMUM = 4
GUEST = 8

_AT = 15
"""The processor of the host that every virtual one is on, as in libvirt's test driver."""


class TestProcessors(TestIOThreads):
    """Processors, as the documents say."""

    __test__ = False

    @immediate
    async def host_cpu_count(self) -> int:
        """See `Processors.host_cpu_count`."""
        return HOST_CPUS

    @immediate
    async def max_vcpus(self, domain: DomainKey) -> int:
        """See `Processors.max_vcpus`."""
        return self.get(domain).config.vcpus or 1

    @immediate
    async def vcpu_count(
        self, domain: DomainKey, *, flags: DomainVcpuFlags | Literal[0] = 0
    ) -> int:
        """See `Processors.vcpu_count`."""
        machine = self.get(domain)
        if flags & GUEST:
            live = machine.running()
            return _present(live.config) - len(live.offline)
        config = meant(machine, flags)
        return (config.vcpus or 1) if flags & MAXIMUM else _present(config)

    async def set_vcpu_count(
        self, domain: DomainKey, count: int, *, flags: DomainVcpuFlags | Literal[0] = 0
    ) -> None:
        """See `Processors.set_vcpu_count`."""
        if count < 1:
            raise CallerError("a domain has one processor at least")
        machine = self.get(domain)
        if flags & GUEST:
            live = machine.running()
            _check_most(count, _present(live.config))
            live.offline = set(range(count, _present(live.config)))
        elif flags & MAXIMUM:
            _set_most(machine, count, flags)
        else:
            configs = meant_all(machine, flags)
            for config in configs:
                _check_most(count, config.vcpus or 1)
            for config in configs:
                config.vcpu.current = None if count == config.vcpus else count

    async def set_vcpu(
        self,
        domain: DomainKey,
        vcpus: Iterable[int],
        *,
        enable: bool,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Processors.set_vcpu`: always the last ones, as their number is what is kept."""
        numbers = sorted(vcpus)
        for config in meant_all(self.get(domain), flags):
            present = _present(config)
            count = present + len(numbers) if enable else present - len(numbers)
            first = present if enable else count
            if numbers != list(range(first, first + len(numbers))):
                raise CallerError(f"processors are plugged one behind the other from {first} on")
            _check_most(count, config.vcpus or 1)
            config.vcpu.current = None if count == config.vcpus else max(count, 1)

    @immediate
    async def vcpus(self, domain: DomainKey) -> Sequence[Vcpu]:
        """See `Processors.vcpus`."""
        machine = self.get(domain)
        live = machine.running()
        return [
            Vcpu(
                one.index,
                VcpuState.RUNNING,
                one.time_ns or 0,
                _AT,
                pinned(live.config, "vcpupin", vcpu=one.index),
            )
            for one in Figures(self.world, machine, live).vcpus()
        ]

    @immediate
    async def vcpu_pins(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[int, frozenset[int]]:
        """See `Processors.vcpu_pins`."""
        config = meant(self.get(domain), flags)
        return {vcpu: pinned(config, "vcpupin", vcpu=vcpu) for vcpu in range(config.vcpus or 1)}

    async def pin_vcpu(
        self,
        domain: DomainKey,
        vcpu: int,
        cpus: Iterable[int],
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Processors.pin_vcpu`."""
        machine, places = self.get(domain), check_cpus(cpus)
        configs = meant_all(machine, flags)
        for config in configs:
            if not 0 <= vcpu < (config.vcpus or 1):
                raise CallerError(f"domain {domain.name!r} has no processor {vcpu}")
            pin(config, "vcpupin", places, vcpu=vcpu)
        self._tell(machine, configs, f"cputune.vcpupin{vcpu}", places)

    @immediate
    async def emulator_pin(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> frozenset[int]:
        """See `Processors.emulator_pin`."""
        return pinned(meant(self.get(domain), flags), "emulatorpin")

    async def pin_emulator(
        self,
        domain: DomainKey,
        cpus: Iterable[int],
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Processors.pin_emulator`."""
        machine, places = self.get(domain), check_cpus(cpus)
        configs = meant_all(machine, flags)
        for config in configs:
            pin(config, "emulatorpin", places)
        self._tell(machine, configs, "cputune.emulatorpin", places)

    def _tell(
        self,
        machine: Machine,
        configs: Sequence[DomainConfig],
        name: str,
        places: frozenset[int],
    ) -> None:
        if machine.live is not None and machine.live.config in configs:
            params = {name: format_cpus(places)}
            self.world.publish(
                TunableEvent(time=self.world.now(), domain=machine.key, params=params)
            )


def _present(config: DomainConfig) -> int:
    return config.vcpu.current or config.vcpus or 1


def _check_most(count: int, most: int) -> None:
    if count > most:
        raise CallerError(f"{count} processors are more than there can be: {most}")


def _set_most(machine: Machine, count: int, flags: int) -> None:
    if flags & LIVE or (machine.live is not None and not flags & CONFIG):
        raise InvalidState(
            f"domain {machine.name!r} runs: how many processors it may have does not change",
            hint="change its configuration, and start it anew",
        )
    config = machine.persistent()
    if _present(config) >= count:
        config.vcpu.current = None
    config.vcpus = count
