"""Changing volumes: making, copying, growing, wiping, removing, by the server's managers."""

from __future__ import annotations

import logging
import posixpath
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import anyio

from aiovirt.config import StorageVolumeConfig
from aiovirt.drivers.common.datastores import DISK, new_volume
from aiovirt.drivers.esx.datastores import Datastore
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.files import delete_file, file_of
from aiovirt.drivers.esx.session import Session
from aiovirt.drivers.esx.users import check_unused
from aiovirt.drivers.esx.volumes import Volume, find_volume, list_files
from aiovirt.errors import AiovirtError, AlreadyExists, ConfigError, NotFound, Unsupported
from aiovirt.model.keys import StorageVolumeKey
from aiovirt.protocols.esxcli import DatastorePath
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.enums import VirtualDiskAdapterType, VirtualDiskType
from aiovirt.protocols.vsphere.tables.storage import FileBackedVirtualDiskSpec, VirtualDiskSpec
from aiovirt.protocols.vsphere.tables.storage_methods import (
    COPY_DATASTORE_FILE_TASK,
    COPY_VIRTUAL_DISK_TASK,
    CREATE_VIRTUAL_DISK_TASK,
    DELETE_VIRTUAL_DISK_TASK,
    EXTEND_VIRTUAL_DISK_TASK,
    MAKE_DIRECTORY,
    ZERO_FILL_VIRTUAL_DISK_TASK,
    CopyDatastoreFileTaskArgs,
    CopyVirtualDiskTaskArgs,
    CreateVirtualDiskTaskArgs,
    DeleteVirtualDiskTaskArgs,
    ExtendVirtualDiskTaskArgs,
    MakeDirectoryArgs,
    ZeroFillVirtualDiskTaskArgs,
)

__all__ = [
    "Plan",
    "copy_volume",
    "delete_volume",
    "grow_disk",
    "make_folder",
    "make_volume",
    "manager",
    "wanted",
    "wipe_disk",
]

log = logging.getLogger("aiovirt.esx")

_KIB: Final = 1024
_BLOCK: Final = 256 * 1024

_CLEANING_S: Final = 30.0
"""Seconds for which a failed call waits until what it has made is removed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a new volume shall be.

    Attributes:
        path: Its file.
        capacity: Bytes; None is what it is copied from has.
        kind: How a disk takes its room; None leaves it to the server.
    """

    path: DatastorePath
    capacity: int | None
    kind: VirtualDiskType | None

    @property
    def is_disk(self) -> bool:
        """Whether it is a disk, and no medium."""
        return self.path.path.endswith(DISK)


def wanted(pool: str, config: StorageVolumeConfig, *, eager: bool, copies: bool = False) -> Plan:
    """What a configuration asks for.

    Args:
        pool: The datastore.
        config: It.
        eager: Whether a thick disk is filled with zeros at once.
        copies: Whether the data comes from another volume.

    Raises:
        ConfigError: It cannot be so.
    """
    path = new_volume(pool, config)
    capacity = None if config.capacity is None else int(config.capacity)
    if capacity is None and not copies:
        raise ConfigError("a volume needs a capacity", field="capacity")
    if path.path.endswith(DISK) and capacity == 0 and not copies:
        raise ConfigError("a disk has a capacity of more than 0", field="capacity")
    kind = (_copied_kind if copies else _kind)(config, eager=eager)
    return Plan(path, capacity, kind)


def _kind(config: StorageVolumeConfig, *, eager: bool) -> VirtualDiskType:
    """How a disk takes its room; libvirt takes what is not said for all of it."""
    allocation = config.capacity if config.allocation is None else config.allocation
    if eager and allocation:
        return VirtualDiskType.EAGER_ZEROED_THICK
    if allocation == 0:
        return VirtualDiskType.THIN
    if config.capacity is not None and allocation != config.capacity:
        raise ConfigError(
            f"a disk takes all of its {config.capacity} bytes at once, or none",
            field="allocation",
            hint="0 makes it thin",
        )
    return VirtualDiskType.PREALLOCATED


def _copied_kind(config: StorageVolumeConfig, *, eager: bool) -> VirtualDiskType | None:
    """How a copy takes its room; None is as what it is copied from, which takes what it takes."""
    if not eager and config.allocation not in {0, config.capacity}:
        return None
    return None if config.allocation is None else _kind(config, eager=eager)


