"""Starting, pausing and stopping domains."""

from __future__ import annotations

from aiovirt.drivers.qemu.engine import stop
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.start import start
from aiovirt.interfaces import Lifecycle
from aiovirt.model.domain import DomainKey

__all__ = ["QemuLifecycle"]


class QemuLifecycle(Lifecycle):
    """The face of `engine.start` and `engine.stop`."""

    driver_name = "QEMU"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._registry = engine.registry

    async def start(self, domain: DomainKey, *, paused: bool = False) -> None:
        """See `Lifecycle.start`."""
        async with self._engine.works.work():
            await start(self._engine, self._registry.get(domain), paused=paused)

    async def shutdown(self, domain: DomainKey, *, wait: bool = False) -> None:
        """See `Lifecycle.shutdown`."""
        async with self._engine.works.work():
            live = await stop.power_button(self._engine, self._registry.get(domain), reboot=False)
            if wait:
                await live.ended.wait()

    async def reboot(self, domain: DomainKey) -> None:
        """See `Lifecycle.reboot`."""
        async with self._engine.works.work():
            await stop.power_button(self._engine, self._registry.get(domain), reboot=True)

    async def reset(self, domain: DomainKey) -> None:
        """See `Lifecycle.reset`."""
        async with self._engine.works.work():
            await stop.reset(self._registry.get(domain))

    async def destroy(self, domain: DomainKey, *, graceful: bool = False) -> None:
        """See `Lifecycle.destroy`."""
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
