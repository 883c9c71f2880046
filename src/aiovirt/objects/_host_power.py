"""The power of a server's hosts, and its licences: the part of `Connection` about them."""

from __future__ import annotations

from collections.abc import Sequence

from aiovirt.interfaces import Driver, HostPower
from aiovirt.model.host import HostLicence

__all__ = ["HostPowerVerbs"]


class HostPowerVerbs:
    """Restarting hosts and switching them off; VMware's can be asked to.

    A host is meant by its name; without one it is the only one, or the one that the URI names.
    """

    _driver: Driver

    @property
    def _power(self) -> HostPower:
        return self._driver.ability(HostPower)

    async def reboot_host(self, host: str | None = None, *, force: bool = False) -> None:
        """Restart a host; returns when it has begun to.

        Args:
            host: Its name.
            force: Although it is not in maintenance mode: its domains are cut off.

        Raises:
            InvalidState: It is not in maintenance mode.

        Cancellation: it may restart all the same.
        """
        await self._power.reboot_host(host, force=force)

    async def shut_down_host(self, host: str | None = None, *, force: bool = False) -> None:
        """Switch a host off; returns when it has begun to. See `reboot_host`."""
        await self._power.shut_down_host(host, force=force)

    async def licences(self) -> Sequence[HostLicence]:
        """What the server is licensed for, sorted by name; of each key the last part is shown."""
        return await self._power.licences()
