"""The files of datastores that are volumes, as the server's browser tells them: disks and media.

A disk is a small file that describes it, ``web1.vmdk``, and files with its data; the browser tells
the first only, with what both take.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from aiovirt._tasks import gather
from aiovirt.clients.vsphere import VSphereFault
from aiovirt.config import StorageVolumeConfig
from aiovirt.config.making import make, to_text
from aiovirt.drivers.esx.datastores import Datastore
from aiovirt.drivers.esx.faults import Place, refusal
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import AiovirtError, Busy, NotFound, RemoteError, Unsupported
from aiovirt.model.keys import StorageVolumeKey
from aiovirt.model.storage import StorageVolumeInfo, VolumeType
from aiovirt.protocols.esxcli import DatastorePath
from aiovirt.protocols.vsphere import Arguments, Method, Ref
from aiovirt.protocols.vsphere.tables.storage import (
    FileInfo,
    FileQuery,
    FileQueryFlags,
    FloppyImageFileInfo,
    FloppyImageFileQuery,
    FolderFileInfo,
    HostDatastoreBrowserSearchResults,
    HostDatastoreBrowserSearchSpec,
    IsoImageFileInfo,
    IsoImageFileQuery,
    VmDiskFileInfo,
    VmDiskFileQuery,
    VmDiskFileQueryFlags,
)
from aiovirt.protocols.vsphere.tables.storage_methods import (
    QUERY_VIRTUAL_DISK_UUID,
    SEARCH_DATASTORE_SUB_FOLDERS_TASK,
    SEARCH_DATASTORE_TASK,
    QueryVirtualDiskUuidArgs,
    SearchDatastoreSubFoldersTaskArgs,
    SearchDatastoreTaskArgs,
)

__all__ = ["FileFound", "Volume", "find_volume", "list_files", "list_volumes"]

A = TypeVar("A", bound=Arguments)

log = logging.getLogger("aiovirt.esx")

_KINDS: Final[dict[type[FileInfo], str]] = {
    VmDiskFileInfo: "vmdk",
    IsoImageFileInfo: "iso",
    FloppyImageFileInfo: "raw",
}
"""What the browser tells that is a volume -> its format."""

_WILD: Final = re.compile(r"[][*?\\]")
"""What means something in a pattern of names; a question mark stands for any of it."""

_KIB: Final = 1024
_AT_ONCE: Final = 16
"""Disks whose UUIDs are asked for at once."""

_DETAILS: Final = VmDiskFileQueryFlags(
    disk_type=True,
    capacity_kb=True,
    hardware_version=False,
    controller_type=False,
    disk_extents=True,
    thin=True,
)
_FLAGS: Final = FileQueryFlags(file_type=True, file_size=True, modification=True, file_owner=False)
_QUERY: Final[tuple[FileQuery, ...]] = (
    VmDiskFileQuery(details=_DETAILS),
    IsoImageFileQuery(),
    FloppyImageFileQuery(),
)


@dataclass(frozen=True, slots=True)
class FileFound:
    """A file or a folder of a datastore.

    Attributes:
        path: Where it is.
        size: Bytes; None of a folder.
        modified: When it was written last, or None.
        is_folder: Whether it is a folder.
    """

    path: DatastorePath
    size: int | None
    modified: datetime | None
    is_folder: bool


@dataclass(frozen=True, slots=True)
class Volume:
    """A disk or a medium.

    Attributes:
        path: Its file.
        store: The datastore.
        format: ``vmdk``, ``iso`` or ``raw``.
        capacity: What a guest sees, in bytes.
        allocation: What it takes in the datastore, in bytes.
        identity: The UUID that a disk bears, where it was asked for; else the path.
        extents: The files with a disk's data, where the server tells them.
        thin: Whether a disk takes its room as it is written; None where nobody tells.
        untold: Whether the server does not tell a disk's capacity, which is what it takes then.
    """

    path: DatastorePath
    store: Datastore
    format: str
    capacity: int
    allocation: int
    identity: str
    extents: tuple[str, ...] = ()
    thin: bool | None = None
    untold: bool = False

    @property
    def is_disk(self) -> bool:
        """Whether it is a disk, and no medium."""
        return self.format == "vmdk"

    @property
    def key(self) -> StorageVolumeKey:
        """Pool, name and key."""
        return StorageVolumeKey(self.store.name, self.path.path, self.identity)

    @property
    def info(self) -> StorageVolumeInfo:
        """Type and sizes."""
        return StorageVolumeInfo(VolumeType.FILE, self.capacity, self.allocation)

    def config(self) -> StorageVolumeConfig:
        """It as libvirt's XML."""
        # As elements, for libvirt's grammar allows no slash in the name; its own driver has one.
        document = make(
            "volume",
            make("name", self.path.path),
            make("key", self.identity),
            make("capacity", str(self.capacity), unit="bytes"),
            make("allocation", str(self.allocation), unit="bytes"),
            make("target", make("path", str(self.path)), make("format", type=self.format)),
            type="file",
        )
        return StorageVolumeConfig.parse(to_text(document))


