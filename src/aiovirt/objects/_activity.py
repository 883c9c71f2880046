"""What goes on at a server: the part of `Connection` about alarms and tasks."""

from __future__ import annotations

from collections.abc import Sequence

from aiovirt.interfaces import Activity, Driver
from aiovirt.model.activity import HostAlarm, HostTask

__all__ = ["HostActivity"]


class HostActivity:
    """Alarms and tasks of a server; VMware's have them."""

    _driver: Driver

    @property
    def _activity(self) -> Activity:
        return self._driver.ability(Activity)

    async def alarms(self) -> Sequence[HostAlarm]:
        """The alarms that are red or yellow, the worst first, the newest of them first.

        They are those of the objects that the connection is about.  The first call asks the
        server; later ones are answered from memory.

        Raises:
            Unsupported: The server keeps none: an ESX host by itself.
        """
        return await self._activity.alarms()

    async def acknowledge_alarm(self, key: str) -> None:
        """Take note of an alarm: what it does is not done again until it has been green.

        Args:
            key: Which, as `HostAlarm.key` has it.

        Raises:
            NotFound: It is not set off.
            PermissionDenied: The account may not.
        """
        await self._activity.acknowledge_alarm(key)

    async def tasks(self) -> Sequence[HostTask]:
        """What is done, waits to be done, or was done of late, the newest first.

        Tasks of others are among them, as far as the account may see them.  They are kept in
        memory from the first call on, and asked for until the server has told of a new one.
        """
        return await self._activity.tasks()

    async def cancel_task(self, key: str) -> None:
        """Ask a task to end, whoever has begun it; it may take a while to.

        Args:
            key: Which, as `HostTask.key` has it.

        Raises:
            NotFound: There is no such task.
            InvalidState: It has ended.
            Unsupported: It cannot be cancelled.
            PermissionDenied: The account may not.
        """
        await self._activity.cancel_task(key)
