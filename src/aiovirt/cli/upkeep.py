"""Verbs for snapshots, consoles and guests of VMware's servers, which virsh has none for."""

from __future__ import annotations

from typing import Annotated

from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.points import point_done
from aiovirt.cli.results import Column, Plain, Row, Rows, done
from aiovirt.model.tickets import TicketKind

__all__ = [
    "console_ticket",
    "guest_end",
    "guest_programs",
    "snapshot_consolidate",
    "snapshot_delete_all",
    "snapshot_rename",
]


async def snapshot_rename(
    domain: DomainArg,
    snapshotname: Annotated[str, about("Its name.")],
    name: Annotated[str, about("Its new name.")],
    *,
    description: Annotated[str | None, about("Its new description.")] = None,
    session: SessionArg,
) -> Plain:
    """Give a snapshot another name.

    For example:

        aiovirt snapshot-rename web1 1735689600 before-upgrade
    """
    vm = await session.domain(domain)
    found = await vm.snapshots.get(snapshotname)
    renamed = await found.rename(name, description=description)
    sentence = f"Snapshot {snapshotname} of '{vm.name}' renamed to {renamed.name}"
    return point_done(vm.key, renamed.name, "renamed", sentence)


async def snapshot_delete_all(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Delete all snapshots of a domain; its disks keep what they have.

    For example:

        aiovirt snapshot-delete-all web1
    """
    vm = await session.domain(domain)
    async with session.progress(f"{vm.name}: deleting snapshots"):
        await vm.snapshots.delete_all()
    return done(vm.key, "deleted", f"All snapshots of '{vm.name}' deleted")


async def snapshot_consolidate(
    domain: DomainArg,
    *,
    check: Annotated[bool, about("Only tell whether it is needed.")] = False,
    session: SessionArg,
) -> Plain:
    """Bring back into disks what files of deleted snapshots still hold.

    For example:

        aiovirt snapshot-consolidate web1 --check
    """
    vm = await session.domain(domain)
    if check:
        needed = await vm.snapshots.needs_consolidation()
        data = {"name": vm.name, "uuid": str(vm.uuid), "needed": needed}
        return Plain("yes" if needed else "no", data, [vm.name])
    async with session.progress(f"{vm.name}: consolidating"):
        await vm.snapshots.consolidate()
    return done(vm.key, "consolidated", f"The disks of '{vm.name}' are consolidated")


async def console_ticket(
    domain: DomainArg,
    *,
    kind: Annotated[TicketKind, about("For a browser, or for VMware's own console.")] = "webmks",
    session: SessionArg,
) -> Plain:
    """Print a ticket for a domain's console, which lets its bearer in once.

    A browser's console opens the address; VMware's own one wants host, port, file and ticket.

    For example:

        aiovirt console-ticket web1
    """
    vm = await session.domain(domain)
    ticket = await vm.console_ticket(kind)
    data = {
        "name": vm.name,
        "kind": ticket.kind,
        "url": ticket.url.reveal() if kind == "webmks" else None,
        "host": ticket.host,
        "port": ticket.port,
        "ticket": ticket.ticket.reveal(),
        "thumbprint": ticket.thumbprint,
        "file": ticket.file,
    }
    shown = ticket.url.reveal() if kind == "webmks" else ticket.ticket.reveal()
    return Plain(shown, data, [vm.name])


async def guest_programs(domain: DomainArg, *, session: SessionArg) -> Rows:
    """List what runs in a guest, by VMware Tools, with an account of the guest.

    For example:

        aiovirt guest-programs web1
    """
    vm = await session.domain(domain)
    rows: list[Row] = [
        {
            "name": each.name,
            "pid": each.pid,
            "owner": each.owner,
            "command": each.command,
            "started": int(each.started.timestamp()),
            "status": each.status,
        }
        for each in await vm.guest_programs()
    ]
    columns = (
        Column("pid", "Pid"),
        Column("owner", "Owner"),
        Column("status", "Status"),
        Column("command", "Command"),
    )
    return Rows(columns, rows)


async def guest_end(
    domain: DomainArg,
    pid: Annotated[int, about("Its number in the guest.")],
    *,
    session: SessionArg,
) -> Plain:
    """End a program of a guest, by VMware Tools, as by SIGKILL.

    For example:

        aiovirt guest-end web1 4711
    """
    vm = await session.domain(domain)
    await vm.guest_end_program(pid)
    return done(vm.key, "ended", f"Program {pid} of '{vm.name}' ended", pid=pid)
