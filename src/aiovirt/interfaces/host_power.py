"""The power of hosts, and what they are licensed for: what VMware's have beyond libvirt."""

from __future__ import annotations

from collections.abc import Sequence

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.interfaces.inventory import OnPercent
from aiovirt.model.host import HostLicence

__all__ = ["HostPower"]


class HostPower(Ability):
    """Restarting hosts, switching them off, letting them sleep.

    A host is meant by its name; None is the only one, or the one that the URI names. Every
    operation raises `NotFound` when there is no such host, or none is named and there are several.
    """

    @operation
    async def reboot_host(self, host: str | None = None, *, force: bool = False) -> None:
        """Restart a host; returns when it has begun to.

        Args:
            host: Which host.
            force: Although it is not in maintenance mode: its domains are cut off.

        Raises:
            InvalidState: It is not in maintenance mode.

        Cancellation: it may restart all the same.
        """
        raise NotImplementedError

    @operation
    async def shut_down_host(self, host: str | None = None, *, force: bool = False) -> None:
        """Switch a host off; returns when it has begun to. See `reboot_host`."""
        raise NotImplementedError

    @operation
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
            host: Which host.
            evacuate: Move domains that are off away as well.
            timeout_s: Seconds for which the server waits for its domains to be moved; 0 for ever.
            progress: Is told how far it is.

        Raises:
            Unsupported: The server or the host cannot do that.
            Unresponsive: Domains still run there after that time.

        Cancellation: the host stays awake, if it does not sleep yet.
        """
        raise NotImplementedError

    @operation
    async def wake(self, host: str | None = None, *, timeout_s: int = 0) -> None:
        """Wake a host that sleeps; returns when it is there again.

        Raises:
            InvalidState: It does not sleep.
            Unresponsive: It is not there after that time, if one is given.

        Cancellation: it may wake all the same.
        """
        raise NotImplementedError

    @operation
    async def licences(self) -> Sequence[HostLicence]:
        """What the server is licensed for, sorted by name."""
        raise NotImplementedError
