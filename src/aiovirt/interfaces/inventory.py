"""Whole machines in an inventory: copies, templates, folders, attributes, and where they are.

It is what VMware's servers have beyond libvirt's own operations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey

__all__ = ["Inventory", "OnPercent"]

OnPercent: TypeAlias = Callable[[int], object]
"""Gets how far something is, in hundredths."""


class Inventory(Ability):
    """Copying machines, moving them within one server, and putting them in order.

    Every operation raises `NotFound` for a domain that is not there, and `Unsupported` where a
    server lacks it: folders and attributes are vCenter's.
    """

    @operation
    async def clone(
        self,
        domain: DomainKey,
        name: str,
        *,
        folder: str | None = None,
        host: str | None = None,
        datastore: str | None = None,
        linked: bool = False,
        template: bool = False,
        progress: OnPercent | None = None,
    ) -> DomainKey:
        """Copy a machine with its disks; the copy is off and has a UUID of its own.

        Args:
            domain: Which domain; it may be a template.
            name: The copy's name.
            folder: The copy's folder, ``web/staging``; the original's if None.
            host: The copy's host; one that the server chooses if None.
            datastore: Where its files go; where the original's are if None.
            linked: Let its disks only hold what differs from the original's current snapshot.
            template: Make a template.
            progress: Is told how far it is.

        Raises:
            AlreadyExists: There is a machine of that name.
            InvalidState: A linked copy is wanted of a machine without snapshots.
            NotFound: There is no such folder, host or datastore.

        Cancellation: the copy is given up, and nothing of it stays.
        """
        raise NotImplementedError

    @operation
    async def delete(self, domain: DomainKey) -> None:
        """Remove a machine that is off with all its files, disks among them.

        Raises:
            InvalidState: It is not off.
        """
        raise NotImplementedError

    @operation
    async def relocate(
        self,
        domain: DomainKey,
        *,
        host: str | None = None,
        datastore: str | None = None,
        progress: OnPercent | None = None,
    ) -> None:
        """Move a machine to another host, its files to another datastore, or both, while it runs.

        Args:
            domain: Which domain.
            host: The host's name, or that of a cluster, which chooses one of its hosts.
            datastore: The datastore's name.
            progress: Is told how far it is.

        Raises:
            CallerError: Neither is named.
            NotFound: There is no such host or datastore.

        Cancellation: the move is given up, and the machine stays where it was.
        """
        raise NotImplementedError

    @operation
    async def is_template(self, domain: DomainKey) -> bool:
        """Whether a machine is a template, which never runs and is there to be copied."""
        raise NotImplementedError

    @operation
    async def set_template(self, domain: DomainKey, *, template: bool) -> None:
        """Make a template of a machine that is off, or a machine of a template.

        Raises:
            InvalidState: It is not off.
        """
        raise NotImplementedError

    @operation
    async def folder(self, domain: DomainKey) -> str:
        """The folder that a machine is in, ``web/staging``; empty for the topmost one."""
        raise NotImplementedError

    @operation
    async def move_to_folder(self, domain: DomainKey, folder: str) -> None:
        """Put a machine into another folder; those on the way that are missing are made.

        Args:
            domain: Which domain.
            folder: As `folder` tells it.
        """
        raise NotImplementedError

    @operation
    async def attributes(self, domain: DomainKey) -> Mapping[str, str]:
        """The custom attributes of a machine that have a value."""
        raise NotImplementedError

    @operation
    async def set_attribute(self, domain: DomainKey, name: str, value: str) -> None:
        """Give a custom attribute of a machine a value; an empty one takes it away.

        An attribute that the server does not know is made, for machines.
        """
        raise NotImplementedError

    # --- hosts ----------------------------------------------------------------------------------

    @operation
    async def maintenance(self, host: str | None = None) -> bool:
        """Whether a host is in maintenance mode, in which it runs no machines.

        Args:
            host: Its name; None for the only one, or the one that the URI names.

        Raises:
            NotFound: There is no such host, or none is named and there are several.
        """
        raise NotImplementedError

    @operation
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
            host: As `maintenance`.
            evacuate: Move machines that are off away as well, in a cluster.
            timeout_s: Seconds for which the server waits for the host's machines to end or to be
                moved; 0 for ever.
            progress: Is told how far it is.

        Raises:
            Unresponsive: Machines still run there after that time.

        Cancellation: the host stays out of it.
        """
        raise NotImplementedError

    @operation
    async def leave_maintenance(self, host: str | None = None) -> None:
        """Let a host leave maintenance mode; see `maintenance`."""
        raise NotImplementedError
