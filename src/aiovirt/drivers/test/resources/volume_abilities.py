"""`StorageVolumes` of the in-memory host."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Literal

from aiovirt.config import StorageVolumeConfig
from aiovirt.drivers.test.hooks import TestAbility
from aiovirt.drivers.test.resources.checking import DRIVER, checked
from aiovirt.drivers.test.resources.pool import MemoryPool
from aiovirt.drivers.test.resources.pools import PoolRoom
from aiovirt.drivers.test.resources.volume_streams import open_sink, open_source
from aiovirt.drivers.test.resources.volumes import (
    MemoryVolume,
    format_file,
    probe,
    set_capacity,
    with_target,
)
from aiovirt.errors import CallerError, ConfigError, Unsupported
from aiovirt.interfaces import StorageVolumes, VolumeSink, VolumeSource, refuse_flags
from aiovirt.interfaces.ability import immediate
from aiovirt.model.constants import StorageVolDeleteFlags, StorageVolWipeAlgorithm
from aiovirt.model.keys import StoragePoolKey, StorageVolumeKey
from aiovirt.model.storage import StorageVolumeInfo, StorageVolumeRecord

if TYPE_CHECKING:
    from aiovirt.drivers.test.world import World
    from aiovirt.model.constants import StorageVolCreateFlags, StorageVolResizeFlags

__all__ = ["TestStorageVolumes"]

_ALGORITHMS = frozenset(each.name.lower() for each in StorageVolWipeAlgorithm)


class TestStorageVolumes(TestAbility, StorageVolumes):
    """See `aiovirt.interfaces.StorageVolumes`."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.room = world.room(PoolRoom)

    async def create(
        self,
        pool: StoragePoolKey,
        config: StorageVolumeConfig,
        *,
        metadata: bool = False,
        validate: bool = False,
        flags: StorageVolCreateFlags | Literal[0] = 0,
    ) -> StorageVolumeKey:
        """See `StorageVolumes`."""
        given = await checked(
            "StorageVolumes.create", with_target(config), validate=validate, flags=flags
        )
        _check_preallocation(given, metadata=metadata)
        found = self.room.of(pool)
        return self.room.create_volume(found, given).key(found.name)

    async def create_from(
        self,
        pool: StoragePoolKey,
        config: StorageVolumeConfig,
        source: StorageVolumeKey,
        *,
        metadata: bool = False,
        reflink: bool = False,
        validate: bool = False,
        flags: StorageVolCreateFlags | Literal[0] = 0,
    ) -> StorageVolumeKey:
        """See `StorageVolumes`."""
        given = await checked(
            "StorageVolumes.create_from",
            with_target(config),
            validate=validate,
            reflink=reflink,
            flags=flags,
        )
        _check_preallocation(given, metadata=metadata)
        found = self.room.of(pool)
        _, original = self.room.find(source)
        original.check_unused()
        image = given.target.format or "raw"
        if given.target.format is None and given.type is None:
            given.target.format = original.format
            image = original.format or "raw"
        if image != (original.format or "raw") and original.has_data:
            what = f"from {original.format} to {image}: the data would have to be converted"
            raise Unsupported(DRIVER, "StorageVolumes.create_from", what)
        made = self.room.create_volume(found, given, capacity=original.capacity)
        if image == (original.format or "raw"):
            made.take_data(original)
        return made.key(found.name)

    async def delete(
        self,
        volume: StorageVolumeKey,
        *,
        snapshots: bool = False,
        flags: StorageVolDeleteFlags | Literal[0] = 0,
    ) -> None:
        """See `StorageVolumes`."""
        refuse_flags(DRIVER, "StorageVolumes.delete", flags, StorageVolDeleteFlags.ZEROED)
        pool, found = self.room.find(volume)
        if snapshots and pool.kind != "rbd":
            raise Unsupported(DRIVER, "StorageVolumes.delete", f"snapshots in a {pool.kind} pool")
        self.room.delete_volume(pool, found)

    @immediate
    async def keys(self, pool: StoragePoolKey) -> Sequence[StorageVolumeKey]:
        """See `StorageVolumes`."""
        found = self.room.of(pool)
        return [volume.key(found.name) for volume in _sorted(found)]

    @immediate
    async def records(self, pool: StoragePoolKey) -> Sequence[StorageVolumeRecord]:
        """See `StorageVolumes`."""
        found = self.room.of(pool)
        return [
            StorageVolumeRecord(volume.key(found.name), volume.path, volume.info())
            for volume in _sorted(found)
        ]

    @immediate
    async def find_by_name(self, pool: StoragePoolKey, name: str) -> StorageVolumeKey:
        """See `StorageVolumes`."""
        found = self.room.of(pool)
        return found.find(name).key(found.name)

    @immediate
    async def find_by_key(self, key: str) -> StorageVolumeKey:
        """See `StorageVolumes`."""
        pool, volume = self.room.by_path(key)
        return volume.key(pool.name)

    @immediate
    async def find_by_path(self, path: str) -> StorageVolumeKey:
        """See `StorageVolumes`."""
        pool, volume = self.room.by_path(path)
        return volume.key(pool.name)

    @immediate
    async def info(self, volume: StorageVolumeKey, *, physical: bool = False) -> StorageVolumeInfo:
        """See `StorageVolumes`."""
        return self.room.find(volume)[1].info(physical=physical)

    @immediate
    async def config(self, volume: StorageVolumeKey) -> StorageVolumeConfig:
        """See `StorageVolumes`."""
        return self.room.find(volume)[1].shown()

    @immediate
    async def path(self, volume: StorageVolumeKey) -> str:
        """See `StorageVolumes`."""
        return self.room.find(volume)[1].path

    # --- data -----------------------------------------------------------------------------------

    async def wipe(self, volume: StorageVolumeKey, *, algorithm: str = "zero") -> None:
        """See `StorageVolumes`; whatever the algorithm, zeros are there then."""
        if algorithm not in _ALGORITHMS:
            raise CallerError(f"there is no algorithm {algorithm!r} for wiping")
        _, found = self.room.find(volume)
        found.check_unused()
        format_file(found.file, found.format, found.capacity)

    async def resize(
        self,
        volume: StorageVolumeKey,
        capacity: int,
        *,
        allocate: bool = False,
        delta: bool = False,
        shrink: bool = False,
        flags: StorageVolResizeFlags | Literal[0] = 0,
    ) -> None:
        """See `StorageVolumes`."""
        refuse_flags(DRIVER, "StorageVolumes.resize", flags)
        pool, found = self.room.find(volume)
        found.check_unused()
        size = found.capacity + (-capacity if shrink else capacity) if delta else capacity
        if size < found.capacity and not shrink:
            raise ConfigError(
                f"volume {found.name!r} has {found.capacity} bytes, and may not shrink to {size}",
                field="capacity",
            )
        if size < 0:
            raise ConfigError(f"volume {found.name!r} cannot have {size} bytes", field="capacity")
        if allocate:
            pool.check_room(max(size - found.reserved, 0))
            found.reserved = size
        set_capacity(found, size)

    def upload(
        self, volume: StorageVolumeKey, *, offset: int = 0, length: int = 0, sparse: bool = False
    ) -> AbstractAsyncContextManager[VolumeSink]:
        """See `StorageVolumes`."""
        return self._upload(volume, offset, length, sparse=sparse)

    @asynccontextmanager
    async def _upload(
        self, volume: StorageVolumeKey, offset: int, length: int, *, sparse: bool
    ) -> AsyncIterator[VolumeSink]:
        pool, found = self.room.find(volume)
        found.check_unused()

        def done() -> None:
            self._settle(pool, found)

        async with open_sink(found, offset, length, sparse=sparse, done=done) as sink:
            yield sink

    def _settle(self, pool: MemoryPool, volume: MemoryVolume) -> None:
        """Read anew what a volume is, after data came into it, as libvirt does."""
        if volume.config.type == "file":
            image, capacity = probe(volume.file)
            volume.config.target.format = image
            volume.capacity = capacity
        self.room.tell_refreshed(pool)

    def download(
        self, volume: StorageVolumeKey, *, offset: int = 0, length: int = 0, sparse: bool = False
    ) -> AbstractAsyncContextManager[VolumeSource]:
        """See `StorageVolumes`."""
        return self._download(volume, offset, length, sparse=sparse)

    @asynccontextmanager
    async def _download(
        self, volume: StorageVolumeKey, offset: int, length: int, *, sparse: bool
    ) -> AsyncIterator[VolumeSource]:
        _, found = self.room.find(volume)
        async with open_source(found, offset, length, sparse=sparse) as source:
            yield source


def _sorted(pool: MemoryPool) -> list[MemoryVolume]:
    pool.check_active()
    return [pool.volumes[name] for name in sorted(pool.volumes)]


def _check_preallocation(config: StorageVolumeConfig, *, metadata: bool) -> None:
    """See that metadata is to be preallocated only where there is some.

    Raises:
        ConfigError: It is a raw image.
    """
    if metadata and config.target.format != "qcow2":
        raise ConfigError("only a qcow2 image has metadata to allocate", field="metadata")
