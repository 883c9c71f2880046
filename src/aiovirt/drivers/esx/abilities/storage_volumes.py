"""Virtual disks and media as storage volumes: made, copied, grown, wiped, moved as data."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Final, Literal

from aiovirt._tasks import gather
from aiovirt.config import StorageVolumeConfig
from aiovirt.drivers.esx.datastores import Datastore, find_datastore, list_datastores
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.iscsi import Lun, list_targets, luns_of
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.drivers.esx.transfers import open_sink, open_source
from aiovirt.drivers.esx.volumes import Volume, find_volume, list_volumes
from aiovirt.drivers.esx.volumework import (
    copy_volume,
    delete_volume,
    grow_disk,
    make_volume,
    wanted,
    wipe_disk,
)
from aiovirt.errors import CallerError, ConfigError, NotFound, Unsupported
from aiovirt.interfaces import StorageVolumes, VolumeSink, VolumeSource, refuse_flags
from aiovirt.model.keys import StoragePoolKey, StorageVolumeKey
from aiovirt.model.storage import StorageVolumeInfo, StorageVolumeRecord
from aiovirt.protocols.esxcli import DatastorePath

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        StorageVolCreateFlags,
        StorageVolDeleteFlags,
        StorageVolResizeFlags,
    )

__all__ = ["EsxStorageVolumes"]

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class EsxStorageVolumes(EsxAbility, StorageVolumes):
    """See `StorageVolumes`. A volume's name is its path in the datastore, as ``web1/web1.vmdk``."""

    # --- looking --------------------------------------------------------------------------------

    async def _store(self, name: str) -> Datastore:
        return await find_datastore(self.session, name)

    async def _luns(self, pool: str) -> list[Lun] | None:
        """The units of an iSCSI target; None for a pool that is a datastore."""
        if not pool.startswith(("iqn.", "eui.", "naa.")):
            return None
        targets = await list_targets(self.session)
        if all(each.name != pool for each in targets):
            return None
        return await luns_of(self.session, pool)

    async def _find(self, volume: StorageVolumeKey) -> Volume | Lun:
        luns = await self._luns(volume.pool)
        if luns is None:
            return await find_volume(self.session, await self._store(volume.pool), volume.name)
        for each in luns:
            if volume.name in {each.key.name, each.path}:
                return each
        raise NotFound(f"the iSCSI target {volume.pool!r} has no unit {volume.name!r}")

    async def _file(self, volume: StorageVolumeKey, operation: str) -> Volume:
        """A volume that can be changed.

        Raises:
            Unsupported: It is a unit of an iSCSI target.
        """
        found = await self._find(volume)
        if isinstance(found, Lun):
            raise Unsupported(DRIVER, operation, "units of iSCSI targets are only looked at")
        return found

    async def keys(self, pool: StoragePoolKey) -> Sequence[StorageVolumeKey]:
        """See `StorageVolumes.keys`."""
        return [each.key for each in await self._all(pool)]

    async def _all(self, pool: StoragePoolKey) -> Sequence[Volume | Lun]:
        luns = await self._luns(pool.name)
        if luns is not None:
            return luns
        return await list_volumes(self.session, await self._store(pool.name))

    async def records(self, pool: StoragePoolKey) -> Sequence[StorageVolumeRecord]:
        """See `StorageVolumes.records`."""
        found = await self._all(pool)
        return [StorageVolumeRecord(each.key, str(each.path), each.info) for each in found]

    async def find_by_name(self, pool: StoragePoolKey, name: str) -> StorageVolumeKey:
        """See `StorageVolumes.find_by_name`."""
        return (await self._find(StorageVolumeKey(pool.name, name, name))).key

    async def find_by_key(self, key: str) -> StorageVolumeKey:
        """See `StorageVolumes.find_by_key`: a path, or the UUID in a disk, which takes longer."""
        if not _UUID.fullmatch(key):
            return await self.find_by_path(key)
        stores = [each for each in await list_datastores(self.session) if each.active]
        listed = await gather(*(lambda s=s: list_volumes(self.session, s) for s in stores))
        for each in (volume for volumes in listed for volume in volumes):
            if each.identity == key.lower():
                return each.key
        raise NotFound(f"{self.session.where} has no volume with the key {key!r}")

    async def find_by_path(self, path: str) -> StorageVolumeKey:
        """See `StorageVolumes.find_by_path`: ``[datastore1] web1/web1.vmdk``, or on the host."""
        if path.startswith("["):
            place = DatastorePath.parse(path)
            store = await self._store(place.datastore)
            return (await find_volume(self.session, store, place.path)).key
        for store in await list_datastores(self.session):
            for mount in (store.mount, f"/vmfs/volumes/{store.name}"):
                if path.startswith(f"{mount}/"):
                    inside = DatastorePath.parse(f"[{store.name}] {path.removeprefix(mount)}")
                    return (await find_volume(self.session, store, inside.path)).key
        for target in await list_targets(self.session):
            for lun in await luns_of(self.session, target.name):
                if path in {lun.path, lun.key.name}:
                    return lun.key
        raise NotFound(f"{self.session.where} has no volume {path!r}")

    async def info(self, volume: StorageVolumeKey, *, physical: bool = False) -> StorageVolumeInfo:
        """See `StorageVolumes.info`; what a volume takes is its physical size, too."""
        del physical
        return (await self._find(volume)).info

    async def config(self, volume: StorageVolumeKey) -> StorageVolumeConfig:
        """See `StorageVolumes.config`."""
        return (await self._find(volume)).config()

    async def path(self, volume: StorageVolumeKey) -> str:
        """See `StorageVolumes.path`: the path in the datastore, as disks of domains have it."""
        return str((await self._find(volume)).path)

    # --- making ---------------------------------------------------------------------------------

    async def create(
        self,
        pool: StoragePoolKey,
        config: StorageVolumeConfig,
        *,
        metadata: bool = False,
        validate: bool = False,
        flags: StorageVolCreateFlags | Literal[0] = 0,
    ) -> StorageVolumeKey:
        """See `StorageVolumes.create`; its folder is made.

        A disk without an allocation, or with all of it, takes its whole room, and with `metadata`
        is filled with zeros at once; with an allocation of 0 it is thin.  What ends in ``.iso``,
        ``.img`` or ``.flp`` is a plain file, of zeros.
        """
        refuse_flags(DRIVER, "StorageVolumes.create", flags)
        _refuse(validate=validate, backing=bool(config.backing_store), operation="create")
        plan = wanted(pool.name, config, eager=metadata)
        return await make_volume(self.session, await self._store(pool.name), plan)

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
        """See `StorageVolumes.create_from`: a disk from a disk, a medium from one of its format.

        Without an allocation it is as thin or as thick as the source.
        """
        refuse_flags(DRIVER, "StorageVolumes.create_from", flags)
        _refuse(validate=validate, backing=bool(config.backing_store), operation="create_from")
        if reflink:
            raise Unsupported(DRIVER, "StorageVolumes.create_from", "sharing data")
        plan = wanted(pool.name, config, eager=metadata, copies=True)
        found = await self._file(source, "StorageVolumes.create_from")
        return await copy_volume(self.session, await self._store(pool.name), plan, found)

    # --- changing -------------------------------------------------------------------------------

    async def delete(
        self,
        volume: StorageVolumeKey,
        *,
        snapshots: bool = False,
        flags: StorageVolDeleteFlags | Literal[0] = 0,
    ) -> None:
        """See `StorageVolumes.delete`: not one that any machine has, running or not."""
        refuse_flags(DRIVER, "StorageVolumes.delete", flags)
        if snapshots:
            raise Unsupported(DRIVER, "StorageVolumes.delete", "the snapshots are their domain's")
        await delete_volume(self.session, await self._file(volume, "StorageVolumes.delete"))

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
        """See `StorageVolumes.resize`: a disk can be made larger; with `allocate` by zeros."""
        refuse_flags(DRIVER, "StorageVolumes.resize", flags)
        found = await self._file(volume, "StorageVolumes.resize")
        if not found.is_disk or shrink:
            raise Unsupported(DRIVER, "StorageVolumes.resize", "only disks change, and only grow")
        size = found.capacity + capacity if delta else capacity
        if size < found.capacity:
            raise ConfigError(
                f"volume {found.path} has {found.capacity} bytes, and cannot shrink to {size}",
                field="capacity",
            )
        await grow_disk(self.session, found, size, eager=allocate)

    async def wipe(self, volume: StorageVolumeKey, *, algorithm: str = "zero") -> None:
        """See `StorageVolumes.wipe`: the server writes zeros to a disk."""
        if algorithm != "zero":
            raise CallerError(f"the server cannot wipe by {algorithm!r}", hint="it knows zero")
        found = await self._file(volume, "StorageVolumes.wipe")
        if not found.is_disk:
            raise Unsupported(DRIVER, "StorageVolumes.wipe", "only disks can be wiped")
        await wipe_disk(self.session, found)

    # --- data -----------------------------------------------------------------------------------

    def upload(
        self, volume: StorageVolumeKey, *, offset: int = 0, length: int = 0, sparse: bool = False
    ) -> AbstractAsyncContextManager[VolumeSink]:
        """See `StorageVolumes.upload`: what is sent takes the place of all that was there.

        A medium has the size of what is sent then; what a disk gets too little of is zeros.

        Cancellation: the volume is as it was.
        """
        del sparse  # the server has no holes: zeros are sent
        return self._upload(volume, offset, length)

    @asynccontextmanager
    async def _upload(
        self, volume: StorageVolumeKey, offset: int, length: int
    ) -> AsyncIterator[VolumeSink]:
        found = await self._file(volume, "StorageVolumes.upload")
        async with open_sink(self.session, found, offset=offset, length=length) as sink:
            yield sink

    def download(
        self, volume: StorageVolumeKey, *, offset: int = 0, length: int = 0, sparse: bool = False
    ) -> AbstractAsyncContextManager[VolumeSource]:
        """See `StorageVolumes.download`: raw data of a disk, or the file of a medium.

        A connection that breaks is made anew, and the data goes on where it was.
        """
        del sparse  # the server sends zeros for holes
        return self._download(volume, offset, length)

    @asynccontextmanager
    async def _download(
        self, volume: StorageVolumeKey, offset: int, length: int
    ) -> AsyncIterator[VolumeSource]:
        found = await self._file(volume, "StorageVolumes.download")
        async with open_source(self.session, found, offset=offset, length=length) as source:
            yield source


def _refuse(*, validate: bool, backing: bool, operation: str) -> None:
    if validate or backing:
        why = "checking against a grammar" if validate else "images on other images"
        raise Unsupported(DRIVER, f"StorageVolumes.{operation}", why)