def manager(session: Session, name: str, operation: str) -> Ref:
    """A manager of the server's: ``virtual_disk_manager`` or ``file_manager``.

    Raises:
        Unsupported: The server has none.
    """
    found = getattr(session.content, name)
    if not isinstance(found, Ref):
        raise Unsupported(DRIVER, operation, f"the server has no {name.replace('_', ' ')}")
    return found


# --- making ---------------------------------------------------------------------------------------


async def make_volume(session: Session, store: Datastore, plan: Plan) -> StorageVolumeKey:
    """Make a volume, and its folder.

    Raises:
        AlreadyExists: There is one.
        InvalidState: The datastore cannot be reached.

    Cancellation: nothing is left behind.
    """
    async with _making(session, store, plan):
        if plan.is_disk:
            await _make_disk(session, store, plan)
        else:
            await _make_file(session, store, plan)
    return (await find_volume(session, store, plan.path.path)).key


async def _make_disk(session: Session, store: Datastore, plan: Plan) -> None:
    spec = FileBackedVirtualDiskSpec(
        disk_type=plan.kind or VirtualDiskType.PREALLOCATED,
        adapter_type=VirtualDiskAdapterType.LSI_LOGIC,
        capacity_kb=-(-(plan.capacity or 0) // _KIB),
    )
    disks = manager(session, "virtual_disk_manager", "StorageVolumes.create")
    args = CreateVirtualDiskTaskArgs(name=str(plan.path), datacenter=store.datacenter, spec=spec)
    await session.run(CREATE_VIRTUAL_DISK_TASK, disks, args, what=f"make volume {plan.path}")


async def _make_file(session: Session, store: Datastore, plan: Plan) -> None:
    size = plan.capacity or 0
    file = file_of(session, plan.path, store.datacenter)
    async with aclosing(_zeros(size)) as parts:
        await session.client.upload(file, parts if size else b"", size)


async def _zeros(size: int) -> AsyncGenerator[bytes, None]:
    for start in range(0, size, _BLOCK):
        yield bytes(min(_BLOCK, size - start))


@asynccontextmanager
async def _making(session: Session, store: Datastore, plan: Plan) -> AsyncIterator[None]:
    """See that a volume is not there yet, and that its folder is; take both away on failure."""
    try:
        await find_volume(session, store, plan.path.path)
    except NotFound:
        pass
    else:
        raise AlreadyExists(f"{session.where} has a volume {plan.path} already")
    made = await make_folder(session, store, plan.path.folder)
    try:
        yield
    except BaseException as error:
        # What somebody else has made in between is not ours to take away.
        gone = None if isinstance(error, AlreadyExists) else plan.path
        with anyio.move_on_after(_CLEANING_S, shield=True):
            await _undo(session, store, plan.path.folder if made else gone)
        raise


async def _undo(session: Session, store: Datastore, path: DatastorePath | None) -> None:
    if path is None:
        return
    try:
        await delete_file(session, path, store.datacenter)
    except AiovirtError as error:
        log.debug("%s: %s is not removed: %s", session.where, path, error)


async def make_folder(session: Session, store: Datastore, folder: DatastorePath) -> bool:
    """Make a folder, and those that it is in; whether it was not there yet.

    Raises:
        AiovirtError: The server does not.
    """
    if not folder.path:
        return False
    files = manager(session, "file_manager", "StorageVolumes.create")
    args = MakeDirectoryArgs(
        name=str(folder), datacenter=store.datacenter, create_parent_directories=True
    )
    if await _is_there(session, store, folder):
        return False
    try:
        await session.call(MAKE_DIRECTORY, files, args, what=f"make folder {folder}")
    except AlreadyExists:
        return False
    return True


async def _is_there(session: Session, store: Datastore, folder: DatastorePath) -> bool:
    try:
        await list_files(session, store, folder.path)
    except NotFound:
        return False
    return True


async def copy_volume(
    session: Session, store: Datastore, plan: Plan, source: Volume
) -> StorageVolumeKey:
    """Make a volume with the data of another.

    Raises:
        ConfigError: It is of another kind, or smaller.
        AlreadyExists: There is one.

    Cancellation: nothing is left behind.
    """
    _check_copy(plan, source)
    async with _making(session, store, plan):
        await (_copy_disk if source.is_disk else _copy_file)(session, store, plan, source)
        size = plan.capacity or 0
        if source.is_disk and not source.untold and size > source.capacity:
            made = await find_volume(session, store, plan.path.path)
            await grow_disk(session, made, size)
    return (await find_volume(session, store, plan.path.path)).key


def _check_copy(plan: Plan, source: Volume) -> None:
    if posixpath.splitext(plan.path.path)[1] != posixpath.splitext(source.path.path)[1]:
        raise ConfigError(f"{plan.path} cannot have the data of {source.path}", field="name")
    if plan.capacity and plan.capacity < source.capacity:
        raise ConfigError(
            f"{source.path} has {source.capacity} bytes, which {plan.path} has no room for",
            field="capacity",
        )


async def _copy_disk(session: Session, store: Datastore, plan: Plan, source: Volume) -> None:
    disks = manager(session, "virtual_disk_manager", "StorageVolumes.create_from")
    spec = None
    if plan.kind is not None and not session.is_vcenter:
        spec = VirtualDiskSpec(disk_type=plan.kind, adapter_type=VirtualDiskAdapterType.LSI_LOGIC)
    args = CopyVirtualDiskTaskArgs(
        source_name=str(source.path),
        source_datacenter=source.store.datacenter,
        dest_name=str(plan.path),
        dest_datacenter=store.datacenter,
        dest_spec=spec,  # a vCenter takes none: the copy is as thin or thick as the source
        force=False,
    )
    what = f"copy volume {source.path} to {plan.path}"
    await session.run(COPY_VIRTUAL_DISK_TASK, disks, args, what=what)


async def _copy_file(session: Session, store: Datastore, plan: Plan, source: Volume) -> None:
    files = manager(session, "file_manager", "StorageVolumes.create_from")
    args = CopyDatastoreFileTaskArgs(
        source_name=str(source.path),
        source_datacenter=source.store.datacenter,
        destination_name=str(plan.path),
        destination_datacenter=store.datacenter,
        force=False,
    )
    what = f"copy volume {source.path} to {plan.path}"
    await session.run(COPY_DATASTORE_FILE_TASK, files, args, what=what)


# --- changing -------------------------------------------------------------------------------------


async def grow_disk(session: Session, disk: Volume, size: int, *, eager: bool = False) -> None:
    """Let a disk be larger; nothing happens when it is as large already.

    Raises:
        InvalidState: A machine has it.
    """
    wanted_kb = -(-size // _KIB)
    if not disk.untold and wanted_kb * _KIB <= disk.capacity:
        return
    await check_unused(session, disk.store, disk.path, "resize")
    args = ExtendVirtualDiskTaskArgs(
        name=str(disk.path),
        datacenter=disk.store.datacenter,
        new_capacity_kb=wanted_kb,
        eager_zero=eager,
    )
    disks = manager(session, "virtual_disk_manager", "StorageVolumes.resize")
    await session.run(EXTEND_VIRTUAL_DISK_TASK, disks, args, what=f"resize volume {disk.path}")


async def wipe_disk(session: Session, disk: Volume) -> None:
    """Write zeros to a disk.

    Raises:
        InvalidState: A machine has it.
    """
    await check_unused(session, disk.store, disk.path, "wipe")
    args = ZeroFillVirtualDiskTaskArgs(name=str(disk.path), datacenter=disk.store.datacenter)
    disks = manager(session, "virtual_disk_manager", "StorageVolumes.wipe")
    await session.run(ZERO_FILL_VIRTUAL_DISK_TASK, disks, args, what=f"wipe volume {disk.path}")


async def delete_volume(session: Session, volume: Volume) -> None:
    """Remove a volume with its data.

    Raises:
        InvalidState: A machine has it, running or not.
    """
    store = volume.store
    await check_unused(session, store, volume.path, "delete")
    if not volume.is_disk:
        await delete_file(session, volume.path, store.datacenter)
        return
    args = DeleteVirtualDiskTaskArgs(name=str(volume.path), datacenter=store.datacenter)
    disks = manager(session, "virtual_disk_manager", "StorageVolumes.delete")
    await session.run(DELETE_VIRTUAL_DISK_TASK, disks, args, what=f"delete volume {volume.path}")
