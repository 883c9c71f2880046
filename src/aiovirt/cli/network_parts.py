"""Verbs about parts of networks: what is in them, their ports, what is written about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from cyclopts import Parameter

from aiovirt.cli.affects import AFFECTS, Affects
from aiovirt.cli.arguments import ContextArg, FileArg, SessionArg, about
from aiovirt.cli.documents import read_document, source_name
from aiovirt.cli.failures import UsageError
from aiovirt.cli.network import NetworkArg, find_network, network_done, network_xml
from aiovirt.cli.results import Column, Plain, Rows
from aiovirt.cli.session import Session
from aiovirt.errors import NotFound

if TYPE_CHECKING:
    from aiovirt.objects import Network, NetworkPort

__all__ = [
    "net_desc",
    "net_metadata",
    "net_port_create",
    "net_port_delete",
    "net_port_dumpxml",
    "net_port_list",
    "net_update",
]

PortArg = Annotated[str, about("The port's UUID.")]
Command = Literal["add", "add-first", "add-last", "modify", "delete"]


# --- what is in them --------------------------------------------------------------------------


async def net_update(
    network: NetworkArg,
    command: Annotated[Command, about("What to do; add is add-last.")],
    section: Annotated[str, about("What kind of part, such as ip-dhcp-host.")],
    xml: Annotated[str, about("The part, or the name of a file with it.")],
    *,
    parent_index: Annotated[int, about("Which parent it is in, counted from 0.")] = -1,
    affects: Affects = AFFECTS,
    context: ContextArg,
) -> Plain:
    """Change one part of a network, also while it is active.

    For example:

        aiovirt net-update default add ip-dhcp-host host.xml --live --config
        aiovirt net-update default delete dns-host "<host ip='192.168.122.9'/>"
    """
    affects.check()
    part = xml if xml.lstrip().startswith("<") else (await read_document(Path(xml))).decode()
    async with context.connect() as session:
        found = await find_network(session, network)
        await found.update(
            command,
            section,
            part,
            parent_index=parent_index,
            live=affects.live,
            persistent=affects.config,
        )
        live = affects.live or (not affects.config and await found.is_active())
    changed = [
        word for word, on in (("persistent config", affects.config), ("live state", live)) if on
    ]
    what = " and ".join(changed) or "persistent config"
    return network_done(found.key, "updated", f"Updated network {found.name} {what}")


# --- ports --------------------------------------------------------------------------------------


async def _port(session: Session, network: str, text: str) -> NetworkPort:
    found = await find_network(session, network)
    try:
        return await found.port(UUID(text))
    except (ValueError, NotFound) as error:
        raise NotFound(
            f"network {found.name!r} has no port {text}",
            hint=f"aiovirt net-port-list {found.name} shows what there is",
        ) from error


def _port_done(port: NetworkPort, result: str, sentence: str) -> Plain:
    data = {"network": port.key.network.name, "uuid": str(port.uuid), "result": result}
    return Plain(sentence, data, [str(port.uuid)], chatter=True)


async def net_port_list(
    network: NetworkArg,
    *,
    uuid: Annotated[bool, about("UUIDs alone, one a line.")] = False,
    session: SessionArg,
) -> Rows:
    """List the ports of a network.

    For example:

        aiovirt net-port-list default
    """
    found = await find_network(session, network)
    rows = [
        {"name": str(port.uuid), "uuid": str(port.uuid), "network": found.name}
        for port in await found.ports()
    ]
    return Rows([Column("uuid", "UUID")], rows, bare=uuid)


async def net_port_create(
    network: NetworkArg,
    file: FileArg,
    *,
    validate: Annotated[bool, about("Let libvirt check it against its grammar.")] = False,
    context: ContextArg,
) -> Plain:
    """Make a port of a network from an XML file; for who runs guests by other means.

    For example:

        aiovirt net-port-create default port.xml
    """
    document = await read_document(file)
    async with context.connect() as session:
        found = await find_network(session, network)
        port = await found.create_port(document, validate=validate)
    return _port_done(port, "created", f"Network port {port.uuid} created from {source_name(file)}")


async def net_port_dumpxml(network: NetworkArg, port: PortArg, *, session: SessionArg) -> Plain:
    """Print a port of a network as XML.

    For example:

        aiovirt net-port-dumpxml default 7ae63b5f-fe96-4af0-a7c3-da04ba1b126f
    """
    found = await _port(session, network, port)
    xml = await found.xml()
    data = {"network": found.key.network.name, "uuid": str(found.uuid), "xml": xml}
    return Plain(xml.rstrip("\n"), data, [str(found.uuid)])


async def net_port_delete(network: NetworkArg, port: PortArg, *, session: SessionArg) -> Plain:
    """Remove a port of a network.

    For example:

        aiovirt net-port-delete default 7ae63b5f-fe96-4af0-a7c3-da04ba1b126f
    """
    found = await _port(session, network, port)
    await found.delete()
    return _port_done(found, "deleted", f"Network port {found.uuid} deleted")


# --- what is written about them: since libvirt 9.7 ------------------------------------------------


async def net_desc(
    network: NetworkArg,
    *new: Annotated[str, about("The new text; - reads it from standard input.")],
    title: Annotated[bool, about("The title instead of the description.")] = False,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Print or set the description of a network, or its title.

    For example:

        aiovirt net-desc default
        aiovirt net-desc default --title --config "Guests of the lab"
    """
    affects.check()
    found = await find_network(session, network)
    what = "title" if title else "description"
    if not new:
        return await _described(found, what, affects)
    text = " ".join(new)
    if text == "-":
        text = (await read_document(Path("-"))).decode()
    setter = found.set_title if title else found.set_description
    await setter(text or None, live=affects.live, persistent=affects.config)
    return network_done(found.key, "updated", f"Network {what} updated successfully")


async def _described(found: Network, what: str, affects: Affects) -> Plain:
    getter = found.title if what == "title" else found.description
    try:
        text = await getter(live=affects.live, persistent=affects.config)
    except NotFound:
        return Plain(f"No {what} for network: {found.name}", {what: None}, [])
    return Plain(text, {what: text}, [text])


async def net_metadata(
    network: NetworkArg,
    uri: Annotated[str, about("The element's namespace.")],
    *,
    key: Annotated[str | None, about("The prefix of the namespace, for --set.")] = None,
    new: Annotated[str | None, Parameter(name="--set", help="The new element.")] = None,
    remove: Annotated[bool, about("Remove the element.")] = False,
    affects: Affects = AFFECTS,
    session: SessionArg,
) -> Plain:
    """Print, set or remove what a namespace has in the metadata of a network.

    For example:

        aiovirt net-metadata default http://example.com/team
        aiovirt net-metadata default http://example.com/team --key t --set "<team>lab</team>"
    """
    affects.check()
    if new is not None and (remove or key is None):
        raise UsageError("--set goes with --key, and not with --remove")
    found = await find_network(session, network)
    if new is None and not remove:
        return network_xml(
            found.key, await found.metadata(uri, live=affects.live, persistent=affects.config)
        )
    await found.set_metadata(uri, new, key=key, live=affects.live, persistent=affects.config)
    result, words = ("removed", "removed") if remove else ("updated", "modified")
    return network_done(found.key, result, f"Metadata {words}")
