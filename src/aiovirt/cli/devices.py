"""Verbs that list the devices of a domain, from its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.results import Column, Plain, Row, Rows, value
from aiovirt.errors import NotFound

if TYPE_CHECKING:
    from aiovirt.config.devices.disk import Disk
    from aiovirt.config.devices.interface import Interface

__all__ = ["domblklist", "domiflist", "ttyconsole"]

InactiveArg = Annotated[bool, about("Those of the next start, even if it runs.")]


async def domblklist(
    domain: DomainArg, *, inactive: InactiveArg = False, session: SessionArg
) -> Rows:
    """List the disks of a domain.

    For example:

        aiovirt domblklist web1
    """
    config = await (await session.domain(domain)).config(inactive=inactive)
    columns = [Column("name", "Target"), Column("source", "Source")]
    return Rows(columns, [_disk(disk) for disk in config.disks])


def _disk(disk: Disk) -> Row:
    source = disk.source
    return {
        "name": disk.target.dev,
        "source": source.file or source.dev or source.name or source.dir or source.volume,
        "type": disk.type,
        "device": disk.device or "disk",
        "bus": disk.target.bus,
    }


async def domiflist(
    domain: DomainArg, *, inactive: InactiveArg = False, session: SessionArg
) -> Rows:
    """List the network interfaces of a domain.

    For example:

        aiovirt domiflist web1
    """
    config = await (await session.domain(domain)).config(inactive=inactive)
    columns = [
        Column("name", "Interface"),
        Column("type", "Type"),
        Column("source", "Source"),
        Column("model", "Model"),
        Column("mac", "MAC"),
    ]
    return Rows(columns, [_interface(interface) for interface in config.interfaces])


def _interface(interface: Interface) -> Row:
    source = interface.source
    return {
        "name": interface.target_dev,
        "type": interface.type,
        "source": source.network or source.bridge or source.dev or source.path,
        "model": interface.model,
        "mac": None if interface.mac is None else str(interface.mac),
    }


async def ttyconsole(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Print the pseudo terminal of the console.

    For example:

        aiovirt ttyconsole web1
    """
    found = await session.domain(domain)
    config = await found.config()
    for device in (*config.consoles, *config.serials):
        if device.type == "pty" and device.source.path:
            return value("tty", device.source.path)
    raise NotFound(
        f"the console of domain '{found.name}' is no pseudo terminal",
        hint=f"aiovirt console {found.name}",
    )
