"""`StoragePools` of the in-memory host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aiovirt.config import StoragePoolConfig, StoragePoolSources
from aiovirt.config.storage import PoolSource
from aiovirt.drivers.common.pools import PoolFacts
from aiovirt.drivers.test.hooks import TestAbility
from aiovirt.drivers.test.resources.checking import DRIVER, checked
from aiovirt.drivers.test.resources.pool import MemoryPool
from aiovirt.drivers.test.resources.pool_documents import find_sources, pool_capabilities
from aiovirt.drivers.test.resources.pools import PoolRoom
from aiovirt.interfaces import refuse_flags
from aiovirt.model.keys import StoragePoolKey

if TYPE_CHECKING:
    from aiovirt.drivers.test.world import World
    from aiovirt.model.constants import (
        StoragePoolBuildFlags,
        StoragePoolCreateFlags,
        StoragePoolDefineFlags,
        StoragePoolDeleteFlags,
    )

__all__ = ["TestStoragePools"]


class TestStoragePools(TestAbility, PoolFacts[MemoryPool]):
    """See `aiovirt.interfaces.StoragePools`."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.room = world.room(PoolRoom)
        self.shelf = self.room.shelf

    async def define(
        self,
        config: StoragePoolConfig,
        *,
        validate: bool = False,
        flags: StoragePoolDefineFlags | Literal[0] = 0,
    ) -> StoragePoolKey:
        """See `StoragePools`."""
        given = await checked("StoragePools.define", config, validate=validate, flags=flags)
        return self.room.define(given).key

    async def create(
        self,
        config: StoragePoolConfig,
        *,
        build: bool = False,
        overwrite: bool = False,
        no_overwrite: bool = False,
        flags: StoragePoolCreateFlags | Literal[0] = 0,
    ) -> StoragePoolKey:
        """See `StoragePools`."""
        given = await checked("StoragePools.create", config, flags=flags)
        return self.room.create(given, build=build or overwrite or no_overwrite).key

    async def undefine(self, pool: StoragePoolKey) -> None:
        """See `StoragePools`."""
        self.room.undefine(self.of(pool))

    async def start(
        self,
        pool: StoragePoolKey,
        *,
        build: bool = False,
        overwrite: bool = False,
        no_overwrite: bool = False,
        flags: StoragePoolCreateFlags | Literal[0] = 0,
    ) -> None:
        """See `StoragePools`."""
        refuse_flags(DRIVER, "StoragePools.start", flags)
        found = self.of(pool)
        if overwrite or no_overwrite:
            self.room.build(found, overwrite=overwrite, no_overwrite=no_overwrite)
        self.room.start(found, build=build and not (overwrite or no_overwrite))

    async def build(
        self,
        pool: StoragePoolKey,
        *,
        overwrite: bool = False,
        no_overwrite: bool = False,
        flags: StoragePoolBuildFlags | Literal[0] = 0,
    ) -> None:
        """See `StoragePools`."""
        refuse_flags(DRIVER, "StoragePools.build", flags)
        self.room.build(self.of(pool), overwrite=overwrite, no_overwrite=no_overwrite)

    async def destroy(self, pool: StoragePoolKey) -> None:
        """See `StoragePools`."""
        self.room.destroy(self.of(pool))

    async def delete(
        self,
        pool: StoragePoolKey,
        *,
        zeroed: bool = False,
        flags: StoragePoolDeleteFlags | Literal[0] = 0,
    ) -> None:
        """See `StoragePools`; what is gone cannot be read again, but zeroing finds it unused."""
        refuse_flags(DRIVER, "StoragePools.delete", flags)
        found = self.of(pool)
        if zeroed:
            for volume in found.volumes.values():
                volume.check_unused()
        self.room.delete(found)

    async def refresh(self, pool: StoragePoolKey) -> None:
        """See `StoragePools`."""
        self.room.refresh(self.of(pool))

    async def set_autostart(self, pool: StoragePoolKey, *, autostart: bool) -> None:
        """See `StoragePools`."""
        found = self.of(pool)
        found.check_persistent()
        found.autostart = autostart

    async def find_sources(
        self, kind: str, *, source: PoolSource | None = None
    ) -> StoragePoolSources:
        """See `StoragePools`."""
        return find_sources(kind, source)

    async def capabilities(self) -> str:
        """See `StoragePools`."""
        return pool_capabilities()
