"""Defining, finding and listing domains."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID, uuid4

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.abilities.describing import Describing
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.prepare import command_line, completed
from aiovirt.drivers.qemu.engine.selection import KNOWN, chosen
from aiovirt.drivers.qemu.engine.start import start
from aiovirt.drivers.qemu.engine.surroundings import qemu_environment
from aiovirt.drivers.qemu.engine.undefine import undefine
from aiovirt.drivers.qemu.engine.unread import UnreadConfig
from aiovirt.drivers.qemu.store.status import QEMU_FOLDER
from aiovirt.errors import AlreadyExists, ConfigError, NotFound
from aiovirt.interfaces import immediate, refuse_flags
from aiovirt.model.domain import DomainKey, DomainRecord, StateReason
from aiovirt.model.events import LifecycleDetail

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        ConnectListAllDomainsFlags,
        DomainCreateFlags,
        DomainDefineFlags,
        DomainFDAssociateFlags,
        DomainUndefineFlags,
        DomainXMLFlags,
    )

__all__ = ["QemuDefinition"]

NATIVE_FORM = "qemu-argv"
VALIDATE = 1
"""Of `DomainDefineFlags`: what is checked here always."""
START_PAUSED, CREATE_VALIDATE = 0x1, 0x10
"""Of `DomainCreateFlags`."""
LABELLED = 0x1 | 0x2
"""All of `DomainFDAssociateFlags`."""
UPDATE_CPU, MIGRATABLE = 0x4, 0x8
"""Of `DomainXMLFlags`: here they change nothing."""


class QemuDefinition(Describing):
    """The definitions below the root's `config`, and the domains that run without one."""

    async def define(
        self, config: DomainConfig, *, flags: DomainDefineFlags | Literal[0] = 0
    ) -> DomainKey:
        """See `Definition.define`."""
        refuse_flags(self.driver_name, "define", flags, VALIDATE)
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
        async with self._engine.works.work():
            await undefine(self._engine, self._registry.get(domain), flags)

    async def create(
        self, config: DomainConfig, *, flags: DomainCreateFlags | Literal[0] = 0
    ) -> DomainKey:
        """See `Definition.create`."""
        refuse_flags(self.driver_name, "create", flags, START_PAUSED | CREATE_VALIDATE)
        by_name = config.uuid is None
        config = await completed(self._engine, config)
        async with self._engine.works.work():
            async with self._engine.defining:
                if by_name or config.uuid is None:
                    config.uuid = self._uuid_of(config.name or "")
                domain = self._for_creation(DomainKey(config.uuid, config.name or ""))
            try:
                paused = bool(flags & START_PAUSED)
                await start(self._engine, domain, paused=paused, config=config)
            finally:
                if domain.live is None and domain.definition is None:
                    self._registry.remove(domain)
        return domain.key

    def _for_creation(self, key: DomainKey) -> ManagedDomain:
        """The domain of that key, which must not run; a new one if there is none."""
        domain = self._registry.existing(key)
        if domain is None:
            domain = ManagedDomain(key, None)
            self._registry.add(domain)
        elif domain.live is not None or domain.definition is None:
            raise AlreadyExists(f"domain {domain.name!r} is active already")
        return domain

    @immediate
    async def keys(
        self,
        *,
        active: bool | None = None,
        flags: ConnectListAllDomainsFlags | Literal[0] = 0,
    ) -> Sequence[DomainKey]:
        """See `Definition.keys`."""
        refuse_flags(self.driver_name, "keys", flags, KNOWN)
        return [
            domain.key
            for domain in chosen(self._engine, flags)
            if active is None or (domain.live is not None) is active
        ]

    @immediate
    async def records(self) -> Sequence[DomainRecord]:
        """See `Definition.records`."""
        return [domain.record() for domain in self._registry]

    @immediate
    async def record(self, domain: DomainKey) -> DomainRecord:
        """See `Definition.record`."""
        return self._registry.get(domain).record()

    @immediate
    async def find_by_name(self, name: str) -> DomainKey:
        """See `Definition.find_by_name`."""
        return self._registry.by_name(name).key

    @immediate
    async def find_by_uuid(self, uuid: UUID) -> DomainKey:
        """See `Definition.find_by_uuid`."""
        return self._registry.by_uuid(uuid).key

    @immediate
    async def find_by_id(self, number: int) -> DomainKey:
        """See `Definition.find_by_id`."""
        return self._registry.by_id(number).key

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
        refuse_flags(self.driver_name, "config", flags, UPDATE_CPU | MIGRATABLE)
        return UnreadConfig.of(self._registry.get(domain).text(inactive=inactive, secure=secure))

    @immediate
    async def autostart(self, domain: DomainKey) -> bool:
        """See `Definition.autostart`."""
        return self._registry.get(domain).autostart

    @immediate
    async def state(self, domain: DomainKey) -> StateReason:
        """See `Definition.state`."""
        return self._registry.get(domain).record().reason

    @immediate
    async def is_active(self, domain: DomainKey) -> bool:
        """See `Definition.is_active`."""
        return self._registry.get(domain).live is not None

    @immediate
    async def is_persistent(self, domain: DomainKey) -> bool:
        """See `Definition.is_persistent`."""
        return self._registry.get(domain).definition is not None

    @immediate
    async def os_type(self, domain: DomainKey) -> str:
        """See `Definition.os_type`."""
        return self._registry.get(domain).config().os.type or "hvm"

    @immediate
    async def associate_files(
        self,
        domain: DomainKey,
        name: str,
        files: Sequence[int],
        *,
        flags: DomainFDAssociateFlags | Literal[0] = 0,
    ) -> None:
        """See `Definition.associate_files`: what is handed over keeps the labels that it has."""
        refuse_flags(self.driver_name, "associate_files", flags, LABELLED)
        if files:
            self._registry.get(domain)
        self._engine.handed.put(domain.uuid, name, files)

    async def to_native(self, form: str, config: DomainConfig) -> str:
        """See `Definition.to_native`."""
        if form != NATIVE_FORM:
            raise ConfigError(
                f"there is no form {form!r} here", field="form", hint=f"{NATIVE_FORM} is the one"
            )
        words = shlex.join(await command_line(self._engine, config))
        folder = self._engine.root.run_folder(config.uuid or UUID(int=0)) / QEMU_FOLDER
        given = qemu_environment(config, folder)
        return " ".join([*(f"{name}={shlex.quote(text)}" for name, text in given.items()), words])
