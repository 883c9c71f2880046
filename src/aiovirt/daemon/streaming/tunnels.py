"""Migrations whose data come along the client's connection: this host is the destination."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from aiovirt.bindings.values import scaled
from aiovirt.daemon.service.handler import StreamHandler
from aiovirt.daemon.service.moving import note_awaited
from aiovirt.daemon.streaming.serving import Opening, served
from aiovirt.interfaces import LegacyMigration, Migration, MigrationTunnel
from aiovirt.model.constants import DomainMigrateFlags
from aiovirt.protocols.libvirt.procedure import Empty, Procedure
from aiovirt.protocols.libvirt.tables import domain_migration as p
from aiovirt.protocols.xdr import Struct

__all__ = ["HANDLERS"]

SPEED = scaled(1024 * 1024)


async def _tunnel(opening: Opening, args: p.DomainMigratePrepareTunnelArgs) -> None:
    prepared = opening.ability(LegacyMigration).prepare_tunnel1(
        args.dom_xml,
        name=args.dname,
        bandwidth=SPEED.read(args.resource),
        flags=DomainMigrateFlags(args.flags),
    )
    await _take(opening, prepared, lambda _cookie: Empty())


async def _tunnel3(opening: Opening, args: p.DomainMigratePrepareTunnel3Args) -> None:
    prepared = opening.ability(LegacyMigration).prepare_tunnel3(
        args.dom_xml,
        args.cookie_in,
        name=args.dname,
        bandwidth=SPEED.read(args.resource),
        flags=DomainMigrateFlags(args.flags),
    )
    await _take(opening, prepared, p.DomainMigratePrepareTunnel3Ret, args)


async def _tunnel3_params(opening: Opening, args: p.DomainMigratePrepareTunnel3ParamsArgs) -> None:
    prepared = opening.ability(Migration).prepare_tunnel(
        args.params, args.cookie_in, flags=DomainMigrateFlags(args.flags)
    )
    await _take(opening, prepared, p.DomainMigratePrepareTunnel3ParamsRet, args)


async def _take(
    opening: Opening,
    prepared: AbstractAsyncContextManager[MigrationTunnel],
    result: Callable[[bytes], Struct],
    args: Struct | None = None,
) -> None:
    """Hand on what the client sends, as fast as the destination takes it."""
    async with prepared as tunnel:
        if args is not None:
            await note_awaited(opening.session, args)
        stream = opening.open(result(tunnel.cookie))
        with stream.while_wanted():
            async for data in stream:
                if isinstance(data, bytes):
                    await tunnel.send(data)
            await tunnel.send_eof()


HANDLERS: Mapping[Procedure[Any, Any], StreamHandler] = {
    p.DOMAIN_MIGRATE_PREPARE_TUNNEL: served(p.DOMAIN_MIGRATE_PREPARE_TUNNEL, _tunnel),
    p.DOMAIN_MIGRATE_PREPARE_TUNNEL3: served(p.DOMAIN_MIGRATE_PREPARE_TUNNEL3, _tunnel3),
    p.DOMAIN_MIGRATE_PREPARE_TUNNEL3_PARAMS: served(
        p.DOMAIN_MIGRATE_PREPARE_TUNNEL3_PARAMS, _tunnel3_params
    ),
}
"""What answers the procedures about tunnelled migrations."""
