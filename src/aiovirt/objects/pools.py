"""The storage pools of a host, as a collection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt.config import StoragePoolConfig, StoragePoolSources
from aiovirt.config.storage import PoolSource
from aiovirt.errors import NotFound
from aiovirt.interfaces import Driver, StoragePools, StorageVolumes
from aiovirt.model.keys import StoragePoolKey
from aiovirt.model.storage import StoragePoolRecord
from aiovirt.objects._transfers import parsed
from aiovirt.objects.pool import StoragePool
from aiovirt.objects.volume import StorageVolume

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectListAllStoragePoolsFlags

__all__ = ["Pools"]


class Pools:
    """`host.pools`: define, find and list storage pools."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    @property
    def _pools(self) -> StoragePools:
        return self._driver.ability(StoragePools)

    async def define(
        self, config: StoragePoolConfig | str | bytes, *, validate: bool = False
    ) -> StoragePool:
        """Make a pool persistent, or change the definition of one that is; it is not started.

        Args:
            config: A configuration, or its XML.
            validate: Refuse what libvirt's grammar does not know.

        Raises:
            ConfigError: Something in it is wrong.
            AlreadyExists: The name belongs to another UUID, or another pool has the same source.
        """
        return self._handle(
            await self._pools.define(parsed(StoragePoolConfig, config), validate=validate)
        )

    async def create(
        self,
        config: StoragePoolConfig | str | bytes,
        *,
        build: bool = False,
        overwrite: bool = False,
        no_overwrite: bool = False,
    ) -> StoragePool:
        """Start a pool without defining it: it is gone when it stops; its volumes stay.

        Args:
            config: A configuration, or its XML.
            build: Make its folder or file system first.
            overwrite: Likewise, whatever is there.
            no_overwrite: Likewise, unless something is there.

        Raises:
            ConfigError: Something in it is wrong.
            AlreadyExists: A pool has its name or its source.
        """
        key = await self._pools.create(
            parsed(StoragePoolConfig, config),
            build=build,
            overwrite=overwrite,
            no_overwrite=no_overwrite,
        )
        return self._handle(key)

    async def list(
        self,
        *,
        active: bool | None = None,
        persistent: bool | None = None,
        autostart: bool | None = None,
        flags: ConnectListAllStoragePoolsFlags | Literal[0] = 0,
    ) -> Sequence[StoragePool]:
        """All pools that are what is asked for, sorted by name.

        Args:
            active: Only active ones, or only others.
            persistent: Only those with a definition, or only others.
            autostart: Only those that start with the daemon, or only others.
            flags: libvirt's: only pools of these types.
        """
        keys = await self._pools.keys(
            active=active, persistent=persistent, autostart=autostart, flags=flags
        )
        return [self._handle(key) for key in sorted(keys, key=lambda key: key.name)]

    async def records(
        self, *, flags: ConnectListAllStoragePoolsFlags | Literal[0] = 0
    ) -> Sequence[StoragePoolRecord]:
        """All pools, or those that libvirt's flags choose, with state and room."""
        return await self._pools.records(flags=flags)

    async def get(self, name: str | UUID) -> StoragePool:
        """The pool of that name or UUID.

        Raises:
            NotFound: There is none.
        """
        if isinstance(name, UUID):
            return self._handle(await self._pools.find_by_uuid(name))
        return self._handle(await self._pools.find_by_name(name))

    async def at(self, path: str) -> StoragePool:
        """The pool whose volumes are in that folder of the host.

        Raises:
            NotFound: There is none.
        """
        return self._handle(await self._pools.find_by_target_path(path))

    async def of(self, volume: StorageVolume) -> StoragePool:
        """The pool that a volume is in.

        Raises:
            NotFound: It is gone.
        """
        return self._handle(await self._pools.find_by_volume(volume.key))

    async def volume(self, place: str) -> StorageVolume:
        """The volume of that key, or else of that path, in any active pool.

        Raises:
            NotFound: There is none.
        """
        volumes = self._driver.ability(StorageVolumes)
        try:
            key = await volumes.find_by_key(place)
        except NotFound:
            key = await volumes.find_by_path(place)
        return StorageVolume(self._driver, key)

    async def find_sources(
        self, kind: str, source: PoolSource | str | bytes | None = None
    ) -> StoragePoolSources:
        """What pools of a type could be made of.

        Args:
            kind: The type, such as ``netfs`` or ``logical``.
            source: Where to look, or its XML: ``<source><host name='nas'/></source>``.
        """
        where = None if source is None else parsed(PoolSource, source)
        return await self._pools.find_sources(kind, source=where)

    async def capabilities(self) -> str:
        """Which types of pools and volumes the host knows, as XML."""
        return await self._pools.capabilities()

    def _handle(self, key: StoragePoolKey) -> StoragePool:
        return StoragePool(self._driver, key)
