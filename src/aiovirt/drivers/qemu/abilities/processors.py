"""Virtual processors: how many, what they do, and where they may run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.vcpus import (
    enabled_vcpus,
    set_enabled_vcpus,
    set_most_vcpus,
    vcpus_by_count,
)
from aiovirt.drivers.qemu.abilities.iothreads import QemuIOThreads
from aiovirt.drivers.qemu.engine.agentcpus import guest_cpus, set_guest_cpus
from aiovirt.drivers.qemu.engine.domain import LiveDomain
from aiovirt.drivers.qemu.engine.impact import CONFIG, LIVE, looked_at, meant, redefine
from aiovirt.drivers.qemu.engine.pins import (
    apply_to_threads,
    look_up_threads,
    part_threads,
    pinned,
)
from aiovirt.drivers.qemu.engine.vcpus import change_vcpus
from aiovirt.errors import CallerError, InvalidState
from aiovirt.host.procfs import thread_time_ns
from aiovirt.host.scheduling import affinity, host_cpus
from aiovirt.interfaces import immediate, refuse_flags
from aiovirt.model.cpusets import format_cpus
from aiovirt.model.domain import DomainKey
from aiovirt.model.tuning import Vcpu, VcpuState
from aiovirt.protocols.qmp.commands import QueryCpusFast

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainModificationImpact, DomainVcpuFlags

__all__ = ["QemuProcessors"]

MAXIMUM, GUEST, HOTPLUGGABLE = 0x4, 0x8, 0x10
"""Of `DomainVcpuFlags`."""
_IMPACT: Final = LIVE | CONFIG
_Wanted = Callable[[DomainConfig], Collection[int]]


class QemuProcessors(QemuIOThreads):
    """The threads of QEMU, and what ``<vcpu>``, ``<vcpus>`` and ``<cputune>`` say of them."""

    @immediate
    async def host_cpu_count(self) -> int:
        """See `Processors.host_cpu_count`."""
        return host_cpus()

    @immediate
    async def max_vcpus(self, domain: DomainKey) -> int:
        """See `Processors.max_vcpus`."""
        return self._registry.get(domain).sizes().vcpus

    async def vcpu_count(
        self, domain: DomainKey, *, flags: DomainVcpuFlags | Literal[0] = 0
    ) -> int:
        """See `Processors.vcpu_count`."""
        refuse_flags(self.driver_name, "vcpu_count", flags, _IMPACT | MAXIMUM | GUEST)
        managed = self._registry.get(domain)
        if flags & GUEST:
            async with self._engine.works.work():
                return sum((await guest_cpus(managed)).values())
        config = looked_at(managed, flags & _IMPACT)
        return (config.vcpus or 1) if flags & MAXIMUM else len(enabled_vcpus(config))

    async def set_vcpu_count(
        self, domain: DomainKey, count: int, *, flags: DomainVcpuFlags | Literal[0] = 0
    ) -> None:
        """See `Processors.set_vcpu_count`."""
        known = _IMPACT | MAXIMUM | HOTPLUGGABLE | GUEST
        refuse_flags(self.driver_name, "set_vcpu_count", flags, known)
        if flags & GUEST:
            async with self._engine.works.work():
                await set_guest_cpus(self._registry.get(domain), count)
        elif flags & MAXIMUM:
            await self._set_most(domain, count, flags & _IMPACT)
        else:
            wanted = partial(vcpus_by_count, count=count)
            await self._change(domain, wanted, flags, pluggable=bool(flags & HOTPLUGGABLE))

    async def _set_most(self, domain: DomainKey, count: int, flags: int) -> None:
        managed = self._registry.get(domain)
        async with self._engine.works.work(), managed.changes:
            if meant(managed, flags).live is not None:
                raise InvalidState("the most processors of a running domain cannot change")
            await redefine(self._engine, managed, partial(set_most_vcpus, count=count))

    async def set_vcpu(
        self,
        domain: DomainKey,
        vcpus: Iterable[int],
        *,
        enable: bool,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Processors.set_vcpu`."""
        refuse_flags(self.driver_name, "set_vcpu", flags, _IMPACT)
        numbers = frozenset(vcpus)

        def wanted(config: DomainConfig) -> Collection[int]:
            now = enabled_vcpus(config)
            wrong = numbers & now if enable else numbers - now
            if wrong or not numbers:
                state = "on" if enable else "off"
                raise CallerError(
                    f"the virtual processors {format_cpus(sorted(wrong))} are {state} already"
                    if wrong
                    else "no virtual processor is named"
                )
            return now | numbers if enable else now - numbers

        await self._change(domain, wanted, flags, pluggable=True)

    async def _change(
        self, domain: DomainKey, wanted: _Wanted, flags: int, *, pluggable: bool
    ) -> None:
        """Let the domain have other processors, as the flags say."""
        managed = self._registry.get(domain)

        def define(config: DomainConfig) -> None:
            numbers = frozenset(wanted(config))
            fresh = numbers - enabled_vcpus(config) if pluggable else ()
            set_enabled_vcpus(config, numbers, hotpluggable=fresh)

        async with self._engine.works.work(), managed.changes:
            what = meant(managed, flags & _IMPACT)
            if what.definition is not None:
                define(what.definition.copy())
            if what.live is not None:
                await change_vcpus(self._engine, managed, what.live, wanted(what.live.config))
                await apply_to_threads(managed.monitor(), what.live)
            if what.definition is not None:
                await redefine(self._engine, managed, define)
            if what.live is not None:
                await part_threads(what.live)

    async def vcpus(self, domain: DomainKey) -> Sequence[Vcpu]:
        """See `Processors.vcpus`."""
        managed = self._registry.get(domain)
        async with self._engine.works.work():
            live = managed.running()
            found = await managed.monitor().call(QueryCpusFast())
            return [_vcpu(live, cpu.cpu_index, cpu.thread_id) for cpu in found]

    # --- where they may run ---------------------------------------------------------------------

    @immediate
    async def vcpu_pins(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[int, frozenset[int]]:
        """See `Processors.vcpu_pins`."""
        config = looked_at(self._registry.get(domain), flags)
        return {
            number: pinned(config, "vcpupin", ("vcpu", number))
            for number in range(config.vcpus or 1)
        }

    async def pin_vcpu(
        self,
        domain: DomainKey,
        vcpu: int,
        cpus: Iterable[int],
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Processors.pin_vcpu`."""
        managed = self._registry.get(domain)
        if not 0 <= vcpu < (looked_at(managed, flags).vcpus or 1):
            raise CallerError(f"domain {managed.name!r} has no virtual processor {vcpu}")

        async def threads(_live: LiveDomain) -> Collection[int]:
            found = await managed.monitor().call(QueryCpusFast())
            return [cpu.thread_id for cpu in found if cpu.cpu_index == vcpu]

        await self._pin(managed, ("vcpupin", ("vcpu", vcpu)), frozenset(cpus), threads, flags)

    @immediate
    async def emulator_pin(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> frozenset[int]:
        """See `Processors.emulator_pin`."""
        return pinned(looked_at(self._registry.get(domain), flags), "emulatorpin")

    async def pin_emulator(
        self,
        domain: DomainKey,
        cpus: Iterable[int],
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Processors.pin_emulator`."""
        managed = self._registry.get(domain)

        async def threads(live: LiveDomain) -> Collection[int]:
            return (await look_up_threads(managed.monitor(), live.process.pid)).others

        await self._pin(managed, ("emulatorpin", None), frozenset(cpus), threads, flags)


def _vcpu(live: LiveDomain, number: int, thread: int) -> Vcpu:
    """What the kernel tells of the thread of a processor."""
    return Vcpu(
        number=number,
        state=VcpuState.RUNNING,
        time_ns=thread_time_ns(live.process.pid, thread),
        cpu=_last_cpu(live.process.pid, thread),
        affinity=affinity(thread),
    )


def _last_cpu(pid: int, thread: int) -> int:
    """The processor that a thread ran on last: field 39 of its stat, by proc(5)."""
    try:
        text = Path(f"/proc/{pid}/task/{thread}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return -2
    return int(text.rpartition(")")[2].split()[36])
