"""Moving running domains to other hosts, and what limits that."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Final, Literal

from aiovirt.drivers.common.plainmigration import PlainMigration
from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.abilities.definition import QemuDefinition
from aiovirt.drivers.qemu.abilities.jobs import QemuJobs
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.migration.destination import Destination
from aiovirt.drivers.qemu.migration.parameters import Wishes
from aiovirt.drivers.qemu.migration.peers import Here, move_to_peer
from aiovirt.drivers.qemu.migration.recovery import recover_all
from aiovirt.drivers.qemu.migration.source import Source
from aiovirt.errors import InvalidState
from aiovirt.interfaces import Definition, Jobs, Migration, MigrationTunnel, immediate
from aiovirt.model.domain import DomainKey
from aiovirt.model.migration import MigrationBegun, MigrationFinished, MigrationPrepared
from aiovirt.model.params import TypedParams
from aiovirt.model.uri import URI

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainMigrateFlags

__all__ = ["QemuMigration"]

_FEATURES: Final = frozenset({4, 6, 7, 8, 9, 11, 12, 13, 16})
"""VIR_DRV_FEATURE_*: peers, the third protocol, protection, descriptors, typed texts, migratable
XML, offline, typed parameters, the order of network updates."""
_MIB: Final = 1 << 20
_NO_LIMIT: Final = (2**63 - 1) // _MIB * _MIB
_MOST: Final = 2**63 - 1


class QemuMigration(QemuAbility, PlainMigration):
    """The face of `drivers.qemu.migration`."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._source = Source(engine)
        self._destination = Destination(engine)

    def recover(self) -> None:
        """Let all guests go on whose move an earlier process of this host left unfinished."""
        recover_all(self._engine, self._source)

    @immediate
    async def supports(self, feature: int) -> bool:
        """See `Migration.supports`."""
        return feature in _FEATURES

    # --- the source -----------------------------------------------------------------------------

    async def begin_migration(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> MigrationBegun:
        """See `Migration.begin_migration`."""
        wishes = Wishes.read(params, int(flags))
        async with self._engine.works.work():
            return await self._source.begin(self._registry.get(domain), wishes)

    async def perform_migration(
        self,
        domain: DomainKey,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        destination: str | None = None,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> bytes:
        """See `Migration.perform_migration`; here a cancellation gives it up."""
        managed = self._registry.get(domain)
        async with self._engine.works.work():
            if destination is None:
                wishes = Wishes.read(params, int(flags))
                return await self._source.perform(managed, wishes, cookie)
            abilities = {
                Migration: self,
                Jobs: QemuJobs(self._engine),
                Definition: QemuDefinition(self._engine),
            }
            here = Here(self._engine, self._source, abilities)
            uri = URI.parse(destination)
            await move_to_peer(here, managed, params, int(flags), uri)
            return b""

    async def confirm_migration(
        self,
        domain: DomainKey,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
        cancelled: bool = False,
    ) -> None:
        """See `Migration.confirm_migration`."""
        del cookie  # it says nothing that is not known
        wishes = Wishes.read(params, int(flags))
        async with self._engine.works.work():
            managed = self._registry.get(domain)
            await self._source.confirm(managed, wishes, cancelled=cancelled)

    # --- the destination ------------------------------------------------------------------------

    async def prepare_migration(
        self,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> MigrationPrepared:
        """See `Migration.prepare_migration`."""
        wishes = Wishes.read(params, int(flags))
        async with self._engine.works.work():
            return await self._destination.prepare(wishes, cookie)

    def prepare_tunnel(
        self,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> AbstractAsyncContextManager[MigrationTunnel]:
        """See `Migration.prepare_tunnel`."""
        return self._destination.prepare_tunnel(Wishes.read(params, int(flags)), cookie)

    async def finish_migration(
        self,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
        cancelled: bool = False,
    ) -> MigrationFinished:
        """See `Migration.finish_migration`."""
        wishes = Wishes.read(params, int(flags))
        async with self._engine.works.work():
            return await self._destination.finish(wishes, cookie, cancelled=cancelled)

    # --- limits ---------------------------------------------------------------------------------

    async def start_post_copy(self, domain: DomainKey) -> None:
        """See `Migration.start_post_copy`."""
        managed = self._registry.get(domain)
        async with self._engine.works.work():
            await self._source.start_post_copy(managed)

    async def max_speed(self, domain: DomainKey, *, postcopy: bool = False) -> int:
        """See `Migration.max_speed`."""
        managed = self._registry.get(domain)
        if not postcopy:
            return managed.max_speed or _NO_LIMIT
        async with self._engine.works.work():
            return await self._parameter(domain, "max-postcopy-bandwidth")

    async def set_max_speed(
        self, domain: DomainKey, bandwidth: int, *, postcopy: bool = False
    ) -> None:
        """See `Migration.set_max_speed`."""
        managed = self._registry.get(domain)
        async with self._engine.works.work():
            if postcopy:
                await self._set(domain, "max-postcopy-bandwidth", min(bandwidth, _MOST))
                return
            if managed.live is not None:
                await self._set(domain, "max-bandwidth", min(bandwidth, _MOST))
            managed.max_speed = bandwidth

    async def max_downtime(self, domain: DomainKey) -> int:
        """See `Migration.max_downtime`."""
        async with self._engine.works.work():
            return await self._parameter(domain, "downtime-limit")

    async def set_max_downtime(self, domain: DomainKey, downtime_ms: int) -> None:
        """See `Migration.set_max_downtime`."""
        async with self._engine.works.work():
            await self._set(domain, "downtime-limit", downtime_ms)

    async def compression_cache(self, domain: DomainKey) -> int:
        """See `Migration.compression_cache`."""
        async with self._engine.works.work():
            return await self._parameter(domain, "xbzrle-cache-size")

    async def set_compression_cache(self, domain: DomainKey, size: int) -> None:
        """See `Migration.set_compression_cache`."""
        async with self._engine.works.work():
            await self._set(domain, "xbzrle-cache-size", size)

    async def _parameter(self, domain: DomainKey, name: str) -> int:
        monitor = self._registry.get(domain).monitor()
        found: Any = await monitor.execute("query-migrate-parameters")
        if name not in found:
            raise InvalidState(f"the QEMU of domain {domain.name!r} has no {name}")
        return int(found[name])

    async def _set(self, domain: DomainKey, name: str, value: int) -> None:
        monitor = self._registry.get(domain).monitor()
        await monitor.execute("migrate-set-parameters", {name: value})
