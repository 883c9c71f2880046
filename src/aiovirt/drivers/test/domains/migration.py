"""Moving domains from one host in memory to another: all that moves is the document.

The source stands still from the moment that its data would be moved until the destination has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from aiovirt.config import DomainConfig
from aiovirt.drivers.test.domains.base import DomainAbility
from aiovirt.drivers.test.domains.completing import complete
from aiovirt.drivers.test.domains.living import drop_live
from aiovirt.drivers.test.domains.machine import Machine
from aiovirt.errors import AlreadyExists, CallerError, InvalidState, NotFound
from aiovirt.interfaces import Migration, immediate
from aiovirt.model.constants import DomainJobOperation
from aiovirt.model.domain import DomainKey, DomainState, StateReason
from aiovirt.model.events import LifecycleDetail
from aiovirt.model.migration import MigrationBegun, MigrationFinished, MigrationPrepared
from aiovirt.model.params import TypedParams, plain

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainMigrateFlags

__all__ = ["TestMigration"]

_PERSIST, _UNDEFINE, _PAUSED, _OFFLINE = 0x8, 0x10, 0x20, 0x400

_FEATURES: Final = frozenset({6, 12, 13})
"""libvirt's internal numbers: the third protocol, offline moves, typed parameters."""

_MIB: Final = 1024 * 1024
_STEP: Final = 8796093022207  # the most that libvirt's MiB a second can be, in MiB


class TestMigration(DomainAbility, Migration):
    """Both ends."""

    __test__ = False

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
        machine = self.get(domain)
        if not flags & _OFFLINE:
            machine.running()
        elif machine.live is not None:
            raise InvalidState(f"domain {domain.name!r} runs: it does not move offline")
        given = plain(params.get("destination_xml", ""))
        config = DomainConfig.parse(str(given)) if given else machine.config.copy()
        drop_live(config)
        return MigrationBegun(b"aiovirt-test", config.to_xml(secure=True))

    async def perform_migration(
        self,
        domain: DomainKey,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        destination: str | None = None,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> bytes:
        """See `Migration.perform_migration`."""
        del params, flags
        if destination is not None:
            raise CallerError("a host in memory calls no other host: its client moves domains")
        machine = self.get(domain)
        machine.running()
        machine.moving = machine.reason
        if machine.reason.state is DomainState.RUNNING:
            detail = LifecycleDetail.SUSPENDED_MIGRATED
            self.domains.change(machine, StateReason.PAUSED_MIGRATION, detail)
        return cookie

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
        del params, cookie
        machine = self.get(domain)
        before, machine.moving = machine.moving, None
        if cancelled:
            if before is not None and before.state is DomainState.RUNNING:
                reason, detail = StateReason.RUNNING_MIGRATION_CANCELED, LifecycleDetail
                self.domains.change(machine, reason, detail.RESUMED_MIGRATED)
            return
        if machine.live is not None:
            self.domains.done(machine, DomainJobOperation.MIGRATION_OUT)
            reason, stopped = StateReason.SHUTOFF_MIGRATED, LifecycleDetail.STOPPED_MIGRATED
            self.domains.end(machine, reason, stopped)
        if flags & _UNDEFINE and machine.definition is not None:
            machine.definition = None
            self.domains.shelf.remove(machine)
            self.domains.tell(machine, LifecycleDetail.UNDEFINED_REMOVED)

    # --- the destination ------------------------------------------------------------------------

    async def prepare_migration(
        self,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
    ) -> MigrationPrepared:
        """See `Migration.prepare_migration`."""
        del flags
        config = DomainConfig.parse(str(plain(params.get("destination_xml", ""))))
        name = plain(params.get("destination_name", "")) or config.name
        config.name = str(name)
        complete(config, config.uuid or self.world.new_uuid())
        known = self.domains.shelf.existing(config.uuid, config.name)
        if known is not None and known.live is not None:
            raise AlreadyExists(f"domain {config.name!r} runs at the destination already")
        self.domains.incoming[config.name] = config
        return MigrationPrepared(cookie, f"test:{self.world.name}")

    async def finish_migration(
        self,
        params: TypedParams,
        cookie: bytes = b"",
        *,
        flags: DomainMigrateFlags | Literal[0] = 0,
        cancelled: bool = False,
    ) -> MigrationFinished:
        """See `Migration.finish_migration`."""
        name = str(plain(params.get("destination_name", "")))
        config = self.domains.incoming.pop(name, None)
        if config is None:
            raise NotFound(f"no domain {name!r} is awaited here")
        if cancelled:
            raise CallerError(f"the migration of domain {name!r} was given up")
        machine = self._arrive(config, flags)
        return MigrationFinished(machine.key, cookie)

    def _arrive(self, config: DomainConfig, flags: int) -> Machine:
        name, uuid = config.name or "", config.uuid or self.world.new_uuid()
        machine = self.domains.shelf.existing(uuid, name)
        if machine is None:
            machine = Machine(DomainKey(uuid, name), None)
            self.domains.shelf.add(machine)
        if flags & (_PERSIST | _OFFLINE):
            added = machine.definition is None
            machine.definition = config.copy()
            detail = LifecycleDetail.DEFINED_ADDED if added else LifecycleDetail.DEFINED_UPDATED
            self.domains.tell(machine, detail)
        if not flags & _OFFLINE:
            reason, detail = StateReason.RUNNING_MIGRATED, LifecycleDetail.STARTED_MIGRATED
            self.domains.begin(machine, config, reason, detail)
            if flags & _PAUSED:
                paused = StateReason.PAUSED_MIGRATION
                self.domains.change(machine, paused, LifecycleDetail.SUSPENDED_PAUSED)
        return machine

    # --- limits ---------------------------------------------------------------------------------

    @immediate
    async def max_downtime(self, domain: DomainKey) -> int:
        """See `Migration.max_downtime`."""
        return self.get(domain).max_downtime_ms

    async def set_max_downtime(self, domain: DomainKey, downtime_ms: int) -> None:
        """See `Migration.set_max_downtime`."""
        machine = self.get(domain)
        machine.running()
        if downtime_ms < 1:
            raise CallerError("a domain stands still for a millisecond at least")
        machine.max_downtime_ms = downtime_ms

    @immediate
    async def max_speed(self, domain: DomainKey, *, postcopy: bool = False) -> int:
        """See `Migration.max_speed`."""
        return self.get(domain).max_speed[postcopy]

    async def set_max_speed(
        self, domain: DomainKey, bandwidth: int, *, postcopy: bool = False
    ) -> None:
        """See `Migration.set_max_speed`."""
        if not 0 <= bandwidth <= _STEP * _MIB:
            raise CallerError(f"at most {_STEP} MiB a second are moved")
        self.get(domain).max_speed[postcopy] = bandwidth

    @immediate
    async def compression_cache(self, domain: DomainKey) -> int:
        """See `Migration.compression_cache`."""
        self.running(domain)
        return self.get(domain).compression_cache

    async def set_compression_cache(self, domain: DomainKey, size: int) -> None:
        """See `Migration.set_compression_cache`."""
        self.running(domain)
        self.get(domain).compression_cache = size
