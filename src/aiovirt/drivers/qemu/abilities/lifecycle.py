"""Starting, pausing and stopping domains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.engine import stop
from aiovirt.drivers.qemu.engine.domain import LiveDomain
from aiovirt.drivers.qemu.engine.impact import change_live, meant, redefine
from aiovirt.drivers.qemu.engine.saving import start_saved
from aiovirt.drivers.qemu.engine.start import start
from aiovirt.errors import AgentError
from aiovirt.interfaces import Lifecycle, refuse_flags
from aiovirt.model.domain import DomainKey, LifecycleAction, LifecycleOccasion

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainCreateFlags,
        DomainDestroyFlags,
        DomainModificationImpact,
        DomainRebootFlags,
        DomainShutdownFlags,
    )

__all__ = ["QemuLifecycle"]

BYPASS_CACHE, FORCE_BOOT, VALIDATE = 0x4, 0x8, 0x10
"""Of `DomainCreateFlags`."""
ACPI_POWER_BUTTON, GUEST_AGENT = 1, 2
"""Of `DomainShutdownFlags` and `DomainRebootFlags`: the button is what no flag means here."""


class QemuLifecycle(QemuAbility, Lifecycle):
    """The face of `engine.start` and `engine.stop`."""

    async def start(
        self,
        domain: DomainKey,
        *,
        paused: bool = False,
        flags: DomainCreateFlags | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.start`."""
        refuse_flags(self.driver_name, "start", flags, BYPASS_CACHE | FORCE_BOOT | VALIDATE)
        async with self._engine.works.work():
            managed = self._registry.get(domain)
            forget = bool(flags & FORCE_BOOT)
            if not await start_saved(self._engine, managed, paused=paused, forget=forget):
                await start(self._engine, managed, paused=paused)

    async def shutdown(
        self,
        domain: DomainKey,
        *,
        wait: bool = False,
        flags: DomainShutdownFlags | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.shutdown`."""
        refuse_flags(self.driver_name, "shutdown", flags, ACPI_POWER_BUTTON | GUEST_AGENT)
        async with self._engine.works.work():
            live = await self._ask_to_end(domain, int(flags), reboot=False)
            if wait:
                await live.ended.wait()

    async def reboot(self, domain: DomainKey, *, flags: DomainRebootFlags | Literal[0] = 0) -> None:
        """See `Lifecycle.reboot`."""
        refuse_flags(self.driver_name, "reboot", flags, ACPI_POWER_BUTTON | GUEST_AGENT)
        async with self._engine.works.work():
            await self._ask_to_end(domain, int(flags), reboot=True)

    async def _ask_to_end(self, domain: DomainKey, flags: int, *, reboot: bool) -> LiveDomain:
        """Ask by the guest's agent or its power button; by that too when the agent may fail."""
        managed = self._registry.get(domain)
        if flags & GUEST_AGENT:
            try:
                return await stop.by_agent(self._engine, managed, reboot=reboot)
            except AgentError:
                if not flags & ACPI_POWER_BUTTON:
                    raise
        return await stop.power_button(self._engine, managed, reboot=reboot)

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

    async def inject_nmi(self, domain: DomainKey) -> None:
        """See `Lifecycle.inject_nmi`."""
        managed = self._registry.get(domain)
        async with self._engine.works.work():
            await managed.monitor().execute("inject-nmi")

    async def set_lifecycle_action(
        self,
        domain: DomainKey,
        occasion: LifecycleOccasion,
        action: LifecycleAction,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Lifecycle.set_lifecycle_action`."""
        managed = self._registry.get(domain)

        def change(config: DomainConfig) -> None:
            setattr(config, f"on_{occasion}", action)

        async with self._engine.works.work(), managed.changes:
            what = meant(managed, flags)
            change(managed.config().copy())
            if what.definition is not None:
                await redefine(self._engine, managed, change)
            if what.live is not None:
                if occasion == "reboot":
                    asked = {"reboot": "shutdown" if action == "destroy" else "reset"}
                    await managed.monitor().execute("set-action", asked)
                await change_live(self._engine, managed, what.live, change)
