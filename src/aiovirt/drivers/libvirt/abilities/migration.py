"""Moving a domain: what takes a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.drivers.libvirt.tunnel import Tunnel
from aiovirt.interfaces import Migration, MigrationTunnel
from aiovirt.model.params import TypedParams
from aiovirt.protocols.libvirt.tables import domain_migration as p

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainMigrateFlags

__all__ = ["LibvirtMigration"]


class LibvirtMigration(LibvirtAbility, Migration):
    """See `aiovirt.drivers.libvirt.abilities`."""

    @asynccontextmanager
    async def prepare_tunnel(
        self,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> AsyncIterator[MigrationTunnel]:
        """See `Migration.prepare_tunnel`."""
        args = p.DomainMigratePrepareTunnel3ParamsArgs(params, cookie, int(flags))
        client = await self._link.client()
        opening = client.stream(p.DOMAIN_MIGRATE_PREPARE_TUNNEL3_PARAMS, args)
        async with opening as (reply, stream):
            yield Tunnel(stream, reply.cookie_out)
