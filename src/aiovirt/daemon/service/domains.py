"""The calls about domains that no row says: the list of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiovirt.bindings.values import DOMAIN
from aiovirt.daemon.service.handler import AnyHandler
from aiovirt.interfaces import Definition
from aiovirt.model.constants import ConnectListAllDomainsFlags
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables.structs import Domain

if TYPE_CHECKING:
    from aiovirt.daemon.service.session import Session

__all__ = ["HANDLERS"]


async def _list(session: Session, args: c.ConnectListAllDomainsArgs) -> c.ConnectListAllDomainsRet:
    host = session.opened_host()
    definition = host.driver.ability(Definition)
    keys = await definition.keys(flags=ConnectListAllDomainsFlags(args.flags))
    if not args.need_results:
        return c.ConnectListAllDomainsRet([], len(keys))
    domains: list[Domain] = [DOMAIN.send(key) for key in keys]
    return c.ConnectListAllDomainsRet(await host.operations.numbers.number(domains), len(keys))


HANDLERS: Mapping[Procedure[Any, Any], AnyHandler] = {c.CONNECT_LIST_ALL_DOMAINS: _list}
