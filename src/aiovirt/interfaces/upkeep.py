"""What some hypervisors do with snapshots and consoles beyond libvirt's own operations."""

from __future__ import annotations

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import SnapshotKey
from aiovirt.model.tickets import ConsoleTicket, TicketKind

__all__ = ["SnapshotUpkeep", "Tickets"]


class SnapshotUpkeep(Ability):
    """Keeping the snapshots of a domain in order.

    Every one raises `NotFound` for a domain or a snapshot that is not there.
    """

    @operation
    async def rename_snapshot(
        self, snapshot: SnapshotKey, name: str, *, description: str | None = None
    ) -> SnapshotKey:
        """Give a snapshot another name, and another description if one is told.

        Raises:
            AlreadyExists: The domain has one of that name.
        """
        raise NotImplementedError

    @operation
    async def delete_all_snapshots(self, domain: DomainKey) -> None:
        """Delete all snapshots of a domain at once; its disks keep what they have.

        Cancellation: the server is asked to stop; some may be gone.
        """
        raise NotImplementedError

    @operation
    async def needs_consolidation(self, domain: DomainKey) -> bool:
        """Whether files of snapshots that are gone still hold data of the domain's disks."""
        raise NotImplementedError

    @operation
    async def consolidate(self, domain: DomainKey) -> None:
        """Bring what such files hold back into the domain's disks, and remove them."""
        raise NotImplementedError


class Tickets(Ability):
    """Letting programs of one's own at a domain's console."""

    @operation
    async def console_ticket(
        self, domain: DomainKey, *, kind: TicketKind = "webmks"
    ) -> ConsoleTicket:
        """A ticket for a domain's console, good once and for a short time.

        Args:
            domain: Which domain.
            kind: ``webmks`` for browsers, by a WebSocket; ``mks`` for VMware's own console.

        Raises:
            InvalidState: The domain does not run.
        """
        raise NotImplementedError
