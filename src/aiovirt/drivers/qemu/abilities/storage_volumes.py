"""Storage volumes: image files in the folders of pools."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from anyio import to_thread

from aiovirt.config import StorageVolumeConfig
from aiovirt.config.shared.encryption import StorageEncryption
from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.images import qemu_img
from aiovirt.drivers.qemu.storage.pools import Pool
from aiovirt.drivers.qemu.storage.transfer import open_sink, open_source
from aiovirt.drivers.qemu.storage.volumes import (
    Volume,
    copy_volume,
    look,
    make_volume,
    remove_volume,
    wipe_volume,
)
from aiovirt.errors import AlreadyExists, ConfigError, Unsupported
from aiovirt.interfaces import StorageVolumes, VolumeSink, VolumeSource, immediate, refuse_flags
from aiovirt.model.keys import StoragePoolKey, StorageVolumeKey
from aiovirt.model.storage import StorageVolumeInfo, StorageVolumeRecord

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        StorageVolCreateFlags,
        StorageVolDeleteFlags,
        StorageVolResizeFlags,
    )

__all__ = ["QemuStorageVolumes"]


class QemuStorageVolumes(QemuAbility, StorageVolumes):
    """The face of `storage.volumes`."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._pools = engine.pools

    def _place(self, pool: Pool, config: StorageVolumeConfig) -> Path:
        """Where a new volume is to be; a document without target is whole, too."""
        pool.check_active()
        whole = config.copy()
        if not whole.target:
            whole.target.format = "raw"
        whole.check()
        if not config.name or "/" in config.name or config.name.startswith("."):
            raise ConfigError(f"{config.name!r} cannot be the name of a volume", field="name")
        if config.name in pool.volumes:
            raise AlreadyExists(f"pool {pool.name!r} has a volume {config.name!r} already")
        return pool.folder / config.name

    def _passphrase(self, config: StorageVolumeConfig) -> bytes | None:
        """What a volume is encrypted with; None where it is not.

        Raises:
            XMLError: This host does not know it.
        """
        encryption = config.target.encryption
        if not encryption:
            return None
        secret = encryption.secret
        found = self._engine.secret_of(secret.uuid, "volume", secret.usage)
        if found is None:
            named = secret.uuid or secret.usage
            raise StorageEncryption.secret.error(
                encryption, f"the secret {named} of volume {config.name!r} has no value here"
            )
        return found.reveal()

    async def _found(self, pool: Pool, path: Path) -> StorageVolumeKey:
        volume = pool.volumes[path.name] = await to_thread.run_sync(look, path)
        return pool.key_of(volume)

    async def create(
        self,
        pool: StoragePoolKey,
        config: StorageVolumeConfig,
        *,
        metadata: bool = False,
        validate: bool = False,
        flags: StorageVolCreateFlags | Literal[0] = 0,
    ) -> StorageVolumeKey:
        """See `StorageVolumes.create`."""
        del validate
        refuse_flags(self.driver_name, "create", flags)
        found = self._pools.shelf.by_uuid(pool.uuid)
        async with self._engine.works.work():
            path = self._place(found, config)
            passphrase = self._passphrase(config)
            await make_volume(path, config, metadata=metadata, passphrase=passphrase)
            return await self._found(found, path)

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
        """See `StorageVolumes.create_from`."""
        del validate, metadata, reflink  # a copy has its own
        refuse_flags(self.driver_name, "create_from", flags)
        found = self._pools.shelf.by_uuid(pool.uuid)
        _, original = self._pools.volume(source)
        async with self._engine.works.work():
            path = self._place(found, config)
            await copy_volume(path, config, original)
            return await self._found(found, path)

    async def delete(
        self,
        volume: StorageVolumeKey,
        *,
        snapshots: bool = False,
        flags: StorageVolDeleteFlags | Literal[0] = 0,
    ) -> None:
        """See `StorageVolumes.delete`."""
        refuse_flags(self.driver_name, "delete", flags)
        if snapshots:
            raise Unsupported(self.driver_name, "delete of snapshots of volumes in folders")
        pool, found = self._pools.volume(volume)
        async with self._engine.works.work():
            await to_thread.run_sync(remove_volume, found)
            pool.volumes.pop(found.name, None)

    def _sorted(self, pool: StoragePoolKey) -> tuple[Pool, list[Volume]]:
        found = self._pools.shelf.by_uuid(pool.uuid)
        found.check_active()
        return found, [found.volumes[name] for name in sorted(found.volumes)]

    @immediate
    async def keys(self, pool: StoragePoolKey) -> Sequence[StorageVolumeKey]:
        """See `StorageVolumes.keys`."""
        found, volumes = self._sorted(pool)
        return [found.key_of(volume) for volume in volumes]

    @immediate
    async def records(self, pool: StoragePoolKey) -> Sequence[StorageVolumeRecord]:
        """See `StorageVolumes.records`."""
        found, volumes = self._sorted(pool)
        return [
            StorageVolumeRecord(found.key_of(volume), str(volume.path), volume.info())
            for volume in volumes
        ]

    @immediate
    async def find_by_name(self, pool: StoragePoolKey, name: str) -> StorageVolumeKey:
        """See `StorageVolumes.find_by_name`."""
        found = self._pools.shelf.by_uuid(pool.uuid)
        return found.key_of(found.find(name))

    @immediate
    async def find_by_key(self, key: str) -> StorageVolumeKey:
        """See `StorageVolumes.find_by_key`: the key is the path."""
        pool, volume = self._pools.by_path(key)
        return pool.key_of(volume)

    @immediate
    async def find_by_path(self, path: str) -> StorageVolumeKey:
        """See `StorageVolumes.find_by_path`."""
        pool, volume = self._pools.by_path(path)
        return pool.key_of(volume)

    async def _now(self, key: StorageVolumeKey) -> Volume:
        """A volume as it is now."""
        pool, volume = self._pools.volume(key)
        found = pool.volumes[volume.name] = await to_thread.run_sync(look, volume.path)
        return found

    async def info(self, volume: StorageVolumeKey, *, physical: bool = False) -> StorageVolumeInfo:
        """See `StorageVolumes.info`."""
        return (await self._now(volume)).info(physical=physical)

    async def config(self, volume: StorageVolumeKey) -> StorageVolumeConfig:
        """See `StorageVolumes.config`."""
        return (await self._now(volume)).config()

    @immediate
    async def path(self, volume: StorageVolumeKey) -> str:
        """See `StorageVolumes.path`."""
        return str(self._pools.volume(volume)[1].path)

    async def wipe(self, volume: StorageVolumeKey, *, algorithm: str = "zero") -> None:
        """See `StorageVolumes.wipe`: with zeros."""
        if algorithm != "zero":
            raise Unsupported(self.driver_name, f"wiping by the algorithm {algorithm!r}")
        _, found = self._pools.volume(volume)
        async with self._engine.works.work():
            await to_thread.run_sync(wipe_volume, found)
            await self._now(volume)

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
        """See `StorageVolumes.resize`."""
        refuse_flags(self.driver_name, "resize", flags)
        async with self._engine.works.work():
            found = await self._now(volume)
            size = found.capacity + (-capacity if shrink else capacity) if delta else capacity
            if size < 0 or (size < found.capacity and not shrink):
                raise ConfigError(
                    f"volume {found.name!r} has {found.capacity} bytes, and may not shrink to "
                    f"{size}",
                    field="capacity",
                )
            words = ["--shrink"] if size < found.capacity else []
            words += ["--preallocation=falloc"] if allocate and size > found.capacity else []
            await qemu_img("resize", "-q", "-f", found.format, *words, str(found.path), str(size))
            await self._now(volume)

    def upload(
        self, volume: StorageVolumeKey, *, offset: int = 0, length: int = 0, sparse: bool = False
    ) -> AbstractAsyncContextManager[VolumeSink]:
        """See `StorageVolumes.upload`."""
        del sparse  # holes are taken always
        return self._upload(volume, offset, length)

    @asynccontextmanager
    async def _upload(
        self, volume: StorageVolumeKey, offset: int, length: int
    ) -> AsyncIterator[VolumeSink]:
        _, found = self._pools.volume(volume)
        async with open_sink(found.path, offset, length) as sink:
            yield sink
        await self._now(volume)

    def download(
        self, volume: StorageVolumeKey, *, offset: int = 0, length: int = 0, sparse: bool = False
    ) -> AbstractAsyncContextManager[VolumeSource]:
        """See `StorageVolumes.download`."""
        _, found = self._pools.volume(volume)
        return open_source(found.path, offset, length, sparse=sparse)
