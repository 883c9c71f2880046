"""Figures of machines."""

from __future__ import annotations

from typing import Final

from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.interfaces import Statistics, immediate
from aiovirt.model.domain import DomainInfo, DomainKey

__all__ = ["EsxStatistics"]

_MIB: Final = 1 << 20


class EsxStatistics(EsxAbility, Statistics):
    """What is known of machines, and what their hosts measure."""

    @immediate
    async def info(self, domain: DomainKey) -> DomainInfo:
        """See `Statistics.info`: from memory, so that the processor time, which is not, is 0."""
        machine = self.session.machines.get(domain)
        size, limit = machine.memory_mib, machine.memory_limit_mib
        return DomainInfo(
            state=self.session.watcher.reason(machine).state,
            max_memory=size * _MIB,
            memory=(size if limit < 0 else min(size, limit)) * _MIB,
            vcpus=machine.vcpus,
            cpu_time_ns=0,
        )
