"""Maintenance mode: the host starts no machines, so that it can be worked on."""

from __future__ import annotations

from aiovirt.drivers.esxssh.host import EsxHost
from aiovirt.drivers.esxssh.link import LONG_S

__all__ = ["Maintenance"]


class Maintenance:
    """A host's maintenance mode."""

    def __init__(self, host: EsxHost) -> None:
        self._host = host

    async def active(self) -> bool:
        """Whether the host is in it."""
        summary = await self._host.look("hostsvc/hostsummary", what="tell of itself")
        return summary.get("runtime.inMaintenanceMode") is True

    async def enter(self, *, wait_s: int = 0) -> None:
        """Enter it; returns when nothing runs any more.

        Args:
            wait_s: Seconds for which the host waits for machines to end; 0 for ever.

        Raises:
            InvalidState: It is in it.
            Unresponsive: Machines still run after that time.

        Cancellation: the host may enter it nevertheless.
        """
        what = "enter maintenance mode"
        await self._host.vim(
            "hostsvc/maintenance_mode_enter", str(wait_s), what=what, bound_s=LONG_S
        )

    async def leave(self) -> None:
        """Leave it.

        Raises:
            InvalidState: It is not in it.
        """
        await self._host.vim("hostsvc/maintenance_mode_exit", what="leave maintenance mode")
