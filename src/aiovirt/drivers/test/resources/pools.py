"""The storage pools of the in-memory host, and the volumes in them. State only.

What a pool is made of stays on the host when the pool is stopped or undefined: a pool that is
made of the same finds its volumes again.
"""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import basename
from typing import TYPE_CHECKING

from aiovirt.config import StoragePoolConfig, StorageVolumeConfig
from aiovirt.config.storage import StoragePermissions
from aiovirt.config.storage.sources import say_source
from aiovirt.drivers.common.shelf import Shelf
from aiovirt.drivers.test.resources.checking import DRIVER
from aiovirt.drivers.test.resources.pool import (
    FIXED,
    FOLDERS,
    SERVERS,
    MemoryPool,
    place_of,
)
from aiovirt.drivers.test.resources.volumes import (
    EMPTY_QCOW2,
    MemoryVolume,
    describe,
    format_file,
    probe,
)
from aiovirt.errors import (
    AlreadyExists,
    ConfigError,
    InvalidState,
    NotFound,
    Unsupported,
)
from aiovirt.model.constants import StoragePoolEventLifecycleType
from aiovirt.model.events import StoragePoolLifecycleEvent, StoragePoolRefreshEvent
from aiovirt.model.keys import StoragePoolKey, StorageVolumeKey
from aiovirt.model.units import Bytes

if TYPE_CHECKING:
    from aiovirt.drivers.test.world import World

__all__ = ["PoolRoom"]

_KIND = StoragePoolEventLifecycleType

_FOLDER_MODE = 0o711
"""The mode of a folder that libvirt makes for a pool."""


