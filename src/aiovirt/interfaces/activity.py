"""What goes on at a server: alarms and tasks, which VMware's have beyond libvirt."""

from __future__ import annotations

from collections.abc import Sequence

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.activity import HostAlarm, HostTask

__all__ = ["Activity"]


class Activity(Ability):
    """Alarms that objects have set off, and tasks, whoever has asked for them."""

    @operation
    async def alarms(self) -> Sequence[HostAlarm]:
        """The alarms that are red or yellow, the worst first, the newest of them first.

        They are those of the objects that the connection is about.

        Raises:
            Unsupported: The server keeps none: an ESX host by itself.
        """
        raise NotImplementedError

    @operation
    async def acknowledge_alarm(self, key: str) -> None:
        """Take note of an alarm: what it does is not done again until it has been green.

        Args:
            key: Which, as `HostAlarm.key` has it.

        Raises:
            NotFound: It is not set off.
            PermissionDenied: The account may not.
        """
        raise NotImplementedError

    @operation
    async def tasks(self) -> Sequence[HostTask]:
        """What is done, waits to be done, or was done of late, the newest first."""
        raise NotImplementedError

    @operation
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
        raise NotImplementedError
