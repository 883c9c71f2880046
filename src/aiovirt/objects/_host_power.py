"""The power of a server's hosts, and its licences: the part of `Connection` about them."""

from __future__ import annotations

from collections.abc import Sequence

from aiovirt.interfaces import Driver, HostPower
from aiovirt.interfaces.inventory import OnPercent
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

    async def stand_by(
        self,
        host: str | None = None,
        *,
        evacuate: bool = False,
        timeout_s: int = 0,
        progress: OnPercent | None = None,
    ) -> None:
        """Let a host of a cluster sleep, without domains; returns when it does.

        Args:
            host: Its name.
            evacuate: Move domains that are off away as well.
            timeout_s: Seconds for which is waited for its domains to be moved; 0 for ever.
            progress: Is told how far it is, in hundredths.

        Raises:
            Unsupported: The server or the host cannot do that.
            Unresponsive: Domains still run there after that time.

        Cancellation: the host stays awake, if it does not sleep yet.
        """
        await self._power.stand_by(host, evacuate=evacuate, timeout_s=timeout_s, progress=progress)

    async def wake(self, host: str | None = None, *, timeout_s: int = 0) -> None:
        """Wake a host that sleeps; returns when it is there again.

        Args:
            host: Its name.
            timeout_s: Seconds that it may take; 0 for any time.

        Raises:
            InvalidState: It does not sleep.
            Unresponsive: It is not there after that time.

        Cancellation: it may wake all the same.
        """
        await self._power.wake(host, timeout_s=timeout_s)

    async def licences(self) -> Sequence[HostLicence]:
        """What the server is licensed for, sorted by name; of each key the last part is shown."""
        return await self._power.licences()
