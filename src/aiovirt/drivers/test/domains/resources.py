"""What domains of the host in memory may use: memory, and parameters of tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.config import DomainConfig, Memballoon
from aiovirt.drivers.common import tuning
from aiovirt.drivers.common.tuning import BLKIO, MEMORY, SCHEDULER, Setting
from aiovirt.drivers.test.domains.base import CONFIG, LIVE, DomainAbility, meant, meant_all
from aiovirt.drivers.test.domains.filling import is_real
from aiovirt.drivers.test.domains.machine import Machine
from aiovirt.drivers.test.domains.perf import perf_on, set_perf
from aiovirt.errors import CallerError, InvalidState, Unsupported
from aiovirt.interfaces import Resources, immediate
from aiovirt.model.domain import DomainKey
from aiovirt.model.events import BalloonChangeEvent, TunableEvent
from aiovirt.model.params import ParamType, ParamValue, Typed, TypedParams, plain
from aiovirt.model.tuning import PERF_EVENTS, Scheduler, SecurityLabel
from aiovirt.model.units import Bytes

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainMemoryModFlags, DomainModificationImpact

__all__ = ["TestResources"]

MAXIMUM = 4
WEIGHT = "weight"

_LABEL = SecurityLabel("libvirt-test", enforcing=True)


class TestResources(DomainAbility, Resources):
    """Limits and weights, as the documents say."""

    __test__ = False

    # --- memory ---------------------------------------------------------------------------------

    @immediate
    async def max_memory(self, domain: DomainKey) -> int:
        """See `Resources.max_memory`."""
        return int(self.get(domain).config.memory or 0)

    async def set_memory(
        self, domain: DomainKey, memory: int, *, flags: DomainMemoryModFlags | Literal[0] = 0
    ) -> None:
        """See `Resources.set_memory`."""
        if memory < 1:
            raise CallerError("a domain has some memory")
        machine = self.get(domain)
        if flags & MAXIMUM:
            _set_most(machine, Bytes(memory), flags)
            return
        configs = meant_all(machine, flags)
        for config in configs:
            if memory > (config.max_memory or config.memory or 0):
                raise CallerError(
                    f"{Bytes(memory)} are more than domain {domain.name!r} may have: "
                    f"{config.max_memory or config.memory}"
                )
        for config in configs:
            config.current_memory = Bytes(memory)
        if machine.live is not None and machine.live.config in configs:
            self.world.publish(
                BalloonChangeEvent(time=self.world.now(), domain=machine.key, actual=memory)
            )

    async def set_memory_stats_period(
        self,
        domain: DomainKey,
        period_s: int,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_memory_stats_period`."""
        for config in meant_all(self.get(domain), flags):
            if not config.memballoon:
                config.memballoon = Memballoon(model="virtio")
            config.memballoon.stats_period = period_s or None

    # --- parameters -----------------------------------------------------------------------------

    @immediate
    async def scheduler(self, domain: DomainKey) -> Scheduler:
        """See `Resources.scheduler`."""
        if is_real(self.get(domain).config):
            return Scheduler("posix", len(SCHEDULER))
        return Scheduler("fair", 1)

    @immediate
    async def scheduler_parameters(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Resources.scheduler_parameters`: of a domain of the type ``test`` the weight."""
        machine = self.get(domain)
        if not is_real(machine.config):
            return {WEIGHT: Typed(ParamType.UINT, machine.weight)}
        return tuning.read(meant(machine, flags), SCHEDULER)

    async def set_scheduler_parameters(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_scheduler_parameters`."""
        machine = self.get(domain)
        if not is_real(machine.config):
            machine.weight = _weight(params)
            return
        self._set(domain, params, flags, SCHEDULER, "cputune.")

    @immediate
    async def blkio_parameters(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Resources.blkio_parameters`."""
        return tuning.read(meant(self.get(domain), flags), BLKIO)

    async def set_blkio_parameters(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_blkio_parameters`."""
        self._set(domain, params, flags, BLKIO)

    @immediate
    async def memory_parameters(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Resources.memory_parameters`."""
        return tuning.read(meant(self.get(domain), flags), MEMORY)

    async def set_memory_parameters(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_memory_parameters`."""
        self._set(domain, params, flags, MEMORY)

    def _set(
        self,
        domain: DomainKey,
        params: TypedParams,
        flags: int,
        table: Mapping[str, Setting],
        told_as: str | None = None,
    ) -> None:
        machine = self.get(domain)
        configs = meant_all(machine, flags)
        for config in configs:
            tuning.write(config.copy(), params, table)
        for config in configs:
            tuning.write(config, params, table)
        if told_as and machine.live is not None and machine.live.config in configs:
            told = {f"{told_as}{name}": value for name, value in params.items()}
            self.world.publish(TunableEvent(time=self.world.now(), domain=machine.key, params=told))

    @immediate
    async def numa_parameters(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Resources.numa_parameters`."""
        return tuning.read_numa(meant(self.get(domain), flags))

    async def set_numa_parameters(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_numa_parameters`."""
        for config in meant_all(self.get(domain), flags):
            tuning.write_numa(config, params)

    @immediate
    async def interface_parameters(
        self,
        domain: DomainKey,
        interface: str,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> Mapping[str, ParamValue]:
        """See `Resources.interface_parameters`."""
        return tuning.read_bandwidth(meant(self.get(domain), flags), interface)

    async def set_interface_parameters(
        self,
        domain: DomainKey,
        interface: str,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_interface_parameters`."""
        for config in meant_all(self.get(domain), flags):
            tuning.write_bandwidth(config, interface, params)

    @immediate
    async def perf_events(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Resources.perf_events`."""
        config = meant(self.get(domain), flags)
        return {name: perf_on(config, name) for name in PERF_EVENTS}

    async def set_perf_events(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_perf_events`."""
        for name in params:
            if name not in PERF_EVENTS:
                raise CallerError(f"the host has no performance event {name!r}")
        for config in meant_all(self.get(domain), flags):
            for name, value in params.items():
                set_perf(config, name, on=bool(plain(value)))

    # --- security -------------------------------------------------------------------------------

    @immediate
    async def launch_security(self, domain: DomainKey) -> Mapping[str, ParamValue]:
        """See `Resources.launch_security`."""
        self.get(domain)
        raise Unsupported(self.driver_name, "launch_security", "no guest has encrypted memory")

    @immediate
    async def security_label(self, domain: DomainKey) -> SecurityLabel:
        """See `Resources.security_label`."""
        return _LABEL if self.get(domain).live else SecurityLabel("", enforcing=False)

    @immediate
    async def security_labels(self, domain: DomainKey) -> Sequence[SecurityLabel]:
        """See `Resources.security_labels`."""
        return [await self.security_label(domain)]


def _set_most(machine: Machine, memory: Bytes, flags: int) -> None:
    if flags & LIVE or (machine.live is not None and not flags & CONFIG):
        raise InvalidState(
            f"domain {machine.name!r} runs: the memory that it may have does not change",
            hint="change its configuration, and start it anew",
        )
    config: DomainConfig = machine.persistent()
    if (config.current_memory or 0) > memory:
        config.current_memory = memory
    config.memory = memory


def _weight(params: TypedParams) -> int:
    value = plain(params.get(WEIGHT, ""))
    if set(params) != {WEIGHT} or not isinstance(value, int):
        raise CallerError(f"this scheduler has one parameter, {WEIGHT}, a number")
    return value
