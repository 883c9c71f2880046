"""What a domain may use of its host: memory, processor time, disks, network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from aiovirt.config import DomainConfig
from aiovirt.drivers.common import tuning
from aiovirt.drivers.common.tuning import BLKIO, MEMORY, SCHEDULER, Setting
from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.encrypted import measured
from aiovirt.drivers.qemu.engine.impact import (
    CONFIG,
    LIVE,
    change_live,
    looked_at,
    meant,
    redefine,
)
from aiovirt.drivers.qemu.engine.perf import perf_events, set_perf_events
from aiovirt.drivers.qemu.engine.tuning import (
    set_blkio,
    set_memory,
    set_nodes,
    set_scheduler,
    set_speed,
)
from aiovirt.errors import CallerError, InvalidState, QMPCommandError, Unsupported
from aiovirt.host.labels import apparmor, selinux
from aiovirt.interfaces import Resources, immediate, refuse_flags
from aiovirt.model.domain import DomainKey
from aiovirt.model.events import TunableEvent
from aiovirt.model.params import ParamValue, TypedParams, plain
from aiovirt.model.tuning import Scheduler, SecurityLabel
from aiovirt.model.units import Bytes
from aiovirt.protocols.qmp.commands import Balloon

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainMemoryModFlags, DomainModificationImpact

__all__ = ["QemuResources"]

MAXIMUM: Final = 0x4
"""Of `DomainMemoryModFlags`."""
_IMPACT: Final = LIVE | CONFIG


class QemuResources(QemuAbility, Resources):
    """The balloon, the control group, and the speed of interfaces."""

    # --- encrypted memory -----------------------------------------------------------------------

    async def launch_security(self, domain: DomainKey) -> Mapping[str, ParamValue]:
        """See `Resources.launch_security`; of a guest whose memory is plain there is nothing."""
        managed = self._registry.get(domain)
        config = managed.running().config
        if not config.launch_security:
            return {}
        if config.launch_security.type != "sev":
            raise Unsupported(self.driver_name, "launch_security", "it is no guest of SEV")
        async with self._engine.works.work():
            return await measured(managed.monitor())

    # --- memory ---------------------------------------------------------------------------------

    @immediate
    async def max_memory(self, domain: DomainKey) -> int:
        """See `Resources.max_memory`."""
        return self._registry.get(domain).sizes().memory

    async def set_memory(
        self, domain: DomainKey, memory: int, *, flags: DomainMemoryModFlags | Literal[0] = 0
    ) -> None:
        """See `Resources.set_memory`."""
        refuse_flags(self.driver_name, "set_memory", flags, _IMPACT | MAXIMUM)
        managed = self._registry.get(domain)
        change = partial(_set_most if flags & MAXIMUM else _set_current, memory)
        async with self._engine.works.work(), managed.changes:
            what = meant(managed, flags & _IMPACT)
            if what.live is not None:
                if flags & MAXIMUM:
                    raise InvalidState("the most memory of a running domain cannot change")
                change(what.live.config.copy())
                await _balloon(managed, memory)
            if what.definition is not None:
                await redefine(self._engine, managed, change)

    async def set_memory_stats_period(
        self,
        domain: DomainKey,
        period_s: int,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_memory_stats_period`."""
        managed = self._registry.get(domain)
        change = partial(_set_period, period_s)
        async with self._engine.works.work(), managed.changes:
            what = meant(managed, flags)
            if what.live is not None:
                change(what.live.config.copy())
                arguments = {
                    "path": f"/machine/peripheral/{what.live.config.memballoon.alias}",
                    "property": "guest-stats-polling-interval",
                    "value": period_s,
                }
                await managed.monitor().execute("qom-set", arguments)
                await change_live(self._engine, managed, what.live, change)
            if what.definition is not None:
                await redefine(self._engine, managed, change)

    # --- parameters -----------------------------------------------------------------------------

    @immediate
    async def scheduler(self, domain: DomainKey) -> Scheduler:
        """See `Resources.scheduler`."""
        self._registry.get(domain)
        return Scheduler("posix", len(SCHEDULER))

    def _params(
        self, domain: DomainKey, table: Mapping[str, Setting], flags: int
    ) -> dict[str, ParamValue]:
        return tuning.read(looked_at(self._registry.get(domain), flags), table)

    @immediate
    async def scheduler_parameters(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Resources.scheduler_parameters`."""
        return self._params(domain, SCHEDULER, flags)

    async def set_scheduler_parameters(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_scheduler_parameters`."""
        managed = self._registry.get(domain)
        if await set_scheduler(self._engine, managed, params, flags):
            told = {f"cputune.{name}": value for name, value in params.items()}
            now = self._engine.now()
            self._engine.publish(TunableEvent(time=now, domain=managed.key, params=told))

    @immediate
    async def blkio_parameters(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Resources.blkio_parameters`."""
        return self._params(domain, BLKIO, flags)

    async def set_blkio_parameters(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_blkio_parameters`."""
        await set_blkio(self._engine, self._registry.get(domain), params, flags)

    @immediate
    async def memory_parameters(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Resources.memory_parameters`."""
        return self._params(domain, MEMORY, flags)

    async def set_memory_parameters(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_memory_parameters`."""
        await set_memory(self._engine, self._registry.get(domain), params, flags)

    @immediate
    async def numa_parameters(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Resources.numa_parameters`."""
        return tuning.read_numa(looked_at(self._registry.get(domain), flags))

    async def set_numa_parameters(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_numa_parameters`."""
        await set_nodes(self._engine, self._registry.get(domain), params, flags)

    @immediate
    async def interface_parameters(
        self,
        domain: DomainKey,
        interface: str,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> Mapping[str, ParamValue]:
        """See `Resources.interface_parameters`."""
        return tuning.read_bandwidth(looked_at(self._registry.get(domain), flags), interface)

    async def set_interface_parameters(
        self,
        domain: DomainKey,
        interface: str,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_interface_parameters`."""
        managed = self._registry.get(domain)
        await set_speed(self._engine, managed, interface, params, flags)

    @immediate
    async def perf_events(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """See `Resources.perf_events`."""
        return perf_events(self._registry.get(domain), flags)

    async def set_perf_events(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Resources.set_perf_events`: what the host cannot count it refuses."""
        wanted = {name: bool(plain(value)) for name, value in params.items()}
        await set_perf_events(self._engine, self._registry.get(domain), wanted, flags)

    # --- labels ---------------------------------------------------------------------------------

    @immediate
    async def security_label(self, domain: DomainKey) -> SecurityLabel:
        """See `Resources.security_label`: of SELinux or AppArmor, where the host has it."""
        return _labels(self._registry.get(domain))[0]

    @immediate
    async def security_labels(self, domain: DomainKey) -> Sequence[SecurityLabel]:
        """See `Resources.security_labels`: that label, and the numbers of its account."""
        return _labels(self._registry.get(domain))


def _labels(managed: ManagedDomain) -> list[SecurityLabel]:
    """What the kernel says of the labels of a running domain; empty ones of another."""
    live = managed.live
    if live is None:
        return [SecurityLabel("", enforcing=False)]
    pid = live.process.pid
    first = _kernels_label(pid)
    try:
        found = Path(f"/proc/{pid}").stat()
    except OSError:
        return [first]
    return [first, SecurityLabel(f"+{found.st_uid}:+{found.st_gid}", enforcing=False)]


def _kernels_label(pid: int) -> SecurityLabel:
    if apparmor.enabled():
        name, enforcing = apparmor.current_profile(pid) or ("", False)
        return SecurityLabel(name, enforcing=enforcing)
    label = selinux.current_label(pid) if selinux.enabled() else None
    return SecurityLabel(label or "", enforcing=bool(label) and selinux.enforcing())


async def _balloon(managed: ManagedDomain, memory: int) -> None:
    """Ask the guest to leave so much; what it does about it is told by an event."""
    try:
        await managed.monitor().call(Balloon(memory))
    except QMPCommandError as error:
        raise InvalidState(
            f"the memory of domain {managed.name!r} cannot change: {error.description}",
            hint="it needs a <memballoon>",
        ) from error


def _set_most(memory: int, config: DomainConfig) -> None:
    if config.current_memory is not None and config.current_memory > memory:
        config.current_memory = Bytes(memory)
    config.memory = Bytes(memory)


def _set_current(memory: int, config: DomainConfig) -> None:
    most = int(config.memory or 0)
    if memory > most:
        raise CallerError(f"{memory} bytes are more than the domain may have, {most}")
    config.current_memory = Bytes(memory)


def _set_period(period_s: int, config: DomainConfig) -> None:
    if not config.memballoon or config.memballoon.model == "none":
        raise InvalidState("the domain has no memory balloon, which tells its figures")
    if period_s < 0:
        raise CallerError(f"{period_s} seconds are no period")
    config.memballoon.stats_period = period_s or None
