"""The phases of a migration without typed parameters, by those with them.

libvirt's own clients still call them: `virDomainMigrate` and `virDomainMigrate2`, which the other
languages' `migrate` are. It knows no hypervisor.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Literal

from aiovirt.drivers.common.phases import parameters
from aiovirt.interfaces import LegacyMigration, Migration, MigrationTunnel
from aiovirt.model.domain import DomainKey
from aiovirt.model.migration import (
    MigrationBegun,
    MigrationFinished,
    MigrationOptions,
    MigrationPrepared,
)
from aiovirt.model.params import ParamValue

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainMigrateFlags

__all__ = ["PlainMigration"]


def _params(
    *, name: str | None, bandwidth: int, xml: str | None = None, uri: str | None = None
) -> dict[str, ParamValue]:
    """What is said without parameters, as such."""
    return parameters(MigrationOptions(name=name, xml=xml, uri=uri, bandwidth=bandwidth or None))


class PlainMigration(LegacyMigration, Migration):
    """A `Migration` whose third protocol is there without parameters, too; older ones are not."""

    async def begin3(
        self,
        domain: DomainKey,
        *,
        xml: str | None = None,
        name: str | None = None,
        bandwidth: int = 0,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> MigrationBegun:
        """See `LegacyMigration.begin3`."""
        params = _params(name=name, bandwidth=bandwidth, xml=xml)
        return await self.begin_migration(domain, params, flags=flags)

    async def prepare3(
        self,
        uri: str | None,
        xml: str,
        cookie: bytes = b"",
        *,
        name: str | None = None,
        bandwidth: int = 0,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> MigrationPrepared:
        """See `LegacyMigration.prepare3`."""
        params = _params(name=name, bandwidth=bandwidth, xml=xml, uri=uri)
        return await self.prepare_migration(params, cookie, flags=flags)

    def prepare_tunnel3(
        self,
        xml: str,
        cookie: bytes = b"",
        *,
        name: str | None = None,
        bandwidth: int = 0,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> AbstractAsyncContextManager[MigrationTunnel]:
        """See `LegacyMigration.prepare_tunnel3`."""
        params = _params(name=name, bandwidth=bandwidth, xml=xml)
        return self.prepare_tunnel(params, cookie, flags=flags)

    async def perform3(
        self,
        domain: DomainKey,
        cookie: bytes = b"",
        *,
        xml: str | None = None,
        destination: str | None = None,
        uri: str | None = None,
        name: str | None = None,
        bandwidth: int = 0,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> bytes:
        """See `LegacyMigration.perform3`."""
        params = _params(name=name, bandwidth=bandwidth, xml=xml, uri=uri)
        return await self.perform_migration(
            domain, params, cookie, destination=destination, flags=flags
        )

    async def finish3(
        self,
        name: str,
        cookie: bytes = b"",
        *,
        destination: str | None = None,
        uri: str | None = None,
        flags: DomainMigrateFlags | Literal[0] = 0,
        cancelled: bool = False,
    ) -> MigrationFinished:
        """See `LegacyMigration.finish3`."""
        del destination  # it is this host
        params = _params(name=name, bandwidth=0, uri=uri)
        return await self.finish_migration(params, cookie, flags=flags, cancelled=cancelled)

    async def confirm3(
        self,
        domain: DomainKey,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
        cancelled: bool = False,
    ) -> None:
        """See `LegacyMigration.confirm3`."""
        await self.confirm_migration(domain, {}, cookie, flags=flags, cancelled=cancelled)
