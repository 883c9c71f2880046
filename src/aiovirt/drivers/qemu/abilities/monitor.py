"""Passing commands through to QEMU, and asking for a command line."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.prepare import command_line
from aiovirt.interfaces import Monitor
from aiovirt.model.domain import DomainKey

__all__ = ["QemuMonitor"]


class QemuMonitor(Monitor):
    """QMP passthrough."""

    driver_name = "QEMU"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def monitor_command(
        self, domain: DomainKey, command: str, arguments: Mapping[str, object] | None = None
    ) -> object:
        """See `Monitor.monitor_command`."""
        async with self._engine.works.work():
            monitor = self._engine.registry.get(domain).monitor()
            return await monitor.execute(command, arguments, bound_s=math.inf)

    async def native_command(self, config: DomainConfig) -> Sequence[str]:
        """See `Monitor.native_command`."""
        return await command_line(self._engine, config)
