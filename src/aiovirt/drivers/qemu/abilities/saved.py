"""The memory of a domain in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from anyio import to_thread

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.saving import file_and_config, wants_running
from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.engine import saving
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.dumps import ELF, Dumping, dump
from aiovirt.drivers.qemu.engine.stop import destroy, reset
from aiovirt.drivers.qemu.store.saved import SavedHead, read_head, replace_head
from aiovirt.errors import AlreadyExists, CallerError, ConfigError, InvalidState
from aiovirt.host.files import make_private_folder, remove_durably
from aiovirt.interfaces import SavedState, immediate, refuse_flags
from aiovirt.model.domain import DomainKey
from aiovirt.model.params import TypedParams

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainCoreDumpFlags,
        DomainCoreDumpFormat,
        DomainSaveRestoreFlags,
    )

__all__ = ["QemuSavedState"]

BYPASS_CACHE, RUNNING, PAUSED = 0x1, 0x2, 0x4
"""Of `DomainSaveRestoreFlags`; reading never goes round the host's cache."""
_KNOWN: Final = BYPASS_CACHE | RUNNING | PAUSED
CRASH, LIVE, NO_CACHE, RESET, MEMORY_ONLY = 0x1, 0x2, 0x4, 0x8, 0x10
"""Of `DomainCoreDumpFlags`."""
_FORMATS: Final = (ELF, "kdump-zlib", "kdump-lzo", "kdump-snappy", "win-dmp")


