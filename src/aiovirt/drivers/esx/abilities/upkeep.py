"""Snapshots kept in order, and tickets for consoles."""

from __future__ import annotations

from typing import Final

from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.guestfacts import running
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.drivers.esx.snapshots import named, snapshots_of
from aiovirt.errors import AlreadyExists, Unsupported
from aiovirt.interfaces import SnapshotUpkeep, Tickets
from aiovirt.model.credentials import Secret
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import SnapshotKey
from aiovirt.model.tickets import ConsoleTicket, TicketKind
from aiovirt.protocols.vsphere.tables import machine_methods as m

__all__ = ["EsxSnapshotUpkeep", "EsxTickets"]

_NEEDED: Final = "runtime.consolidationNeeded"
_PORTS: Final = {"webmks": 443, "mks": 902}
"""Where consoles are, where the server does not tell."""


class EsxSnapshotUpkeep(EsxAbility, SnapshotUpkeep):
    """See `SnapshotUpkeep`."""

    async def rename_snapshot(
        self, snapshot: SnapshotKey, name: str, *, description: str | None = None
    ) -> SnapshotKey:
        """See `SnapshotUpkeep.rename_snapshot`."""
        async with self.session.changing(snapshot.domain) as seen:
            machine = await self.session.fresh(seen)
            tree = snapshots_of(machine)
            found = named(tree, snapshot)
            if name != found.name and name in tree:
                raise AlreadyExists(f"domain {machine.name!r} has a snapshot {name!r} already")
            what = f"rename snapshot {found.name!r} of domain {machine.name!r}"
            args = m.RenameSnapshotArgs(name=name, description=description)
            await self.session.call(m.RENAME_SNAPSHOT, found.ref, args, what=what)
            await self.session.inventory.refresh(machine.ref)
            return SnapshotKey(machine.key, name)

    async def delete_all_snapshots(self, domain: DomainKey) -> None:
        """See `SnapshotUpkeep.delete_all_snapshots`."""
        async with self.session.changing(domain) as machine:
            what = f"remove all snapshots of domain {machine.name!r}"
            args = m.RemoveAllSnapshotsTaskArgs()
            async with self.session.works.on(machine.ref, what) as work:
                await self.session.change(
                    m.REMOVE_ALL_SNAPSHOTS_TASK, machine, args, what=what, progress=work.told
                )
            await self.session.inventory.refresh(machine.ref)

    async def needs_consolidation(self, domain: DomainKey) -> bool:
        """See `SnapshotUpkeep.needs_consolidation`."""
        machine = self.session.machines.get(domain)
        return (await self.session.get(machine.ref, _NEEDED)).get(_NEEDED) is True

    async def consolidate(self, domain: DomainKey) -> None:
        """See `SnapshotUpkeep.consolidate`."""
        async with self.session.changing(domain) as machine:
            what = f"consolidate the disks of domain {machine.name!r}"
            async with self.session.works.on(machine.ref, what) as work:
                await self.session.change(
                    m.CONSOLIDATE_VM_DISKS_TASK, machine, what=what, progress=work.told
                )


class EsxTickets(EsxAbility, Tickets):
    """See `Tickets`."""

    async def console_ticket(
        self, domain: DomainKey, *, kind: TicketKind = "webmks"
    ) -> ConsoleTicket:
        """See `Tickets.console_ticket`; it is good for some minutes."""
        if kind not in _PORTS:
            raise Unsupported(DRIVER, f"tickets of the kind {kind!r}")
        machine = running(self.session.machines.get(domain))
        what = f"give a ticket for the console of domain {machine.name!r}"
        args = m.AcquireTicketArgs(ticket_type=kind)
        found = await self.session.call(m.ACQUIRE_TICKET, machine.ref, args, what=what)
        return ConsoleTicket(
            kind=kind,
            ticket=Secret(found.ticket),
            host=found.host or self.session.uri.host or "",
            port=found.port or _PORTS[kind],
            thumbprint=found.ssl_thumbprint,
            file=found.cfg_file,
        )
