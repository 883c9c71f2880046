"""Verbs about networks as a whole: each is one verb of `Network`, and a sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

from aiovirt.cli.arguments import ContextArg, FileArg, SessionArg, about
from aiovirt.cli.documents import read_document, source_name
from aiovirt.cli.network import NetworkArg, find_network, network_done, network_xml
from aiovirt.cli.results import Plain
from aiovirt.cli.session import Session

if TYPE_CHECKING:
    from aiovirt.objects import Network

__all__ = [
    "net_autostart",
    "net_create",
    "net_define",
    "net_destroy",
    "net_dumpxml",
    "net_name",
    "net_start",
    "net_undefine",
    "net_uuid",
]

ValidateArg = Annotated[bool, about("Let libvirt check it against its grammar.")]


async def _act(
    session: Session,
    network: str,
    verb: Callable[[Network], Awaitable[None]],
    result: str,
    words: str,
) -> Plain:
    """Find the network, do it, and confirm it."""
    found = await find_network(session, network)
    await verb(found)
    return network_done(found.key, result, f"Network {found.name} {words}")


async def net_define(file: FileArg, *, validate: ValidateArg = False, context: ContextArg) -> Plain:
    """Define a network from an XML file, without starting it.

    For example:

        aiovirt net-define lan.xml
    """
    document = await read_document(file)
    async with context.connect() as session:
        made = await session.host.networks.define(document, validate=validate)
    return network_done(
        made.key, "defined", f"Network {made.name} defined from {source_name(file)}"
    )


async def net_create(file: FileArg, *, validate: ValidateArg = False, context: ContextArg) -> Plain:
    """Start a network from an XML file, without defining it.

    For example:

        aiovirt net-create lan.xml
    """
    document = await read_document(file)
    async with context.connect() as session:
        made = await session.host.networks.create(document, validate=validate)
    return network_done(
        made.key, "created", f"Network {made.name} created from {source_name(file)}"
    )


async def net_start(network: NetworkArg, *, session: SessionArg) -> Plain:
    """Start a network that is defined.

    For example:

        aiovirt net-start default
    """
    return await _act(session, network, lambda found: found.start(), "started", "started")


async def net_destroy(network: NetworkArg, *, session: SessionArg) -> Plain:
    """Stop a network; guests that are plugged into it lose it.

    For example:

        aiovirt net-destroy default
    """
    return await _act(session, network, lambda found: found.destroy(), "destroyed", "destroyed")


async def net_undefine(network: NetworkArg, *, session: SessionArg) -> Plain:
    """Remove the definition of a network; an active one stays until it stops.

    For example:

        aiovirt net-undefine lan
    """
    words = "has been undefined"
    return await _act(session, network, lambda found: found.undefine(), "undefined", words)


async def net_autostart(
    network: NetworkArg,
    *,
    disable: Annotated[bool, about("Do not start it with the daemon any more.")] = False,
    session: SessionArg,
) -> Plain:
    """Let a network start with the daemon.

    For example:

        aiovirt net-autostart default
        aiovirt net-autostart --disable default
    """
    result = "unmarked" if disable else "marked"
    return await _act(
        session,
        network,
        lambda found: found.set_autostart(autostart=not disable),
        result,
        f"{result} as autostarted",
    )


async def net_dumpxml(
    network: NetworkArg,
    *,
    inactive: Annotated[bool, about("The definition, even if it is active.")] = False,
    session: SessionArg,
) -> Plain:
    """Print the configuration of a network as XML.

    For example:

        aiovirt net-dumpxml default > default.xml
    """
    found = await find_network(session, network)
    return network_xml(found.key, await found.xml(inactive=inactive))


async def net_name(network: NetworkArg, *, session: SessionArg) -> Plain:
    """Print the name of a network.

    For example:

        aiovirt net-name dd8fe884-6c02-601e-7551-cca97df1c5df
    """
    return _identity(await find_network(session, network), "name")


async def net_uuid(network: NetworkArg, *, session: SessionArg) -> Plain:
    """Print the UUID of a network.

    For example:

        aiovirt net-uuid default
    """
    return _identity(await find_network(session, network), "uuid")


def _identity(network: Network, key: str) -> Plain:
    data = {"name": network.name, "uuid": str(network.uuid)}
    return Plain(data[key], data, [data[key]])