async def list_volumes(session: Session, store: Datastore) -> list[Volume]:
    """The volumes of a datastore, in all of its folders, sorted by name.

    Raises:
        InvalidState: It cannot be reached.
    """
    store.check_active(session.where)
    spec = HostDatastoreBrowserSearchSpec(query=_QUERY, details=_FLAGS, match_pattern=("*",))
    args = SearchDatastoreSubFoldersTaskArgs(
        datastore_path=str(DatastorePath(store.name, "")), search_spec=spec
    )
    what = f"list the volumes of datastore {store.name!r}"
    task = SEARCH_DATASTORE_SUB_FOLDERS_TASK
    results = await _browse(session, store, task, args, what=what)
    found = [each for result in results or () for each in _volumes(store, result)]
    return await identified(session, sorted(found, key=lambda each: each.path.path))


async def find_volume(session: Session, store: Datastore, name: str) -> Volume:
    """The volume of a name, which is its path in the datastore.

    Raises:
        InvalidState: The datastore cannot be reached.
        NotFound: There is none.
    """
    store.check_active(session.where)
    path = DatastorePath(store.name, name)
    result = await _search(session, store, path.folder, _QUERY, _WILD.sub("?", path.name))
    for each in _volumes(store, result):
        if each.path == path:
            return (await identified(session, [each]))[0]
    raise NotFound(f"{session.where} has no volume {path}")


async def list_files(session: Session, store: Datastore, folder: str) -> list[FileFound]:
    """What is in a folder of a datastore, folders and files of all kinds, sorted by name.

    Raises:
        NotFound: There is no such folder.
    """
    store.check_active(session.where)
    path = DatastorePath(store.name, folder)
    result = await _search(session, store, path, (), "*")
    found = [_file(path, each) for each in result.file]
    return sorted(found, key=lambda each: each.path.path)


async def _search(
    session: Session, store: Datastore, folder: DatastorePath, query: Sequence[FileQuery], name: str
) -> HostDatastoreBrowserSearchResults:
    """What the browser finds in one folder."""
    spec = HostDatastoreBrowserSearchSpec(
        query=tuple(query), details=_FLAGS, match_pattern=(name,), search_case_insensitive=False
    )
    args = SearchDatastoreTaskArgs(datastore_path=str(folder), search_spec=spec)
    what = f"look into {folder}"
    result: HostDatastoreBrowserSearchResults = await _browse(
        session, store, SEARCH_DATASTORE_TASK, args, what=what
    )
    return result


async def _browse(
    session: Session, store: Datastore, method: Method[A, Ref], args: A, *, what: str
) -> Any:  # noqa: ANN401 - a task's result; the methods differ
    """Let the browser of a datastore search; a refusal names the datastore, which it stands for."""
    try:
        return await session.run(method, store.browser, args, what=what)
    except AiovirtError as error:
        cause = error.__cause__
        if not isinstance(cause, VSphereFault):
            raise
        called = session.tree.called
        place = Place(session.where, lambda ref: called(store.ref if ref == store.browser else ref))
        raise refusal(cause, what, place) from cause


def _volumes(store: Datastore, result: HostDatastoreBrowserSearchResults) -> Iterable[Volume]:
    folder = DatastorePath.parse(result.folder_path or f"[{store.name}]")
    for each in result.file:
        form = _KINDS.get(type(each))
        if form is not None:
            yield _volume(store, folder.joined(each.path), form, each)


def _volume(store: Datastore, path: DatastorePath, form: str, file: FileInfo) -> Volume:
    taken = file.file_size or 0
    if not isinstance(file, VmDiskFileInfo):
        return Volume(path, store, form, taken, taken, str(path))
    told = file.capacity_kb
    return Volume(
        path,
        store,
        form,
        capacity=taken if told is None else told * _KIB,
        allocation=taken,
        identity=str(path),
        extents=file.disk_extents,
        thin=file.thin,
        untold=told is None,
    )


def _file(folder: DatastorePath, file: FileInfo) -> FileFound:
    is_folder = isinstance(file, FolderFileInfo)
    size = None if is_folder else file.file_size or 0  # some servers leave a 0 out
    return FileFound(folder.joined(file.path), size, file.modification, is_folder)


# --- keys -----------------------------------------------------------------------------------------


async def identified(session: Session, volumes: Sequence[Volume]) -> list[Volume]:
    """The same volumes with the keys that libvirt gives them.

    On an ESX host that of a disk is the UUID in it; a vCenter does not tell it.
    """
    if session.is_vcenter:
        return list(volumes)
    found: list[Volume] = []
    for first in range(0, len(volumes), _AT_ONCE):
        batch = volumes[first : first + _AT_ONCE]
        found += await gather(*(partial(_identified, session, each) for each in batch))
    return found


async def _identified(session: Session, volume: Volume) -> Volume:
    manager = session.content.virtual_disk_manager
    if manager is None or not volume.is_disk:
        return volume
    args = QueryVirtualDiskUuidArgs(name=str(volume.path), datacenter=volume.store.datacenter)
    try:
        told = await session.call(
            QUERY_VIRTUAL_DISK_UUID, manager, args, what=f"tell the UUID of {volume.path}"
        )
        identity = UUID(re.sub(r"[^0-9A-Fa-f]", "", told))
    except (RemoteError, Unsupported, Busy, NotFound, ValueError) as error:
        # A disk that is locked, or broken, is a volume nevertheless; its path is as unique.
        log.debug("%s: %s has no UUID to tell: %s", session.where, volume.path, error)
        return volume
    return replace(volume, identity=str(identity))
