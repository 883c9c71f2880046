"""The phases of a migration as older libvirts have them: each number is a protocol of libvirt's.

The first knows prepare, perform and finish; the second hands the document over; the third adds
begin and confirm, and cookies. Bandwidths are bytes in a second, multiples of 1 MiB; 0 is no limit.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Literal

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.interfaces.migration import MigrationTunnel
from aiovirt.model.domain import DomainKey
from aiovirt.model.migration import MigrationBegun, MigrationFinished, MigrationPrepared

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainMigrateFlags

__all__ = ["LegacyMigration"]


class LegacyMigration(Ability):
    """What `Migration` does, without typed parameters."""

    @operation
    async def prepare1(
        self,
        uri: str | None,
        *,
        name: str | None = None,
        bandwidth: int = 0,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> MigrationPrepared:
        """Let the destination wait, without telling it for what."""
        raise NotImplementedError

    @operation
    async def perform1(
        self,
        domain: DomainKey,
        cookie: bytes,
        uri: str,
        *,
        name: str | None = None,
        bandwidth: int = 0,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> None:
        """Move the data; of the second protocol, too."""
        raise NotImplementedError

    @operation
    async def finish1(
        self,
        name: str,
        cookie: bytes,
        uri: str,
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> DomainKey:
        """Let the domain run at the destination."""
        raise NotImplementedError

    @operation
    async def prepare2(
        self,
        uri: str | None,
        xml: str,
        *,
        name: str | None = None,
        bandwidth: int = 0,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> MigrationPrepared:
        """Let the destination wait for the domain of this document."""
        raise NotImplementedError

    @operation
    async def finish2(
        self,
        name: str,
        cookie: bytes,
        uri: str,
        *,
        failed: int = 0,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> DomainKey:
        """Let the domain run at the destination, or throw it away if the source has `failed`."""
        raise NotImplementedError

    @operation
    async def begin3(
        self,
        domain: DomainKey,
        *,
        xml: str | None = None,
        name: str | None = None,
        bandwidth: int = 0,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> MigrationBegun:
        """See `Migration.begin_migration`."""
        raise NotImplementedError

    @operation
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
        """See `Migration.prepare_migration`."""
        raise NotImplementedError

    @operation
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
        """See `Migration.perform_migration`."""
        raise NotImplementedError

    @operation
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
        """See `Migration.finish_migration`."""
        raise NotImplementedError

    @operation
    async def confirm3(
        self,
        domain: DomainKey,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
        cancelled: bool = False,
    ) -> None:
        """See `Migration.confirm_migration`."""
        raise NotImplementedError

    @operation
    def prepare_tunnel1(
        self,
        xml: str,
        *,
        name: str | None = None,
        bandwidth: int = 0,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> AbstractAsyncContextManager[MigrationTunnel]:
        """See `Migration.prepare_tunnel`; there are no cookies."""
        raise NotImplementedError

    @operation
    def prepare_tunnel3(
        self,
        xml: str,
        cookie: bytes = b"",
        *,
        name: str | None = None,
        bandwidth: int = 0,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> AbstractAsyncContextManager[MigrationTunnel]:
        """See `Migration.prepare_tunnel`."""
        raise NotImplementedError
