"""``net-edit``, ``iface-edit`` and ``nwfilter-edit``: their configurations in the user's editor."""

from __future__ import annotations

from aiovirt.cli.arguments import TurnsArg
from aiovirt.cli.editing import Editable, edited
from aiovirt.cli.filters import FilterArg, filter_done, find_filter
from aiovirt.cli.host_interfaces import InterfaceArg, find_interface, interface_done
from aiovirt.cli.network import NetworkArg, find_network, network_done
from aiovirt.cli.results import Plain
from aiovirt.cli.session import Session

__all__ = ["iface_edit", "net_edit", "nwfilter_edit"]


def net_edit(network: NetworkArg, *, turns: TurnsArg) -> Plain:
    """Edit the configuration of a network.

    The editor is $VISUAL, $EDITOR or vi. What is changed holds from the next start on.

    For example:

        EDITOR=nano aiovirt net-edit default
    """

    async def find(session: Session) -> Editable:
        key = (await find_network(session, network)).key

        async def read(session: Session) -> str:
            return await (await session.host.networks.get(key.uuid)).xml(inactive=True)

        async def write(session: Session, text: str) -> None:
            await session.host.networks.define(text)

        def confirm(result: str, sentence: str) -> Plain:
            return network_done(key, result, sentence)

        return Editable(f"network '{key.name}'", key.uuid, read, write, confirm)

    return edited(turns, find)


def nwfilter_edit(nwfilter: FilterArg, *, turns: TurnsArg) -> Plain:
    """Edit a network filter.

    The editor is $VISUAL, $EDITOR or vi. What is changed holds for all guests at once.

    For example:

        EDITOR=nano aiovirt nwfilter-edit no-mail
    """

    async def find(session: Session) -> Editable:
        found = await find_filter(session, nwfilter)

        async def read(session: Session) -> str:
            return await (await session.host.filters.get(found.uuid)).xml()

        async def write(session: Session, text: str) -> None:
            await session.host.filters.define(text)

        def confirm(result: str, sentence: str) -> Plain:
            return filter_done(found, result, sentence)

        return Editable(f"network filter '{found.name}'", found.uuid, read, write, confirm)

    return edited(turns, find)


def iface_edit(interface: InterfaceArg, *, turns: TurnsArg) -> Plain:
    """Edit the configuration of an interface of the host.

    The editor is $VISUAL, $EDITOR or vi. What is changed holds from the next start on.

    For example:

        EDITOR=nano aiovirt iface-edit br0
    """

    async def find(session: Session) -> Editable:
        found = await find_interface(session, interface)

        async def read(session: Session) -> str:
            return await (await session.host.interfaces.get(found.name)).xml(inactive=True)

        async def write(session: Session, text: str) -> None:
            await session.host.interfaces.define(text)

        def confirm(result: str, _sentence: str) -> Plain:
            return interface_done(found, result, f"XML configuration {result}")

        return Editable(f"interface '{found.name}'", found.name, read, write, confirm)

    return edited(turns, find)
