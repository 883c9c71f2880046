"""Figures of running domains: all at once, each with a bound of its own."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import anyio

from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.figures import take
from aiovirt.errors import NotFound
from aiovirt.host.procfs import process_times
from aiovirt.interfaces import Statistics
from aiovirt.model.domain import DomainInfo, DomainKey
from aiovirt.model.statistics import DomainStats, StatsGroup

__all__ = ["QemuStatistics"]


class QemuStatistics(Statistics):
    """One pass of QMP a domain, all domains at once."""

    driver_name = "QEMU"

    def __init__(self, engine: Engine) -> None:
        self._registry = engine.registry
        self._works = engine.works

    async def info(self, domain: DomainKey) -> DomainInfo:
        """See `Statistics.info`."""
        managed = self._registry.get(domain)
        config = managed.live.config if managed.live else managed.definition
        if config is None:
            raise NotFound(f"domain {managed.name!r} is just disappearing")
        return DomainInfo(
            state=managed.record().state,
            max_memory=int(config.memory or 0),
            memory=int(config.current_memory or config.memory or 0),
            vcpus=config.vcpu.current or config.vcpus or 1,
            cpu_time_ns=_cpu_time(managed.live),
        )

    async def stats(
        self,
        domains: Sequence[DomainKey] | None = None,
        *,
        groups: StatsGroup = StatsGroup.ALL,
    ) -> Sequence[DomainStats]:
        """See `Statistics.stats`."""
        wanted = (
            list(self._registry)
            if domains is None
            else [self._registry.get(key) for key in domains]
        )
        results: dict[ManagedDomain, DomainStats] = {}

        async def one(managed: ManagedDomain) -> None:
            results[managed] = await take(managed, groups)

        async with self._works.work(), anyio.create_task_group() as tasks:
            for managed in wanted:
                tasks.start_soon(one, managed)
        return [results[managed] for managed in wanted]


def _cpu_time(live: LiveDomain | None) -> int:
    if live is not None:
        with suppress(NotFound):
            times = process_times(live.process.pid)
            return times.user_ns + times.system_ns
    return 0
