"""What VMware's datastores are as pools, and their files as volumes, however a host is asked."""

from __future__ import annotations

import posixpath
from abc import abstractmethod
from collections.abc import Sequence
from typing import Final, Generic, Literal, Protocol, TypeVar
from uuid import UUID

from aiovirt.config import StorageVolumeConfig
from aiovirt.drivers.common.managed import FILTERS, Named, choose
from aiovirt.errors import ConfigError
from aiovirt.interfaces import StoragePools, refuse_flags
from aiovirt.model.constants import ConnectListAllStoragePoolsFlags
from aiovirt.model.keys import StoragePoolKey, StorageVolumeKey
from aiovirt.model.storage import StoragePoolInfo, StoragePoolRecord
from aiovirt.protocols.esxcli import DatastorePath, unfit

__all__ = ["DISK", "MEDIA", "DatastorePools", "datastore_name", "new_volume", "volume_path"]

DISK: Final = ".vmdk"

MEDIA: Final = {".iso": "iso", ".img": "raw", ".flp": "raw"}
"""The endings of files that are volumes beside disks -> their formats."""

_MOST_NAME: Final = 42
"""Characters of a datastore's name (vSphere's configuration maximums)."""


class ListedPool(Named, Protocol):
    """A pool as a host lists it."""

    @property
    def key(self) -> StoragePoolKey:
        """UUID and name."""
        raise NotImplementedError

    @property
    def info(self) -> StoragePoolInfo:
        """State and room."""
        raise NotImplementedError


P = TypeVar("P", bound=ListedPool)


class DatastorePools(StoragePools, Generic[P]):
    """The part of `StoragePools` that looks at what a host lists."""

    @abstractmethod
    async def _all(self) -> Sequence[P]:
        """The pools that the host has."""
        raise NotImplementedError

    @abstractmethod
    async def _find(self, pool: StoragePoolKey) -> P:
        """The pool of a key.

        Raises:
            NotFound: It is not there.
        """
        raise NotImplementedError

    async def keys(
        self,
        *,
        active: bool | None = None,
        persistent: bool | None = None,
        autostart: bool | None = None,
        flags: ConnectListAllStoragePoolsFlags | Literal[0] = 0,
    ) -> Sequence[StoragePoolKey]:
        """See `StoragePools.keys`."""
        refuse_flags(self.driver_name, "StoragePools.keys", flags, FILTERS)
        asked = {"active": active, "persistent": persistent, "autostart": autostart}
        return [each.key for each in choose(await self._all(), flags=flags, **asked)]

    async def records(
        self, *, flags: ConnectListAllStoragePoolsFlags | Literal[0] = 0
    ) -> Sequence[StoragePoolRecord]:
        """See `StoragePools.records`."""
        refuse_flags(self.driver_name, "StoragePools.records", flags, FILTERS)
        return [_record(each) for each in choose(await self._all(), flags=flags)]

    async def record(self, pool: StoragePoolKey) -> StoragePoolRecord:
        """See `StoragePools.record`."""
        return _record(await self._find(pool))

    async def find_by_uuid(self, uuid: UUID) -> StoragePoolKey:
        """See `StoragePools.find_by_uuid`."""
        return (await self._find(StoragePoolKey(uuid, str(uuid)))).key

    async def find_by_volume(self, volume: StorageVolumeKey) -> StoragePoolKey:
        """See `StoragePools.find_by_volume`."""
        return await self.find_by_name(volume.pool)

    async def info(self, pool: StoragePoolKey) -> StoragePoolInfo:
        """See `StoragePools.info`."""
        return (await self._find(pool)).info

    async def is_active(self, pool: StoragePoolKey) -> bool:
        """See `StoragePools.is_active`: whether it can be reached."""
        return (await self._find(pool)).active

    async def is_persistent(self, pool: StoragePoolKey) -> bool:
        """See `StoragePools.is_persistent`: all are."""
        return (await self._find(pool)).persistent

    async def autostart(self, pool: StoragePoolKey) -> bool:
        """See `StoragePools.autostart`: all are there when a host starts."""
        return (await self._find(pool)).autostart


def _record(pool: ListedPool) -> StoragePoolRecord:
    return StoragePoolRecord(pool.key, pool.info, pool.persistent, pool.autostart)


def datastore_name(name: str | None) -> str:
    """The name of a new datastore.

    Raises:
        ConfigError: None can be called so.
    """
    why = unfit(name or "", most=_MOST_NAME, forbidden="/[]")
    if why is not None or name is None:
        raise ConfigError(f"no datastore can be called {name!r}: {why}", field="name")
    return name


def volume_path(pool: str, name: str | None) -> DatastorePath:
    """The path of a volume.

    Raises:
        ConfigError: A volume cannot be called so.
    """
    path = DatastorePath.parse(f"[{pool}] {name or ''}")
    reasons = [unfit(part) for part in path.path.split("/")]
    if posixpath.splitext(path.path)[1] not in {DISK, *MEDIA}:
        reasons.append(f"it does not end in {', '.join([DISK, *MEDIA])}")
    why = next((reason for reason in reasons if reason is not None), None)
    if why is not None:
        raise ConfigError(f"no volume can be called {name!r}: {why}", field="name")
    return path


def new_volume(pool: str, config: StorageVolumeConfig) -> DatastorePath:
    """Where a new volume shall be.

    Raises:
        ConfigError: It cannot be there, or is of another format than its name says.
    """
    path = volume_path(pool, config.name)
    ending = posixpath.splitext(path.path)[1]
    form = "vmdk" if ending == DISK else MEDIA[ending]
    if config.target.format not in {None, form}:
        raise ConfigError(
            f"a volume called {path.path!r} is of the format {form}, not {config.target.format}",
            field="target/format",
        )
    return path
