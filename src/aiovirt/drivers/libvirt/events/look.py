"""Looking at what there is on a host: its domains, networks and pools, in a few calls at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiovirt._tasks import gather
from aiovirt.bindings.values import NETWORK, POOL
from aiovirt.clients.libvirt import LibvirtClient
from aiovirt.drivers.libvirt.events.known import Look, Thing
from aiovirt.drivers.libvirt.listing import list_domains
from aiovirt.errors import Unsupported
from aiovirt.protocols.libvirt.tables import connect as p

__all__ = ["take_look"]

ACTIVE, PERSISTENT = 2, 4
"""The same bits in the flags of both lists."""


async def take_look(client: LibvirtClient) -> Look:
    """What there is now.

    Raises:
        ConnectionLost: The connection ended first.
    """
    domains, networks, pools = await gather(
        lambda: list_domains(client), lambda: _networks(client), lambda: _pools(client)
    )
    return Look(domains, networks, pools)


async def _networks(client: LibvirtClient) -> list[Thing] | None:
    async def fetch(flags: int) -> list[Any]:
        args = p.ConnectListAllNetworksArgs(1, flags)
        return (await client.call(p.CONNECT_LIST_ALL_NETWORKS, args)).nets

    return await _things(fetch, NETWORK.read)


async def _pools(client: LibvirtClient) -> list[Thing] | None:
    async def fetch(flags: int) -> list[Any]:
        args = p.ConnectListAllStoragePoolsArgs(1, flags)
        return (await client.call(p.CONNECT_LIST_ALL_STORAGE_POOLS, args)).pools

    return await _things(fetch, POOL.read)


async def _things(
    fetch: Callable[[int], Awaitable[list[Any]]], read: Callable[[Any], Any]
) -> list[Thing] | None:
    """All, which of them are active, and which are persistent; None where there are no such."""
    try:
        everything, active, persistent = await gather(
            lambda: fetch(0), lambda: fetch(ACTIVE), lambda: fetch(PERSISTENT)
        )
    except Unsupported:
        return None
    running = {found.uuid for found in active}
    staying = {found.uuid for found in persistent}
    return [Thing(read(f), f.uuid in running, f.uuid in staying) for f in everything]
