"""What is said of a domain beside its machine: name, title, description, metadata, autostart."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.metadata import read_metadata, write_metadata
from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.impact import change_live, looked_at, meant, redefine
from aiovirt.drivers.qemu.engine.numbers import numbered
from aiovirt.errors import AlreadyExists, InvalidState, NotFound
from aiovirt.interfaces import Definition, MetadataKind, immediate
from aiovirt.model.constants import DomainMetadataType, ErrorNumber
from aiovirt.model.domain import DomainKey
from aiovirt.model.events import LifecycleDetail, MetadataChangeEvent

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainModificationImpact

__all__ = ["Describing"]


class Describing(QemuAbility, Definition):
    """The part of `Definition` that does not touch the machine."""

    @immediate
    async def metadata(
        self,
        domain: DomainKey,
        kind: MetadataKind,
        uri: str | None = None,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> str:
        """See `Definition.metadata`."""
        config = looked_at(self._registry.get(domain), flags)
        found = read_metadata(config, kind, uri)
        if found is None:
            what = f"metadata of {uri}" if kind == "element" else kind
            missing = NotFound(f"domain {domain.name!r} has no {what}")
            raise numbered(missing, ErrorNumber.ERR_NO_DOMAIN_METADATA)
        return found

    async def set_metadata(
        self,
        domain: DomainKey,
        kind: MetadataKind,
        text: str | None,
        *,
        key: str | None = None,
        uri: str | None = None,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """See `Definition.set_metadata`."""
        managed = self._registry.get(domain)
        change = partial(write_metadata, kind=kind, text=text, key=key, uri=uri)
        async with self._engine.works.work(), managed.changes:
            what = meant(managed, flags)
            change(managed.config().copy())  # what is wrong is found before anything is changed
            if what.definition is not None:
                await redefine(self._engine, managed, change)
            if what.live is not None:
                await change_live(self._engine, managed, what.live, change)
        self._engine.publish(
            MetadataChangeEvent(
                time=self._engine.now(),
                domain=managed.key,
                type=DomainMetadataType[kind.upper()],
                uri=uri,
            )
        )

    async def rename(self, domain: DomainKey, name: str) -> None:
        """See `Definition.rename`."""
        managed = self._registry.get(domain)
        async with self._engine.works.work(), managed.changes, self._engine.defining:
            config = self._renamed(managed, name)
            await self._engine.root.rename_definition(config, managed.name)
            old = managed.key
            self._engine.tell(managed, LifecycleDetail.UNDEFINED_RENAMED)
            managed.key = DomainKey(old.uuid, name)
            managed.definition = config
        self._engine.tell(managed, LifecycleDetail.DEFINED_RENAMED)

    def _renamed(self, managed: ManagedDomain, name: str) -> DomainConfig:
        """The definition under another name."""
        if managed.definition is None:
            raise InvalidState(f"domain {managed.name!r} is transient: it cannot be renamed")
        if managed.live is not None:
            raise InvalidState(f"domain {managed.name!r} is running: it cannot be renamed now")
        root, uuid = self._engine.root, managed.key.uuid
        if root.has_points("snapshots", uuid) or root.has_points("checkpoints", uuid):
            raise InvalidState(f"domain {managed.name!r} has snapshots or checkpoints")
        if root.managed_save(uuid).exists():
            raise InvalidState(f"domain {managed.name!r} has a managed save image")
        if any(other.name == name for other in self._registry):
            raise AlreadyExists(f"there is a domain {name!r} already")
        config = managed.definition.copy()
        config.name = name
        config.check()
        return config

    # --- starting with the host -----------------------------------------------------------------

    @immediate
    async def autostart(self, domain: DomainKey) -> bool:
        """See `Definition.autostart`."""
        return self._registry.get(domain).autostart

    @immediate
    async def autostart_once(self, domain: DomainKey) -> bool:
        """See `Definition.autostart_once`."""
        return self._registry.get(domain).autostart_once

    async def set_autostart(self, domain: DomainKey, *, autostart: bool) -> None:
        """See `Definition.set_autostart`."""
        managed = self._persistent(domain)
        async with self._engine.works.work(), self._engine.defining:
            await self._engine.root.set_autostart(managed.name, autostart=autostart)
            managed.autostart = autostart

    async def set_autostart_once(self, domain: DomainKey, *, autostart: bool) -> None:
        """See `Definition.set_autostart_once`."""
        managed = self._persistent(domain)
        async with self._engine.works.work(), self._engine.defining:
            await self._engine.root.set_autostart_once(managed.name, autostart=autostart)
            managed.autostart_once = autostart

    def _persistent(self, domain: DomainKey) -> ManagedDomain:
        managed = self._registry.get(domain)
        if managed.definition is None:
            raise InvalidState(f"domain {managed.name!r} is transient: it cannot autostart")
        return managed

    @immediate
    async def is_updated(self, domain: DomainKey) -> bool:
        """See `Definition.is_updated`."""
        return self._registry.get(domain).updated
