"""Files and folders of datastores: looked at, made, moved, removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aiovirt.drivers.common.datastores import DISK
from aiovirt.drivers.esx.datastores import Datastore, find_datastore
from aiovirt.drivers.esx.files import delete_file
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.drivers.esx.users import check_unused
from aiovirt.drivers.esx.volumes import FileFound, find_volume, list_files
from aiovirt.drivers.esx.volumework import delete_volume, make_folder, manager
from aiovirt.errors import AlreadyExists, CallerError, ConfigError, NotFound
from aiovirt.interfaces import PoolFiles
from aiovirt.model.keys import StoragePoolKey
from aiovirt.model.storage import PoolFile
from aiovirt.protocols.esxcli import DatastorePath
from aiovirt.protocols.vsphere.tables.storage_methods import (
    MOVE_DATASTORE_FILE_TASK,
    MOVE_VIRTUAL_DISK_TASK,
    MoveDatastoreFileTaskArgs,
    MoveVirtualDiskTaskArgs,
)

__all__ = ["EsxPoolFiles"]

_MOVE: Final = "PoolFiles.move"


class EsxPoolFiles(EsxAbility, PoolFiles):
    """See `PoolFiles`."""

    async def _at(self, pool: StoragePoolKey, path: str) -> tuple[Datastore, DatastorePath]:
        """A datastore, and a path in it that is not the whole.

        Raises:
            ConfigError: It leads out of it.
        """
        store = await find_datastore(self.session, pool.name)
        store.check_active(self.session.where)
        place = DatastorePath.parse(f"[{store.name}] {path}")
        if not place.path:
            raise ConfigError("the path of a file or a folder is missing", field="path")
        return store, place

    async def _get(self, store: Datastore, path: DatastorePath) -> FileFound | None:
        try:
            found = await list_files(self.session, store, path.folder.path)
        except NotFound:  # its folder is not there either
            return None
        return next((each for each in found if each.path == path), None)

    async def _existing(self, store: Datastore, path: DatastorePath) -> FileFound:
        found = await self._get(store, path)
        if found is None:
            raise NotFound(f"{self.session.where} has no {path}")
        return found

    async def files(self, pool: StoragePoolKey, folder: str = "") -> Sequence[PoolFile]:
        """See `PoolFiles.files`."""
        store = await find_datastore(self.session, pool.name)
        path = DatastorePath.parse(f"[{store.name}] {folder}")
        found = await list_files(self.session, store, path.path)
        return [
            PoolFile(each.path.path, each.size, each.modified, each.is_folder) for each in found
        ]

    async def make_folder(self, pool: StoragePoolKey, folder: str) -> None:
        """See `PoolFiles.make_folder`."""
        store, path = await self._at(pool, folder)
        if not await make_folder(self.session, store, path):
            raise AlreadyExists(f"{self.session.where} has {path} already")

    async def move(
        self, pool: StoragePoolKey, path: str, new: str, *, into: StoragePoolKey | None = None
    ) -> None:
        """See `PoolFiles.move`."""
        source_store, source = await self._at(pool, path)
        store, target = await self._at(into or pool, new)
        if f"{target}/".startswith(f"{source}/"):
            raise CallerError(f"{source} cannot be moved into itself, as {target}")
        await self._existing(source_store, source)
        if await self._get(store, target) is not None:
            raise AlreadyExists(f"{self.session.where} has {target} already")
        await check_unused(self.session, source_store, source, "move")
        await make_folder(self.session, store, target.folder)
        if await self._is_disk(source_store, source):
            await self._move_disk(source_store, source, store, target)
        else:
            await self._move_file(source_store, source, store, target)

    async def _is_disk(self, store: Datastore, path: DatastorePath) -> bool:
        if not path.path.endswith(DISK):
            return False
        try:
            return (await find_volume(self.session, store, path.path)).is_disk
        except NotFound:  # a file with data of a disk, or a folder
            return False

    async def _move_disk(
        self, here: Datastore, source: DatastorePath, there: Datastore, target: DatastorePath
    ) -> None:
        if not target.path.endswith(DISK):
            raise ConfigError(f"a disk ends in {DISK}, unlike {target}", field="path")
        args = MoveVirtualDiskTaskArgs(
            source_name=str(source),
            source_datacenter=here.datacenter,
            dest_name=str(target),
            dest_datacenter=there.datacenter,
            force=False,
        )
        disks = manager(self.session, "virtual_disk_manager", _MOVE)
        what = f"move {source} to {target}"
        await self.session.run(MOVE_VIRTUAL_DISK_TASK, disks, args, what=what)

    async def _move_file(
        self, here: Datastore, source: DatastorePath, there: Datastore, target: DatastorePath
    ) -> None:
        args = MoveDatastoreFileTaskArgs(
            source_name=str(source),
            source_datacenter=here.datacenter,
            destination_name=str(target),
            destination_datacenter=there.datacenter,
            force=False,
        )
        files = manager(self.session, "file_manager", _MOVE)
        what = f"move {source} to {target}"
        await self.session.run(MOVE_DATASTORE_FILE_TASK, files, args, what=what)

    async def remove(self, pool: StoragePoolKey, path: str) -> None:
        """See `PoolFiles.remove`."""
        store, place = await self._at(pool, path)
        await self._existing(store, place)
        await check_unused(self.session, store, place, "remove")
        if await self._is_disk(store, place):
            await delete_volume(self.session, await find_volume(self.session, store, place.path))
            return
        await delete_file(self.session, place, store.datacenter)
