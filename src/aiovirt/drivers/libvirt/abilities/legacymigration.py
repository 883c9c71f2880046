"""Moving a domain as older libvirts do it: what takes a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

from aiovirt.bindings.values import scaled
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.drivers.libvirt.tunnel import Tunnel
from aiovirt.interfaces import LegacyMigration, MigrationTunnel
from aiovirt.protocols.libvirt.tables import domain_migration as p

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainMigrateFlags

__all__ = ["LibvirtLegacyMigration"]

SPEED = scaled(1024 * 1024)


class LibvirtLegacyMigration(LibvirtAbility, LegacyMigration):
    """See `aiovirt.drivers.libvirt.abilities`."""

    @asynccontextmanager
    async def prepare_tunnel1(
        self,
        xml: str,
        *,
        name: str | None = None,
        bandwidth: int = 0,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> AsyncIterator[MigrationTunnel]:
        """See `LegacyMigration.prepare_tunnel1`."""
        limit = SPEED.send(bandwidth)
        args = p.DomainMigratePrepareTunnelArgs(int(flags), name, limit, xml)
        client = await self._link.client()
        async with client.stream(p.DOMAIN_MIGRATE_PREPARE_TUNNEL, args) as (_, stream):
            yield Tunnel(stream)

    @asynccontextmanager
    async def prepare_tunnel3(
        self,
        xml: str,
        cookie: bytes = b"",
        *,
        name: str | None = None,
        bandwidth: int = 0,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> AsyncIterator[MigrationTunnel]:
        """See `LegacyMigration.prepare_tunnel3`."""
        limit = SPEED.send(bandwidth)
        args = p.DomainMigratePrepareTunnel3Args(cookie, int(flags), name, limit, xml)
        client = await self._link.client()
        async with client.stream(p.DOMAIN_MIGRATE_PREPARE_TUNNEL3, args) as (reply, stream):
            yield Tunnel(stream, reply.cookie_out)