class PoolRoom:
    """The pools of one host."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.shelf: Shelf[MemoryPool] = Shelf("storage pool")
        self._places: dict[tuple[str, ...], dict[str, MemoryVolume]] = {}

    def of(self, key: StoragePoolKey) -> MemoryPool:
        """The pool of a key.

        Raises:
            NotFound: It is not there.
        """
        return self.shelf.by_uuid(key.uuid, key.name)

    def tell(self, pool: MemoryPool, kind: StoragePoolEventLifecycleType) -> None:
        """Publish that something happened to it."""
        event = StoragePoolLifecycleEvent(time=self.world.now(), pool=pool.key, kind=kind)
        self.world.publish(event)

    # --- coming and going -----------------------------------------------------------------------

    def add(
        self, config: StoragePoolConfig, *, active: bool = True, persistent: bool = True
    ) -> MemoryPool:
        """Put a pool there as it is: of the host from the beginning. Nobody is told."""
        given = self._completed(config)
        pool = self._put(given)
        pool.definition = given.copy() if persistent else None
        pool.live = given.copy() if active else None
        return pool

    def define(self, config: StoragePoolConfig) -> MemoryPool:
        """See `StoragePools.define`."""
        given, there = self._placed(config)
        pool = there or self._put(given)
        pool.definition = given
        self.tell(pool, _KIND.DEFINED)
        return pool

    def create(self, config: StoragePoolConfig, *, build: bool) -> MemoryPool:
        """See `StoragePools.create`."""
        given, there = self._placed(config)
        if there is not None and there.active:
            raise AlreadyExists(f"storage pool {there.name!r} is active already")
        pool = there or self._put(given)
        pool.live = given
        self._begin(pool, build=build)
        return pool

    def undefine(self, pool: MemoryPool) -> None:
        """See `StoragePools.undefine`."""
        pool.check_inactive()
        self.shelf.remove(pool)
        self.tell(pool, _KIND.UNDEFINED)

    def start(self, pool: MemoryPool, *, build: bool = False) -> None:
        """See `StoragePools.start`."""
        pool.check_inactive()
        pool.live = pool.check_persistent().copy()
        self._begin(pool, build=build)

    def _begin(self, pool: MemoryPool, *, build: bool) -> None:
        if build:
            self._make(pool)
        self.look(pool)
        self.tell(pool, _KIND.STARTED)

    def destroy(self, pool: MemoryPool) -> None:
        """See `StoragePools.destroy`."""
        pool.check_active()
        pool.live = None
        if not pool.persistent:
            self.shelf.remove(pool)
        self.tell(pool, _KIND.STOPPED)

    def build(self, pool: MemoryPool, *, overwrite: bool, no_overwrite: bool) -> None:
        """See `StoragePools.build`."""
        pool.check_inactive()
        if overwrite and no_overwrite:
            raise ConfigError("overwrite and no_overwrite exclude each other", field="overwrite")
        if no_overwrite and pool.volumes:
            raise AlreadyExists(f"what pool {pool.name!r} is made of has data already")
        if overwrite:
            self._forget(pool)
        self._make(pool)

    def _make(self, pool: MemoryPool) -> None:
        for config in (pool.live, pool.definition):
            if config is not None and pool.kind in FOLDERS and not config.target.permissions:
                made = StoragePermissions(mode=_FOLDER_MODE, owner=0, group=0)
                config.target.permissions = made
        self.tell(pool, _KIND.CREATED)

    def delete(self, pool: MemoryPool) -> None:
        """See `StoragePools.delete`."""
        pool.check_inactive()
        self._forget(pool)
        self.tell(pool, _KIND.DELETED)

    def refresh(self, pool: MemoryPool) -> None:
        """See `StoragePools.refresh`."""
        pool.check_active()
        self.look(pool)
        self.tell_refreshed(pool)

    def tell_refreshed(self, pool: MemoryPool) -> None:
        """Publish that a pool's volumes were looked at anew."""
        self.world.publish(StoragePoolRefreshEvent(time=self.world.now(), pool=pool.key))

    def look(self, pool: MemoryPool) -> None:
        """Take in files that came into a folder otherwise, and forget those that went."""
        if pool.kind not in FOLDERS:
            return
        files = self.world.files
        there = {basename(path): path for path in files.below(pool.path_of("")[:-1])}
        for name in pool.volumes.keys() - there.keys():
            del pool.volumes[name]
        for name in there.keys() - pool.volumes.keys():
            self._take_in(pool, name, there[name])

    def _take_in(self, pool: MemoryPool, name: str, path: str) -> None:
        file = self.world.files.find(path)
        image, capacity = probe(file)
        config = StorageVolumeConfig(name=name, capacity=Bytes(capacity))
        config.target.format = image
        given = describe(config, "file", path, self.world.now())
        pool.volumes[name] = MemoryVolume(given, path, file, capacity)

    def _forget(self, pool: MemoryPool) -> None:
        for volume in pool.volumes.values():
            self.world.files.remove(volume.path)
        pool.volumes.clear()

    def _put(self, config: StoragePoolConfig) -> MemoryPool:
        """A new one, on the shelf."""
        pool = MemoryPool("storage pool", config.name or "", config.uuid or self.world.new_uuid())
        pool.volumes = self._places.setdefault(place_of(config), {})
        self.shelf.add(pool)
        return pool

    def _completed(self, config: StoragePoolConfig) -> StoragePoolConfig:
        given = config.copy()
        if given.name is None:
            given.name = given.source.name
        if given.uuid is None:
            given.uuid = self.world.new_uuid()
        say_source(given)
        return given

    def _placed(self, config: StoragePoolConfig) -> tuple[StoragePoolConfig, MemoryPool | None]:
        """The configuration, completed, and the pool that is there already.

        Raises:
            AlreadyExists: Name, UUID or what it is made of belong to another.
        """
        given = self._completed(config)
        there = self.shelf.existing(given.uuid, given.name or "")
        for pool in self.shelf:
            if pool is not there and place_of(pool.current()) == place_of(given):
                raise AlreadyExists(f"storage pool {pool.name!r} already exists with this source")
        if there is not None and place_of(there.current()) != place_of(given):
            if there.active:
                raise InvalidState(f"storage pool {there.name!r} is active: its source stays")
            there.volumes = self._places.setdefault(place_of(given), {})
        return given, there

    # --- volumes --------------------------------------------------------------------------------

    def active(self) -> Iterator[MemoryPool]:
        """The pools whose volumes can be used."""
        return (pool for pool in self.shelf if pool.active)

    def find(self, key: StorageVolumeKey) -> tuple[MemoryPool, MemoryVolume]:
        """The volume of a key, and its pool.

        Raises:
            NotFound: One of them is not there.
            InvalidState: The pool does not run.
        """
        pool = self.shelf.by_name(key.pool)
        return pool, pool.find(key.name)

    def by_path(self, path: str) -> tuple[MemoryPool, MemoryVolume]:
        """The volume of a path or a key in an active pool.

        Raises:
            NotFound: There is none.
        """
        for pool in self.active():
            for volume in pool.volumes.values():
                if volume.path == path:
                    return pool, volume
        raise NotFound(f"there is no storage volume {path!r}")

    def create_volume(
        self, pool: MemoryPool, config: StorageVolumeConfig, *, capacity: int | None = None
    ) -> MemoryVolume:
        """Make a volume, empty.

        Args:
            pool: Where.
            config: What it is to be.
            capacity: Its capacity if the configuration does not say.

        Raises:
            ConfigError: It has no capacity, and nothing that tells it.
            AlreadyExists: The name is taken.
            InvalidState: The pool does not run.
            ResourceUnavailable: The pool is full.
            Unsupported: Volumes of such pools are made elsewhere.
        """
        pool.check_active()
        kind = pool.kind
        if kind in FIXED:
            raise Unsupported(DRIVER, "StorageVolumes.create", f"a pool of type {kind}")
        name = config.name or ""
        if name in pool.volumes:
            raise AlreadyExists(f"pool {pool.name!r} already has a volume {name!r}")
        size = self._capacity(config, capacity)
        path = pool.path_of(name)
        form = "file" if kind in FOLDERS else "network" if kind in SERVERS else "block"
        given = describe(config, form, path, self.world.now())
        reserved = _reserved(given, size)
        pool.check_room(reserved)
        file = self.world.files.create(path, exclusive=True)
        format_file(file, given.target.format, size)
        volume = pool.volumes[name] = MemoryVolume(given, path, file, size, reserved)
        return volume

    def _capacity(self, config: StorageVolumeConfig, otherwise: int | None) -> int:
        if config.capacity is not None:
            return max(config.capacity, otherwise or 0)
        if otherwise is not None:
            return otherwise
        if config.backing_store and config.backing_store.path:
            return self.by_path(config.backing_store.path)[1].capacity
        raise StorageVolumeConfig.capacity.error(config, "the volume has no capacity")

    def delete_volume(self, pool: MemoryPool, volume: MemoryVolume) -> None:
        """Remove a volume with its data.

        Raises:
            InvalidState: It is being used.
        """
        volume.check_unused()
        if volume.path in self.world.files:
            self.world.files.remove(volume.path)
        del pool.volumes[volume.name]


def _reserved(config: StorageVolumeConfig, capacity: int) -> int:
    """What a new volume takes at once: all of it if nothing else is said and it does not grow."""
    if config.target.format == "qcow2":
        return max(EMPTY_QCOW2, min(config.allocation or 0, capacity))
    return min(capacity if config.allocation is None else config.allocation, capacity)