class QemuSavedState(QemuAbility, SavedState):
    """The face of `engine.saving`."""

    async def save(
        self,
        domain: DomainKey,
        path: str,
        *,
        config: DomainConfig | None = None,
        flags: DomainSaveRestoreFlags | Literal[0] = 0,
    ) -> None:
        """See `SavedState.save`."""
        refuse_flags(self.driver_name, "save", flags, _KNOWN)
        managed = self._registry.get(domain)
        async with self._engine.works.work():
            how = saving.Saving(config, wants_running(flags), bool(flags & BYPASS_CACHE))
            await saving.save(self._engine, managed, _absolute(path), how)

    async def save_with(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainSaveRestoreFlags | Literal[0] = 0,
    ) -> None:
        """See `SavedState.save_with`."""
        path, config = file_and_config(params)
        if path is None:
            raise CallerError("it must be said which file: the parameter is `file`")
        await self.save(domain, path, config=config, flags=flags)

    async def restore(
        self,
        path: str,
        *,
        config: DomainConfig | None = None,
        flags: DomainSaveRestoreFlags | Literal[0] = 0,
    ) -> None:
        """See `SavedState.restore`."""
        refuse_flags(self.driver_name, "restore", flags, _KNOWN)
        file = _absolute(path)
        head = await to_thread.run_sync(read_head, file)
        running = wants_running(flags)
        async with self._engine.works.work():
            managed = self._domain_of(head)
            try:
                async with managed.changes:
                    paused = await saving.restore_in_turn(
                        self._engine,
                        managed,
                        file,
                        config=config,
                        paused=None if running is None else not running,
                    )
            finally:
                if managed.live is None and managed.definition is None:
                    self._registry.remove(managed)
        saving.tell_restored(self._engine, managed, paused=paused)

    def _domain_of(self, head: SavedHead) -> ManagedDomain:
        """The domain of a file; a new one if it is not there any more."""
        config = DomainConfig.parse(head.xml)
        if config.uuid is None or not config.name:
            raise ConfigError("the file's domain has no UUID or no name", field="domain/uuid")
        key = DomainKey(config.uuid, config.name)
        managed = self._registry.existing(key)
        if managed is None:
            managed = ManagedDomain(key, None)
            self._registry.add(managed)
        elif managed.live is not None:
            raise AlreadyExists(f"domain {managed.name!r} is active already")
        return managed

    async def restore_with(
        self, params: TypedParams, *, flags: DomainSaveRestoreFlags | Literal[0] = 0
    ) -> None:
        """See `SavedState.restore_with`."""
        path, config = file_and_config(params)
        if path is None:
            raise CallerError("it must be said which file: the parameter is `file`")
        await self.restore(path, config=config, flags=flags)

    async def image_config(self, path: str, *, secure: bool = False) -> DomainConfig:
        """See `SavedState.image_config`."""
        head = await to_thread.run_sync(read_head, _absolute(path))
        config = DomainConfig.parse(head.xml)
        return config if secure else DomainConfig.parse(config.to_xml(secure=False))

    async def set_image_config(
        self,
        path: str,
        config: DomainConfig,
        *,
        flags: DomainSaveRestoreFlags | Literal[0] = 0,
    ) -> None:
        """See `SavedState.set_image_config`."""
        refuse_flags(self.driver_name, "set_image_config", flags, RUNNING | PAUSED)
        await self._rewrite(_absolute(path), config, flags)

    async def _rewrite(self, path: Path, config: DomainConfig, flags: int) -> None:
        config.check()
        head = await to_thread.run_sync(read_head, path)
        before = DomainConfig.parse(head.xml)
        if (config.uuid, config.name) != (before.uuid, before.name):
            raise ConfigError("a saved domain keeps its name and its UUID", field="domain/uuid")
        running = wants_running(flags)
        runs = head.running if running is None else running
        new = SavedHead(config.to_xml(secure=True), runs, head.compression)
        async with self._engine.works.work():
            await to_thread.run_sync(replace_head, path, new)

    # --- the file that the host keeps -----------------------------------------------------------

    def _managed(self, domain: DomainKey) -> Path:
        return self._engine.root.managed_save(self._registry.get(domain).key.uuid)

    async def managed_save(
        self, domain: DomainKey, *, flags: DomainSaveRestoreFlags | Literal[0] = 0
    ) -> None:
        """See `SavedState.managed_save`."""
        managed = self._registry.get(domain)
        managed.running()
        if managed.definition is None:
            raise InvalidState(f"domain {managed.name!r} is transient: no file is kept for it")
        make_private_folder(self._engine.root.saves)
        await self.save(domain, str(self._managed(domain)), flags=flags)

    @immediate
    async def has_managed_save(self, domain: DomainKey) -> bool:
        """See `SavedState.has_managed_save`."""
        return self._managed(domain).exists()

    async def remove_managed_save(self, domain: DomainKey) -> None:
        """See `SavedState.remove_managed_save`."""
        managed = self._registry.get(domain)
        async with self._engine.works.work(), managed.changes:
            await remove_durably(self._managed(domain))

    async def managed_save_config(self, domain: DomainKey, *, secure: bool = False) -> DomainConfig:
        """See `SavedState.managed_save_config`."""
        self._check_kept(domain)
        return await self.image_config(str(self._managed(domain)), secure=secure)

    async def set_managed_save_config(
        self,
        domain: DomainKey,
        config: DomainConfig,
        *,
        flags: DomainSaveRestoreFlags | Literal[0] = 0,
    ) -> None:
        """See `SavedState.set_managed_save_config`."""
        self._check_kept(domain)
        await self._rewrite(self._managed(domain), config, flags)

    def _check_kept(self, domain: DomainKey) -> None:
        if not self._managed(domain).exists():
            raise InvalidState(f"domain {domain.name!r} has no managed save image")

    # --- dumps ----------------------------------------------------------------------------------

    async def dump(
        self,
        domain: DomainKey,
        path: str,
        *,
        dump_format: DomainCoreDumpFormat | Literal[0] = 0,
        flags: DomainCoreDumpFlags | Literal[0] = 0,
    ) -> None:
        """See `SavedState.dump`: the memory alone, in a format of debuggers."""
        refuse_flags(self.driver_name, "dump", flags, CRASH | LIVE | NO_CACHE | RESET | MEMORY_ONLY)
        managed = self._registry.get(domain)
        async with self._engine.works.work():
            how = Dumping(_FORMATS[int(dump_format)], bool(flags & NO_CACHE))
            await dump(self._engine, managed, _absolute(path), how)
            if flags & CRASH:
                await destroy(self._engine, managed, graceful=False)
            elif flags & RESET:
                await reset(managed)


def _absolute(path: str) -> Path:
    found = Path(path)
    if not found.is_absolute():
        raise CallerError(f"{path!r} is no absolute path")
    return found
