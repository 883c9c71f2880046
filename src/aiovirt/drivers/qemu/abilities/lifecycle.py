"""Starting, pausing and stopping domains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aiovirt.drivers.qemu.engine import stop
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.start import start
from aiovirt.interfaces import Lifecycle, refuse_flags
from aiovirt.model.domain import DomainKey

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainCreateFlags,
        DomainDestroyFlags,
        DomainRebootFlags,
        DomainShutdownFlags,
    )

__all__ = ["QemuLifecycle"]

ACPI_POWER_BUTTON = 1
"""The flag of `DomainShutdownFlags` and `DomainRebootFlags` for what this driver does anyway."""


class QemuLifecycle(Lifecycle):
    """The face of `engine.start` and `engine.stop`."""

    driver_name = "QEMU"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._registry = engine.registry

    async def start(
        self,
        domain: DomainKey,
        *,
        paused: bool = False,
        flags: DomainCreateFlags | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.start`."""
        refuse_flags(self.driver_name, "start", flags)
        async with self._engine.works.work():
            await start(self._engine, self._registry.get(domain), paused=paused)

    async def shutdown(
        self,
        domain: DomainKey,
        *,
        wait: bool = False,
        flags: DomainShutdownFlags | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.shutdown`."""
        refuse_flags(self.driver_name, "shutdown", flags, ACPI_POWER_BUTTON)
        async with self._engine.works.work():
            live = await stop.power_button(self._engine, self._registry.get(domain), reboot=False)
            if wait:
                await live.ended.wait()

    async def reboot(self, domain: DomainKey, *, flags: DomainRebootFlags | Literal[0] = 0) -> None:
        """See `Lifecycle.reboot`."""
        refuse_flags(self.driver_name, "reboot", flags, ACPI_POWER_BUTTON)
        async with self._engine.works.work():
            await stop.power_button(self._engine, self._registry.get(domain), reboot=True)

    async def reset(self, domain: DomainKey) -> None:
        """See `Lifecycle.reset`."""
        async with self._engine.works.work():
            await stop.reset(self._registry.get(domain))

    async def destroy(
        self,
        domain: DomainKey,
        *,
        graceful: bool = False,
        flags: DomainDestroyFlags | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.destroy`."""
        refuse_flags(self.driver_name, "destroy", flags)
        async with self._engine.works.work():
            await stop.destroy(self._engine, self._registry.get(domain), graceful=graceful)

    async def suspend(self, domain: DomainKey) -> None:
        """See `Lifecycle.suspend`."""
        async with self._engine.works.work():
            await stop.suspend(self._registry.get(domain))

    async def resume(self, domain: DomainKey) -> None:
        """See `Lifecycle.resume`."""
        async with self._engine.works.work():
            await stop.resume(self._registry.get(domain))
