"""What verbs about networks share: networks by what users call them, and their rows."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from aiovirt.cli.arguments import about
from aiovirt.cli.results import Plain, Row
from aiovirt.cli.session import Session
from aiovirt.errors import NotFound
from aiovirt.model.keys import NetworkKey
from aiovirt.model.network import NetworkRecord

if TYPE_CHECKING:
    from aiovirt.objects import Network

__all__ = ["NetworkArg", "describe_network", "find_network", "network_done", "network_xml"]

NetworkArg = Annotated[str, about("Its name or UUID.")]


async def find_network(session: Session, text: str) -> Network:
    """The network of that UUID or name, looked for in this order, as virsh does.

    Raises:
        NotFound: There is none.
    """
    with suppress(ValueError, NotFound):
        return await session.host.networks.get(UUID(text))
    try:
        return await session.host.networks.get(text)
    except NotFound as error:
        hint = error.hint or "aiovirt net-list --all shows what there is"
        raise NotFound(str(error), hint=hint) from error


def describe_network(record: NetworkRecord) -> Row:
    """A network, as documented in docs/cli.md."""
    return {
        "name": record.key.name,
        "uuid": str(record.key.uuid),
        "active": record.active,
        "persistent": record.persistent,
        "autostart": record.autostart,
    }


def network_done(key: NetworkKey, result: str, sentence: str, **more: object) -> Plain:
    """The confirmation that something was done to a network."""
    data = {"name": key.name, "uuid": str(key.uuid), "result": result, **more}
    return Plain(sentence, data, [key.name], chatter=True)


def network_xml(key: NetworkKey, xml: str) -> Plain:
    """A network's configuration."""
    data = {"name": key.name, "uuid": str(key.uuid), "xml": xml}
    return Plain(xml.rstrip("\n"), data, [key.name])
