"""Storage pools: folders of image files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from aiovirt.config import StoragePoolConfig, StoragePoolSources
from aiovirt.drivers.common.pools import PoolFacts
from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.hostinfo.xml import choices, make, to_text
from aiovirt.drivers.qemu.storage.pools import Pool
from aiovirt.errors import Unsupported
from aiovirt.host.files import host_error
from aiovirt.interfaces import immediate, refuse_flags
from aiovirt.model.constants import StoragePoolEventLifecycleType as Happened
from aiovirt.model.events import StoragePoolLifecycleEvent, StoragePoolRefreshEvent
from aiovirt.model.keys import StoragePoolKey

if TYPE_CHECKING:
    from aiovirt.config.storage import PoolSource
    from aiovirt.model.constants import (
        StoragePoolBuildFlags,
        StoragePoolCreateFlags,
        StoragePoolDefineFlags,
        StoragePoolDeleteFlags,
    )

__all__ = ["QemuStoragePools"]

_IMAGES = ("none", "raw", "dir", "iso", "vpc", "vdi", "qcow", "qcow2", "qed", "vmdk")


class QemuStoragePools(QemuAbility, PoolFacts[Pool]):
    """The face of `storage.pools`."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._pools = engine.pools
        self.shelf = engine.pools.shelf

    def _tell(self, pool: Pool, kind: Happened) -> None:
        event = StoragePoolLifecycleEvent(time=self._engine.now(), pool=pool.key, kind=kind)
        self._engine.publish(event)

    async def define(
        self,
        config: StoragePoolConfig,
        *,
        validate: bool = False,
        flags: StoragePoolDefineFlags | Literal[0] = 0,
    ) -> StoragePoolKey:
        """See `StoragePools.define`."""
        del validate  # what is checked is checked always
        refuse_flags(self.driver_name, "define", flags)
        async with self._engine.works.work(), self._engine.defining:
            pool = await self._pools.define(config)
        self._tell(pool, Happened.DEFINED)
        return pool.key

    async def create(
        self,
        config: StoragePoolConfig,
        *,
        build: bool = False,
        overwrite: bool = False,
        no_overwrite: bool = False,
        flags: StoragePoolCreateFlags | Literal[0] = 0,
    ) -> StoragePoolKey:
        """See `StoragePools.create`."""
        refuse_flags(self.driver_name, "create", flags)
        async with self._engine.works.work(), self._engine.defining:
            pool = await self._pools.create(config)
            try:
                if build or overwrite or no_overwrite:
                    _build(Path(config.path or ""))
                await self._pools.start(pool, self._pools.checked(config))
            finally:
                self._pools.forget(pool)
        self._tell(pool, Happened.STARTED)
        return pool.key

    async def undefine(self, pool: StoragePoolKey) -> None:
        """See `StoragePools.undefine`."""
        found = self.of(pool)
        async with self._engine.works.work(), self._engine.defining:
            found.check_inactive()
            await self._pools.undefine(found)
        self._tell(found, Happened.UNDEFINED)

    async def start(
        self,
        pool: StoragePoolKey,
        *,
        build: bool = False,
        overwrite: bool = False,
        no_overwrite: bool = False,
        flags: StoragePoolCreateFlags | Literal[0] = 0,
    ) -> None:
        """See `StoragePools.start`."""
        refuse_flags(self.driver_name, "start", flags)
        found = self.of(pool)
        async with self._engine.works.work(), self._engine.defining:
            found.check_inactive()
            if build or overwrite or no_overwrite:
                _build(found.folder)
            await self._pools.start(found, found.check_persistent())
        self._tell(found, Happened.STARTED)

    async def build(
        self,
        pool: StoragePoolKey,
        *,
        overwrite: bool = False,
        no_overwrite: bool = False,
        flags: StoragePoolBuildFlags | Literal[0] = 0,
    ) -> None:
        """See `StoragePools.build`."""
        del overwrite, no_overwrite  # a folder has nothing to write over
        refuse_flags(self.driver_name, "build", flags)
        found = self.of(pool)
        async with self._engine.works.work():
            found.check_inactive()
            _build(found.folder)
        self._tell(found, Happened.CREATED)

    async def destroy(self, pool: StoragePoolKey) -> None:
        """See `StoragePools.destroy`."""
        found = self.of(pool)
        async with self._engine.works.work(), self._engine.defining:
            found.check_active()
            await self._pools.stop(found)
        self._tell(found, Happened.STOPPED)

    async def delete(
        self,
        pool: StoragePoolKey,
        *,
        zeroed: bool = False,
        flags: StoragePoolDeleteFlags | Literal[0] = 0,
    ) -> None:
        """See `StoragePools.delete`: the folder, if it is empty."""
        refuse_flags(self.driver_name, "delete", flags)
        if zeroed:
            raise Unsupported(self.driver_name, "delete of a pool with zeros written first")
        found = self.of(pool)
        async with self._engine.works.work():
            found.check_inactive()
            _remove(found.folder)
        self._tell(found, Happened.DELETED)

    async def refresh(self, pool: StoragePoolKey) -> None:
        """See `StoragePools.refresh`."""
        found = self.of(pool)
        async with self._engine.works.work():
            await self._pools.refresh(found)
        self._engine.publish(StoragePoolRefreshEvent(time=self._engine.now(), pool=found.key))

    async def set_autostart(self, pool: StoragePoolKey, *, autostart: bool) -> None:
        """See `StoragePools.set_autostart`."""
        found = self.of(pool)
        async with self._engine.works.work(), self._engine.defining:
            found.check_persistent()
            await self._pools.set_autostart(found, autostart=autostart)

    async def find_sources(
        self, kind: str, *, source: PoolSource | None = None
    ) -> StoragePoolSources:
        """See `StoragePools.find_sources`."""
        del source
        raise Unsupported(self.driver_name, f"find_sources of pools of type {kind}")

    @immediate
    async def capabilities(self) -> str:
        """See `StoragePools.capabilities`."""
        options = make(
            "volOptions", make("defaultFormat", type="raw"), choices("targetFormatType", _IMAGES)
        )
        pool = make("pool", options, type="dir", supported="yes")
        return to_text(make("storagepoolCapabilities", pool))


def _build(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    except OSError as error:
        raise host_error(error, f"cannot make the folder {folder}") from error


def _remove(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError as error:
        raise host_error(error, f"cannot remove the folder {folder}") from error
