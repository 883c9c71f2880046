"""Files of datastores: folders, moving, copying, removing, browsing."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from msgspec.structs import replace

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import storage as s
from aiovirt.protocols.vsphere.tables import storage_methods as m
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.files import DatastoreFiles, File, split_path

__all__ = ["find_place"]

MANAGE: Final = "Datastore.FileManagement"
BROWSE: Final = "Datastore.Browse"

_KINDS: Final[dict[str, type[s.FileInfo]]] = {
    ".vmx": s.VmConfigFileInfo,
    ".vmdk": s.VmDiskFileInfo,
    ".vmsn": s.VmSnapshotFileInfo,
    ".log": s.VmLogFileInfo,
    ".nvram": s.VmNvramFileInfo,
    ".iso": s.IsoImageFileInfo,
}
_QUERIES: Final[dict[type[s.FileQuery], type[s.FileInfo]]] = {
    s.VmConfigFileQuery: s.VmConfigFileInfo,
    s.VmDiskFileQuery: s.VmDiskFileInfo,
    s.VmSnapshotFileQuery: s.VmSnapshotFileInfo,
    s.VmLogFileQuery: s.VmLogFileInfo,
    s.VmNvramFileQuery: s.VmNvramFileInfo,
    s.IsoImageFileQuery: s.IsoImageFileInfo,
    s.FolderFileQuery: s.FolderFileInfo,
}


def find_place(call: Call, path: str, datacenter: Ref | None) -> tuple[DatastoreFiles, str]:
    """Where a datastore path leads; a vCenter wants to be told the datacenter.

    Raises:
        VimFault: It leads nowhere.
    """
    call.check(datacenter, "Datacenter", "datacenter")
    if datacenter is None and call.site.settings.is_vcenter:
        raise faults.invalid_datastore_path(path)
    return call.site.place(path, datacenter)


def check_unused(call: Call, files: DatastoreFiles, inner: str) -> None:
    """Refuse to touch the disk of a machine that runs.

    Raises:
        VimFault: FileLocked.
    """
    for each in files.below(inner):
        for ref in call.site.users.get(files.path(each), ()):
            if call.site.machine(ref).power == "poweredOn":
                raise faults.file_locked(files.path(each))


@handles(m.MAKE_DIRECTORY)
def make_directory(call: Call, args: m.MakeDirectoryArgs) -> None:
    """Make a folder."""
    files, inner = find_place(call, args.name, args.datacenter)
    call.demand(MANAGE)
    files.make_folder(inner, parents=bool(args.create_parent_directories))


@handles(m.DELETE_DATASTORE_FILE_TASK)
def delete_datastore_file(call: Call, args: m.DeleteDatastoreFileTaskArgs) -> Ref:
    """Remove a file or a folder."""
    files, inner = find_place(call, args.name, args.datacenter)
    call.demand(MANAGE)

    def work() -> None:
        check_unused(call, files, inner)
        files.delete(inner)
        call.site.recount()

    return call.task(work, name="FileManager.deleteFile")


@handles(m.MOVE_DATASTORE_FILE_TASK)
def move_datastore_file(call: Call, args: m.MoveDatastoreFileTaskArgs) -> Ref:
    """Move a file or a folder."""
    source = find_place(call, args.source_name, args.source_datacenter)
    there = args.destination_datacenter or args.source_datacenter
    target = find_place(call, args.destination_name, there)
    call.demand(MANAGE)

    def work() -> None:
        check_unused(call, *source)
        copy_file(source, target, force=bool(args.force))
        source[0].delete(source[1])
        call.site.recount()

    return call.task(work, name="FileManager.move")


@handles(m.COPY_DATASTORE_FILE_TASK)
def copy_datastore_file(call: Call, args: m.CopyDatastoreFileTaskArgs) -> Ref:
    """Copy a file or a folder."""
    source = find_place(call, args.source_name, args.source_datacenter)
    there = args.destination_datacenter or args.source_datacenter
    target = find_place(call, args.destination_name, there)
    call.demand(MANAGE)

    def work() -> None:
        copy_file(source, target, force=bool(args.force))
        call.site.recount()

    return call.task(work, name="FileManager.copy")


def copy_file(
    source: tuple[DatastoreFiles, str], target: tuple[DatastoreFiles, str], *, force: bool
) -> None:
    """Copy a file or a folder; onto itself is an error."""
    if source == target:
        raise faults.file_already_exists(target[0].path(target[1]))
    source[0].copy(source[1], target[0], target[1], force=force)


# --- browsing -------------------------------------------------------------------------------------


@handles(m.SEARCH_DATASTORE_TASK)
def search_datastore(call: Call, args: m.SearchDatastoreTaskArgs) -> Ref:
    """Say what is in a folder."""
    call.demand(BROWSE)
    ref, files, inner = _browsed(call, args.datastore_path)

    def work() -> s.HostDatastoreBrowserSearchResults:
        return _results(ref, files, inner, args.search_spec)

    return call.task(work, name="host.DatastoreBrowser.search", entity=ref)


@handles(m.SEARCH_DATASTORE_SUB_FOLDERS_TASK)
def search_datastore_sub_folders(call: Call, args: m.SearchDatastoreSubFoldersTaskArgs) -> Ref:
    """Say what is in a folder, and in those that are in it."""
    call.demand(BROWSE)
    ref, files, inner = _browsed(call, args.datastore_path)

    def work() -> tuple[s.HostDatastoreBrowserSearchResults, ...]:
        folders = [each for each in files.below(inner) if each in files.folders]
        return tuple(_results(ref, files, each, args.search_spec) for each in folders)

    return call.task(work, name="host.DatastoreBrowser.searchSubFolders", entity=ref)


@handles(m.DELETE_FILE)
def delete_file(call: Call, args: m.DeleteFileArgs) -> None:
    """Remove a file or a folder."""
    _, files, inner = _browsed(call, args.datastore_path)
    check_unused(call, files, inner)
    files.delete(inner)
    call.site.recount()


def _browsed(call: Call, path: str) -> tuple[Ref, DatastoreFiles, str]:
    """A datastore that a browser has, and a path within."""
    name, inner = split_path(path)
    for ref in call.world.refs(call.this, "datastore"):
        if call.site.files[ref].name == name:
            return ref, call.site.files[ref], inner
    raise faults.invalid_datastore(name)


def _results(
    ref: Ref,
    files: DatastoreFiles,
    folder: str,
    spec: s.HostDatastoreBrowserSearchSpec | None,
) -> s.HostDatastoreBrowserSearchResults:
    chosen = spec or s.HostDatastoreBrowserSearchSpec()
    found = [_told(files, inner, chosen) for inner in files.within(folder)]
    wanted = tuple(each for each in found if _wanted(each, chosen))
    path = files.path(folder)
    return s.HostDatastoreBrowserSearchResults(
        datastore=ref, folder_path=f"{path}/" if folder else path, file=wanted
    )


def _told(files: DatastoreFiles, inner: str, spec: s.HostDatastoreBrowserSearchSpec) -> s.FileInfo:
    name = inner.rpartition("/")[2]
    file = files.files.get(inner)
    if file is None:
        return s.FolderFileInfo(path=name)
    told = _KINDS.get(inner[inner.rfind(".") :], s.FileInfo)(path=name)
    if spec.details is not None:
        known = {"file_size": file.size, "modification": file.modified}
        wanted = {name: value for name, value in known.items() if getattr(spec.details, name)}
        told = replace(told, owner="root" if spec.details.file_owner else None, **wanted)
    return _with_details(told, file, spec) if isinstance(told, s.VmDiskFileInfo) else told


def _with_details(
    told: s.VmDiskFileInfo, file: File, spec: s.HostDatastoreBrowserSearchSpec
) -> s.VmDiskFileInfo:
    """What is told of a disk besides: as much as is asked for."""
    queries = [each for each in spec.query if isinstance(each, s.VmDiskFileQuery)]
    flags = queries[0].details if queries else None
    if flags is None or file.disk is None:
        return told
    known = {
        "capacity_kb": file.disk.capacity_kb,
        "disk_type": "VirtualDiskFlatVer2BackingInfo",
        "thin": file.disk.thin,
        "hardware_version": 8,
    }
    return replace(told, **{name: value for name, value in known.items() if getattr(flags, name)})


def _wanted(info: s.FileInfo, spec: s.HostDatastoreBrowserSearchSpec) -> bool:
    kinds = tuple(_QUERIES.get(type(each), s.FileInfo) for each in spec.query) or s.FileInfo
    patterns = spec.match_pattern or ("*",)
    exact = spec.search_case_insensitive is False
    fits = fnmatchcase if exact else _fits_in_any_case
    return isinstance(info, kinds) and any(fits(info.path, each) for each in patterns)


def _fits_in_any_case(name: str, pattern: str) -> bool:
    return fnmatchcase(name.lower(), pattern.lower())
