"""Defining, finding and listing domains of the host in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.beside import worked_on
from aiovirt.drivers.test.domains.completing import complete
from aiovirt.drivers.test.domains.filling import is_real
from aiovirt.drivers.test.domains.filters import fits_list
from aiovirt.drivers.test.domains.living import drop_live
from aiovirt.drivers.test.domains.machine import Machine
from aiovirt.drivers.test.domains.metadata import TestMetadata
from aiovirt.errors import AlreadyExists, InvalidState, Unsupported
from aiovirt.interfaces import immediate
from aiovirt.model.domain import DomainKey, DomainRecord, StateReason
from aiovirt.model.events import LifecycleDetail

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        ConnectListAllDomainsFlags,
        DomainCreateFlags,
        DomainDefineFlags,
        DomainUndefineFlags,
        DomainXMLFlags,
    )

__all__ = ["TestDefinition"]

PAUSED = 1
"""The flag of `DomainCreateFlags` that lets a domain stand still."""

_UNDEFINE_SAVED = 0x1
_UNDEFINE_SNAPSHOTS = 0x2
_UNDEFINE_CHECKPOINTS = 0x10


class TestDefinition(TestMetadata):
    """What is defined, and what runs without."""

    __test__ = False

    async def define(
        self, config: DomainConfig, *, flags: DomainDefineFlags | Literal[0] = 0
    ) -> DomainKey:
        """See `Definition.define`."""
        del flags
        config = await self._completed(config)
        machine = self.domains.shelf.existing(config.uuid, config.name or "")
        added = machine is None or machine.definition is None
        if machine is None:
            machine = self._new(config)
        machine.definition = config
        machine.updated = machine.live is not None
        detail = LifecycleDetail.DEFINED_ADDED if added else LifecycleDetail.DEFINED_UPDATED
        self.domains.tell(machine, detail)
        return machine.key

    async def _completed(self, config: DomainConfig) -> DomainConfig:
        """A copy, with all that is left open filled in; a large one does not hold others up."""
        config = config.copy()
        known = self.domains.shelf.find(config.name or "")
        uuid = config.uuid or (known.uuid if known else self.world.new_uuid())

        def work() -> None:
            drop_live(config)
            complete(config, uuid)

        await worked_on(config, work)
        return config

    def _new(self, config: DomainConfig) -> Machine:
        uuid = config.uuid or self.world.new_uuid()
        machine = Machine(DomainKey(uuid, config.name or ""), None)
        self.domains.shelf.add(machine)
        return machine

    async def undefine(
        self, domain: DomainKey, *, flags: DomainUndefineFlags | Literal[0] = 0
    ) -> None:
        """See `Definition.undefine`."""
        machine = self.get(domain)
        machine.persistent()
        kept = (
            (_UNDEFINE_SAVED, machine.saved, "a saved state"),
            (_UNDEFINE_SNAPSHOTS, machine.snapshots, "snapshots"),
            (_UNDEFINE_CHECKPOINTS, machine.checkpoints, "checkpoints"),
        )
        for flag, found, what in kept:
            if found and not flags & flag and machine.live is None:
                raise InvalidState(f"domain {machine.name!r} has {what}, which would be lost")
        machine.definition, machine.autostart, machine.autostart_once = None, False, False
        machine.saved = None
        if machine.live is None:
            self.domains.shelf.remove(machine)
        self.domains.tell(machine, LifecycleDetail.UNDEFINED_REMOVED)

    async def create(
        self, config: DomainConfig, *, flags: DomainCreateFlags | Literal[0] = 0
    ) -> DomainKey:
        """See `Definition.create`."""
        config = await self._completed(config)
        machine = self.domains.shelf.existing(config.uuid, config.name or "")
        if machine is not None and machine.live is not None:
            raise AlreadyExists(f"domain {machine.name!r} is already active")
        if machine is None:
            machine = self._new(config)
        self.domains.begin(machine, config)
        if flags & PAUSED:
            detail = LifecycleDetail.SUSPENDED_PAUSED
            self.domains.change(machine, StateReason.PAUSED_USER, detail)
        return machine.key

    async def create_with_files(
        self,
        config: DomainConfig,
        files: Sequence[int],
        *,
        flags: DomainCreateFlags | Literal[0] = 0,
    ) -> DomainKey:
        """See `Definition.create_with_files`: there is no process that could get them."""
        if files:
            raise Unsupported(self.driver_name, "create_with_files")
        return await self.create(config, flags=flags)

    # --- finding --------------------------------------------------------------------------------

    @immediate
    async def keys(
        self,
        *,
        active: bool | None = None,
        flags: ConnectListAllDomainsFlags | Literal[0] = 0,
    ) -> Sequence[DomainKey]:
        """See `Definition.keys`."""
        return [
            machine.key
            for machine in self.domains
            if active in {None, machine.live is not None} and fits_list(machine, flags)
        ]

    @immediate
    async def records(self) -> Sequence[DomainRecord]:
        """See `Definition.records`."""
        return [machine.record() for machine in self.domains]

    @immediate
    async def record(self, domain: DomainKey) -> DomainRecord:
        """See `Definition.record`."""
        return self.get(domain).record()

    @immediate
    async def find_by_name(self, name: str) -> DomainKey:
        """See `Definition.find_by_name`."""
        return self.domains.shelf.by_name(name).key

    @immediate
    async def find_by_uuid(self, uuid: UUID) -> DomainKey:
        """See `Definition.find_by_uuid`."""
        return self.domains.shelf.by_uuid(uuid).key

    @immediate
    async def find_by_id(self, number: int) -> DomainKey:
        """See `Definition.find_by_id`."""
        return self.domains.by_id(number).key

    @immediate
    async def config(
        self,
        domain: DomainKey,
        *,
        inactive: bool = False,
        secure: bool = False,
        flags: DomainXMLFlags | Literal[0] = 0,
    ) -> DomainConfig:
        """See `Definition.config`."""
        del flags
        machine = self.get(domain)
        found = machine.inactive if inactive else machine.config
        copy = found.copy() if secure else DomainConfig.parse(found.to_xml(secure=False))
        if inactive:
            drop_live(copy)
        return copy

    @immediate
    async def state(self, domain: DomainKey) -> StateReason:
        """See `Definition.state`."""
        return self.get(domain).reason

    @immediate
    async def is_active(self, domain: DomainKey) -> bool:
        """See `Definition.is_active`."""
        return self.get(domain).live is not None

    @immediate
    async def is_persistent(self, domain: DomainKey) -> bool:
        """See `Definition.is_persistent`."""
        return self.get(domain).definition is not None

    @immediate
    async def is_updated(self, domain: DomainKey) -> bool:
        """See `Definition.is_updated`."""
        return self.get(domain).updated

    @immediate
    async def os_type(self, domain: DomainKey) -> str:
        """See `Definition.os_type`: libvirt's test driver says ``linux`` of all its guests."""
        config = self.get(domain).config
        return (config.os.type or "hvm") if is_real(config) else "linux"

    @immediate
    async def autostart(self, domain: DomainKey) -> bool:
        """See `Definition.autostart`."""
        return self.get(domain).autostart

    @immediate
    async def autostart_once(self, domain: DomainKey) -> bool:
        """See `Definition.autostart_once`."""
        return self.get(domain).autostart_once

    # --- changing -------------------------------------------------------------------------------

    async def set_autostart(self, domain: DomainKey, *, autostart: bool) -> None:
        """See `Definition.set_autostart`."""
        machine = self.get(domain)
        machine.persistent()
        machine.autostart = autostart

    async def set_autostart_once(self, domain: DomainKey, *, autostart: bool) -> None:
        """See `Definition.set_autostart_once`."""
        machine = self.get(domain)
        machine.persistent()
        machine.autostart_once = autostart

    async def rename(self, domain: DomainKey, name: str) -> None:
        """See `Definition.rename`."""
        machine = self.get(domain)
        definition = machine.persistent()
        if machine.live is not None:
            raise InvalidState(f"domain {machine.name!r} is active: it cannot be renamed")
        if machine.snapshots or machine.checkpoints:
            raise InvalidState(f"domain {machine.name!r} has snapshots: it cannot be renamed")
        changed = definition.copy()
        changed.name = name
        changed.check()
        self.domains.shelf.check_free(None, name)
        self.domains.tell(machine, LifecycleDetail.UNDEFINED_RENAMED)
        self.domains.shelf.remove(machine)
        machine.key, machine.definition = DomainKey(machine.uuid, name), changed
        self.domains.shelf.add(machine)
        self.domains.tell(machine, LifecycleDetail.DEFINED_RENAMED)
