"""Verbs about the host's own network interfaces."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from aiovirt.cli.arguments import ContextArg, FileArg, SessionArg, about
from aiovirt.cli.documents import read_document, source_name
from aiovirt.cli.results import Column, Plain, Row, Rows
from aiovirt.cli.session import Session
from aiovirt.errors import ConfigError, NotFound
from aiovirt.model.mac import MacAddress

if TYPE_CHECKING:
    from aiovirt.objects import HostInterface

__all__ = [
    "InterfaceArg",
    "find_interface",
    "iface_begin",
    "iface_bridge",
    "iface_commit",
    "iface_define",
    "iface_destroy",
    "iface_dumpxml",
    "iface_list",
    "iface_mac",
    "iface_name",
    "iface_rollback",
    "iface_start",
    "iface_unbridge",
    "iface_undefine",
    "interface_done",
]

InterfaceArg = Annotated[str, about("Its name or MAC address.")]


async def find_interface(session: Session, text: str) -> HostInterface:
    """The interface of that name or MAC address, looked for in this order, as virsh does.

    Raises:
        NotFound: There is none.
    """
    try:
        return await session.host.interfaces.get(text)
    except NotFound as error:
        with suppress(ConfigError, NotFound):
            return await session.host.interfaces.get(MacAddress.parse(text))
        hint = error.hint or "aiovirt iface-list --all shows what there is"
        raise NotFound(str(error), hint=hint) from error


def interface_done(interface: HostInterface, result: str, words: str) -> Plain:
    """The confirmation that something was done to an interface."""
    data = {"name": interface.name, "mac": interface.mac, "result": result}
    return Plain(f"Interface {interface.name} {words}", data, [interface.name], chatter=True)


async def _act(
    session: Session,
    interface: str,
    verb: Callable[[HostInterface], Awaitable[None]],
    result: str,
) -> Plain:
    """Find the interface, do it, and confirm it."""
    found = await find_interface(session, interface)
    await verb(found)
    return interface_done(found, result, result)


def _state(row: Row) -> str:
    return "active" if row["active"] else "inactive"


_TABLE = [
    Column("name", "Name"),
    Column("active", "State", show=_state),
    Column("mac", "MAC Address"),
]


async def iface_list(
    *,
    everything: Annotated[bool, Parameter(name="--all", help="Those that are down, too.")] = False,
    inactive: Annotated[bool, about("Only those that are down.")] = False,
    session: SessionArg,
) -> Rows:
    """List the host's network interfaces that are up, or others by option.

    For example:

        aiovirt iface-list --all
    """
    records = await session.host.interfaces.records()
    rows = [
        {"name": record.key.name, "mac": record.key.mac, "active": record.active}
        for record in records
        if everything or record.active is not inactive
    ]
    return Rows(_TABLE, rows)


async def iface_dumpxml(
    interface: InterfaceArg,
    *,
    inactive: Annotated[bool, about("Its configuration instead of its state.")] = False,
    session: SessionArg,
) -> Plain:
    """Print what is known of an interface of the host as XML.

    For example:

        aiovirt iface-dumpxml eth0
    """
    found = await find_interface(session, interface)
    xml = await found.xml(inactive=inactive)
    return Plain(xml.rstrip("\n"), {"name": found.name, "xml": xml}, [found.name])


async def iface_name(interface: InterfaceArg, *, session: SessionArg) -> Plain:
    """Print the name of the interface with a MAC address.

    For example:

        aiovirt iface-name 52:54:00:12:34:56
    """
    found = await find_interface(session, interface)
    return Plain(found.name, {"name": found.name, "mac": found.mac}, [found.name])


async def iface_mac(interface: InterfaceArg, *, session: SessionArg) -> Plain:
    """Print the MAC address of an interface.

    For example:

        aiovirt iface-mac eth0
    """
    found = await find_interface(session, interface)
    return Plain(found.mac, {"name": found.name, "mac": found.mac}, [found.mac])


async def iface_define(
    file: FileArg,
    *,
    validate: Annotated[bool, about("Let libvirt check it against its grammar.")] = False,
    context: ContextArg,
) -> Plain:
    """Configure an interface of the host from an XML file, without starting it.

    For example:

        aiovirt iface-define br0.xml
    """
    document = await read_document(file)
    async with context.connect() as session:
        made = await session.host.interfaces.define(document, validate=validate)
    return interface_done(made, "defined", f"defined from {source_name(file)}")


async def iface_undefine(interface: InterfaceArg, *, session: SessionArg) -> Plain:
    """Remove the configuration of an interface of the host.

    For example:

        aiovirt iface-undefine br0
    """
    return await _act(session, interface, lambda found: found.undefine(), "undefined")


async def iface_start(interface: InterfaceArg, *, session: SessionArg) -> Plain:
    """Bring an interface of the host up.

    For example:

        aiovirt iface-start br0
    """
    return await _act(session, interface, lambda found: found.start(), "started")


async def iface_destroy(interface: InterfaceArg, *, session: SessionArg) -> Plain:
    """Bring an interface of the host down.

    For example:

        aiovirt iface-destroy br0
    """
    return await _act(session, interface, lambda found: found.destroy(), "destroyed")


async def iface_bridge(
    interface: InterfaceArg,
    bridge: Annotated[str, about("The name of the new bridge.")],
    *,
    no_stp: Annotated[bool, about("Without the spanning tree protocol.")] = False,
    delay: Annotated[int, about("Seconds that a new port waits before it forwards.")] = 0,
    no_start: Annotated[bool, about("Do not bring the bridge up.")] = False,
    session: SessionArg,
) -> Plain:
    """Put an interface of the host below a new bridge, which gets its addresses.

    For example:

        aiovirt iface-bridge eth0 br0
    """
    found = await find_interface(session, interface)
    made = await found.bridge(bridge, stp=not no_stp, delay=str(delay), start=not no_start)
    words = "created" if no_start else "created and started"
    data = {"name": made.name, "interface": found.name, "result": "bridged"}
    sentence = f"Bridge {made.name} with attached device {found.name} {words}"
    return Plain(sentence, data, [made.name], chatter=True)


async def iface_unbridge(
    bridge: InterfaceArg,
    *,
    no_start: Annotated[bool, about("Do not bring the interface up.")] = False,
    session: SessionArg,
) -> Plain:
    """Remove a bridge of the host; the interface below it gets its addresses.

    For example:

        aiovirt iface-unbridge br0
    """
    found = await find_interface(session, bridge)
    made = await found.unbridge(start=not no_start)
    data = {"name": made.name, "bridge": found.name, "result": "unbridged"}
    sentence = f"Device {made.name} un-attached from bridge {found.name}"
    return Plain(sentence, data, [made.name], chatter=True)


async def iface_begin(*, session: SessionArg) -> Plain:
    """Remember how all interfaces are configured, to go back to it.

    For example:

        aiovirt iface-begin
    """
    await session.host.interfaces.begin_changes()
    return Plain("Changes of interfaces begun", {"result": "begun"}, [], chatter=True)


async def iface_commit(*, session: SessionArg) -> Plain:
    """Keep what was changed since iface-begin.

    For example:

        aiovirt iface-commit
    """
    await session.host.interfaces.commit_changes()
    return Plain("Changes of interfaces committed", {"result": "committed"}, [], chatter=True)


async def iface_rollback(*, session: SessionArg) -> Plain:
    """Configure all interfaces as they were at iface-begin.

    For example:

        aiovirt iface-rollback
    """
    await session.host.interfaces.rollback_changes()
    return Plain("Changes of interfaces taken back", {"result": "taken back"}, [], chatter=True)
