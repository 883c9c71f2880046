"""Defining, finding and listing domains."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID, uuid4

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.devices import drop_live
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.prepare import command_line, completed
from aiovirt.errors import ConfigError, InvalidState, NotFound
from aiovirt.interfaces import Definition, refuse_flags
from aiovirt.model.domain import DomainKey, DomainRecord, StateReason
from aiovirt.model.events import LifecycleDetail

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        ConnectListAllDomainsFlags,
        DomainDefineFlags,
        DomainUndefineFlags,
        DomainXMLFlags,
    )

__all__ = ["QemuDefinition"]

NATIVE_FORM = "qemu-argv"


class QemuDefinition(Definition):
    """The definitions below the root's `config`, and the domains that run without one."""

    driver_name = "QEMU"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._registry = engine.registry

    async def define(
        self, config: DomainConfig, *, flags: DomainDefineFlags | Literal[0] = 0
    ) -> DomainKey:
        """See `Definition.define`."""
        refuse_flags(self.driver_name, "define", flags)
        self._registry.check_usable(config.name or "")
        by_name = config.uuid is None
        config = await completed(self._engine, config)
        async with self._engine.works.work(), self._engine.defining:
            if by_name or config.uuid is None:
                config.uuid = self._uuid_of(config.name or "")
            key = DomainKey(config.uuid, config.name or "")
            self._registry.existing(key)
            await self._engine.root.save_definition(config)
            domain = self._registry.existing(key)  # a transient one may have ended meanwhile
            if domain is None:
                domain = ManagedDomain(key, None)
                self._registry.add(domain)
            added = domain.definition is None
            domain.definition = config
        detail = LifecycleDetail.DEFINED_ADDED if added else LifecycleDetail.DEFINED_UPDATED
        self._engine.tell(domain, detail)
        return domain.key

    def _uuid_of(self, name: str) -> UUID:
        """The UUID of the domain of that name, or a new one: a name alone means that domain."""
        try:
            return self._registry.by_name(name).key.uuid
        except NotFound:
            return uuid4()

    async def undefine(
        self, domain: DomainKey, *, flags: DomainUndefineFlags | Literal[0] = 0
    ) -> None:
        """See `Definition.undefine`."""
        refuse_flags(self.driver_name, "undefine", flags)
        managed = self._registry.get(domain)
        async with self._engine.works.work(), managed.changes, self._engine.defining:
            if managed.definition is None:
                raise InvalidState(
                    f"domain {managed.name!r} is transient: it has no definition",
                    hint="it disappears when it stops",
                )
            await self._engine.root.remove_definition(managed.name)
            managed.definition = None
            managed.autostart = False
            if managed.live is None:
                self._registry.remove(managed)
        self._engine.tell(managed, LifecycleDetail.UNDEFINED_REMOVED)

    async def keys(
        self,
        *,
        active: bool | None = None,
        flags: ConnectListAllDomainsFlags | Literal[0] = 0,
    ) -> Sequence[DomainKey]:
        """See `Definition.keys`."""
        refuse_flags(self.driver_name, "keys", flags)
        return [
            domain.key
            for domain in self._registry
            if active is None or (domain.live is not None) is active
        ]

    async def records(self) -> Sequence[DomainRecord]:
        """See `Definition.records`."""
        return [domain.record() for domain in self._registry]

    async def record(self, domain: DomainKey) -> DomainRecord:
        """See `Definition.record`."""
        return self._registry.get(domain).record()

    async def find_by_name(self, name: str) -> DomainKey:
        """See `Definition.find_by_name`."""
        return self._registry.by_name(name).key

    async def find_by_uuid(self, uuid: UUID) -> DomainKey:
        """See `Definition.find_by_uuid`."""
        return self._registry.by_uuid(uuid).key

    async def find_by_id(self, number: int) -> DomainKey:
        """See `Definition.find_by_id`."""
        return self._registry.by_id(number).key

    async def config(
        self,
        domain: DomainKey,
        *,
        inactive: bool = False,
        secure: bool = False,
        flags: DomainXMLFlags | Literal[0] = 0,
    ) -> DomainConfig:
        """See `Definition.config`."""
        refuse_flags(self.driver_name, "config", flags)
        managed = self._registry.get(domain)
        config = managed.definition if inactive or managed.live is None else managed.live.config
        if config is None and managed.live is not None:
            config = managed.live.config
        if config is None:
            raise NotFound(f"domain {managed.name!r} is just disappearing")
        copy = config.copy() if secure else DomainConfig.parse(config.to_xml(secure=False))
        if inactive:
            drop_live(copy)  # a transient domain has none but its live one
        return copy

    async def autostart(self, domain: DomainKey) -> bool:
        """See `Definition.autostart`."""
        return self._registry.get(domain).autostart

    async def state(self, domain: DomainKey) -> StateReason:
        """See `Definition.state`."""
        return self._registry.get(domain).record().reason

    async def is_active(self, domain: DomainKey) -> bool:
        """See `Definition.is_active`."""
        return self._registry.get(domain).live is not None

    async def is_persistent(self, domain: DomainKey) -> bool:
        """See `Definition.is_persistent`."""
        return self._registry.get(domain).definition is not None

    async def os_type(self, domain: DomainKey) -> str:
        """See `Definition.os_type`."""
        return (await self.config(domain)).os.type or "hvm"

    async def to_native(self, form: str, config: DomainConfig) -> str:
        """See `Definition.to_native`."""
        if form != NATIVE_FORM:
            raise ConfigError(
                f"there is no form {form!r} here", field="form", hint=f"{NATIVE_FORM} is the one"
            )
        return shlex.join(await command_line(self._engine, config))

    async def set_autostart(self, domain: DomainKey, *, autostart: bool) -> None:
        """See `Definition.set_autostart`."""
        managed = self._registry.get(domain)
        async with self._engine.works.work(), self._engine.defining:
            if managed.definition is None:
                raise InvalidState(f"domain {managed.name!r} is transient: it cannot autostart")
            await self._engine.root.set_autostart(managed.name, autostart=autostart)
            managed.autostart = autostart
