"""Verbs that list the devices of a domain, from its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.results import Column, Plain, Row, Rows, value
from aiovirt.cli.session import Session
from aiovirt.errors import NotFound

if TYPE_CHECKING:
    from aiovirt.config.devices.disk import Disk
    from aiovirt.config.devices.graphics import Graphics
    from aiovirt.config.devices.interface import Interface

__all__ = ["domblklist", "domdisplay", "domiflist", "ttyconsole", "vncdisplay"]

_FIRST_VNC_PORT = 5900  # RFC 6143 leaves it to practice: display N listens on 5900 + N

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


async def domdisplay(
    domain: DomainArg,
    *,
    kind: Annotated[str | None, Parameter(name="--type", help="vnc or spice.")] = None,
    session: SessionArg,
) -> Plain:
    """Print where the screen of a running domain is served.

    For example:

        aiovirt domdisplay web1
        remote-viewer $(aiovirt domdisplay --type spice web1)
    """
    graphics = await _graphics(session, domain, kind)
    port = _display(graphics) if graphics.type == "vnc" else graphics.port
    place = graphics.socket or f"{_host(graphics)}:{port}"
    return value("uri", f"{graphics.type}{'+unix' if graphics.socket else ''}://{place}")


async def vncdisplay(domain: DomainArg, *, session: SessionArg) -> Plain:
    """Print the VNC display of a running domain.

    For example:

        vncviewer $(aiovirt vncdisplay web1)
    """
    graphics = await _graphics(session, domain, "vnc")
    return value("display", graphics.socket or f"{_host(graphics)}:{_display(graphics)}")


def _display(graphics: Graphics) -> int:
    """The number that VNC's users give instead of the port."""
    return (graphics.port or _FIRST_VNC_PORT) - _FIRST_VNC_PORT


def _host(graphics: Graphics) -> str:
    """The address that a display is served on; one with colons is in brackets."""
    listens = [listen.address for listen in graphics.listens if listen.address]
    address = graphics.listen or (listens[0] if listens else "127.0.0.1")
    return f"[{address}]" if ":" in address else address


async def _graphics(session: Session, domain: str, kind: str | None) -> Graphics:
    """The display of that kind, or the first, that is served now.

    Raises:
        NotFound: There is none: it has no display, or it does not run.
    """
    found = await session.domain(domain)
    for graphics in (await found.config()).graphics:
        served = graphics.socket or (graphics.port or 0) > 0
        if served and kind in {None, graphics.type}:
            return graphics
    raise NotFound(
        f"domain '{found.name}' serves no {kind or 'graphical'} display now",
        hint=f"aiovirt start {found.name}, if it has one and is off",
    )
