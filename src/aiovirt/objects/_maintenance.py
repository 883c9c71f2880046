"""Maintenance of a server's hosts: the part of `Connection` about it."""

from __future__ import annotations

from aiovirt.interfaces import Driver, Inventory
from aiovirt.interfaces.inventory import OnPercent

__all__ = ["HostMaintenance"]


class HostMaintenance:
    """Maintenance mode of hosts, in which they run no domains.

    A host is meant by its name; without one it is the only one, or the one that the URI names.
    """

    _driver: Driver

    @property
    def _inventory(self) -> Inventory:
        return self._driver.ability(Inventory)

    async def maintenance(self, host: str | None = None) -> bool:
        """Whether a host is in maintenance mode."""
        return await self._inventory.maintenance(host)

    async def enter_maintenance(
        self,
        host: str | None = None,
        *,
        evacuate: bool = False,
        timeout_s: int = 0,
        progress: OnPercent | None = None,
    ) -> None:
        """Let a host enter maintenance mode; returns when it is in it.

        Args:
            host: Its name.
            evacuate: Move domains that are off away as well, in a cluster.
            timeout_s: Seconds for which is waited for its domains to end; 0 for ever.
            progress: Is told how far it is, in hundredths.

        Raises:
            Unresponsive: Domains still run there after that time.

        Cancellation: the host stays out of it.
        """
        await self._inventory.enter_maintenance(
            host, evacuate=evacuate, timeout_s=timeout_s, progress=progress
        )

    async def leave_maintenance(self, host: str | None = None) -> None:
        """Let a host leave maintenance mode."""
        await self._inventory.leave_maintenance(host)
