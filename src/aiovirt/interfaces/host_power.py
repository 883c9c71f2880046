"""The power of hosts, and what they are licensed for: what VMware's have beyond libvirt."""

from __future__ import annotations

from collections.abc import Sequence

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.host import HostLicence

__all__ = ["HostPower"]


class HostPower(Ability):
    """Restarting hosts and switching them off.

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
    async def licences(self) -> Sequence[HostLicence]:
        """What the server is licensed for, sorted by name."""
        raise NotImplementedError
