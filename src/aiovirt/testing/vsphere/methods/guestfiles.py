"""Files in guests: listing, moving, removing, and the addresses by which they are transferred."""

from __future__ import annotations

import re

from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables import guest_methods as m
from aiovirt.protocols.vsphere.tables.enums import GuestFileType
from aiovirt.protocols.vsphere.tables.guest import (
    FileTransferInformation,
    GuestFileAttributes,
    GuestFileInfo,
    GuestListFileInfo,
    GuestPosixFileAttributes,
)
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.machines.guest import Guest, GuestFile
from aiovirt.testing.vsphere.methods.guest import MODIFY, QUERY, enter, settle
from aiovirt.testing.vsphere.transfers import Transfer

DEFAULT_RESULTS = 50


@handles(m.MAKE_DIRECTORY_IN_GUEST)
def make_directory(call: Call, args: m.MakeDirectoryInGuestArgs) -> None:
    """Make a folder."""
    guest = enter(call, args.vm, args.auth, MODIFY)
    path = _whole(guest, args.directory_path)
    if path in guest.folders or path in guest.files:
        raise faults.file_already_exists(path)
    _make_folder(guest, path, parents=args.create_parent_directories)


def _make_folder(guest: Guest, path: str, *, parents: bool) -> None:
    parent = guest.paths.dirname(path)
    if parent not in guest.folders:
        if not parents:
            raise faults.file_not_found(parent)
        _make_folder(guest, parent, parents=True)
    guest.folders.add(path)


@handles(m.DELETE_FILE_IN_GUEST)
def delete_file(call: Call, args: m.DeleteFileInGuestArgs) -> None:
    """Remove a file."""
    guest = enter(call, args.vm, args.auth, MODIFY)
    _file(guest, args.file_path)
    for process in guest.processes.values():
        settle(call, process)
        if args.file_path in process.holds and process.end_time is None:
            raise faults.file_locked(args.file_path)
    del guest.files[args.file_path]


@handles(m.DELETE_DIRECTORY_IN_GUEST)
def delete_directory(call: Call, args: m.DeleteDirectoryInGuestArgs) -> None:
    """Remove a folder, with what is in it or only an empty one."""
    guest = enter(call, args.vm, args.auth, MODIFY)
    path = _whole(guest, args.directory_path)
    if path not in guest.folders:
        raise faults.file_not_found(path)
    within = [each for each in (*guest.files, *guest.folders) if _is_under(guest, each, path)]
    if within and not args.recursive:
        raise faults.VimFault(f.DirectoryNotEmpty(file=path), f"Directory {path} is not empty.")
    guest.folders.discard(path)
    for each in within:
        guest.files.pop(each, None)
        guest.folders.discard(each)


@handles(m.MOVE_FILE_IN_GUEST)
def move_file(call: Call, args: m.MoveFileInGuestArgs) -> None:
    """Give a file another name."""
    guest = enter(call, args.vm, args.auth, MODIFY)
    file = _file(guest, args.src_file_path)
    if args.dst_file_path in guest.files and not args.overwrite:
        raise faults.file_already_exists(args.dst_file_path)
    _check_parent(guest, args.dst_file_path)
    del guest.files[args.src_file_path]
    guest.files[args.dst_file_path] = file


@handles(m.MOVE_DIRECTORY_IN_GUEST)
def move_directory(call: Call, args: m.MoveDirectoryInGuestArgs) -> None:
    """Give a folder another name."""
    guest = enter(call, args.vm, args.auth, MODIFY)
    old, new = _whole(guest, args.src_directory_path), _whole(guest, args.dst_directory_path)
    if old not in guest.folders:
        raise faults.file_not_found(old)
    if new in guest.folders or new in guest.files:
        raise faults.file_already_exists(new)
    _check_parent(guest, new)
    for path in [each for each in guest.folders if each == old or _is_under(guest, each, old)]:
        guest.folders.remove(path)
        guest.folders.add(new + path.removeprefix(old))
    for path in [each for each in guest.files if _is_under(guest, each, old)]:
        guest.files[new + path.removeprefix(old)] = guest.files.pop(path)


@handles(m.CREATE_TEMPORARY_FILE_IN_GUEST)
def create_temporary_file(call: Call, args: m.CreateTemporaryFileInGuestArgs) -> str:
    """Make a file of a new name; give its path."""
    guest = enter(call, args.vm, args.auth, MODIFY)
    path = _new_name(call, guest, args.directory_path, args.prefix, args.suffix)
    guest.files[path] = GuestFile(mode=0o600, modified=call.world.clock.now())
    return path


@handles(m.CREATE_TEMPORARY_DIRECTORY_IN_GUEST)
def create_temporary_directory(call: Call, args: m.CreateTemporaryDirectoryInGuestArgs) -> str:
    """Make a folder of a new name; give its path."""
    guest = enter(call, args.vm, args.auth, MODIFY)
    path = _new_name(call, guest, args.directory_path, args.prefix, args.suffix)
    guest.folders.add(path)
    return path


def _new_name(call: Call, guest: Guest, folder: str | None, prefix: str, suffix: str) -> str:
    place = _whole(guest, folder) if folder else guest.temporary
    if place not in guest.folders:
        raise faults.file_not_found(place)
    number = call.world.number("vmware", 0).rpartition("-")[2]
    return str(guest.paths.join(place, f"{prefix}{number}{suffix}"))


@handles(m.LIST_FILES_IN_GUEST)
def list_files(call: Call, args: m.ListFilesInGuestArgs) -> GuestListFileInfo:
    """Say what is in a folder, or what a file is."""
    guest = enter(call, args.vm, args.auth, QUERY)
    path = _whole(guest, args.file_path)
    if path in guest.files:
        return GuestListFileInfo(files=(_told(guest, path),), remaining=0)
    if path not in guest.folders:
        raise faults.file_not_found(path)
    found = _within(guest, path, args.match_pattern or ".*")
    begin = args.index or 0
    most = args.max_results if args.max_results is not None else DEFAULT_RESULTS
    page = found[begin : begin + most]
    return GuestListFileInfo(
        files=tuple(_told(guest, each, name=guest.paths.basename(each)) for each in page),
        remaining=max(len(found) - begin - len(page), 0),
    )


def _within(guest: Guest, folder: str, pattern: str) -> list[str]:
    """What is directly in a folder, and has a name of a pattern."""
    every = sorted({*guest.files, *guest.folders} - {folder})
    own = [each for each in every if guest.paths.dirname(each) == folder]
    return [each for each in own if re.fullmatch(pattern, guest.paths.basename(each))]


@handles(m.CHANGE_FILE_ATTRIBUTES_IN_GUEST)
def change_file_attributes(call: Call, args: m.ChangeFileAttributesInGuestArgs) -> None:
    """Change a file's permissions or time."""
    guest = enter(call, args.vm, args.auth, MODIFY)
    file = _file(guest, args.guest_file_path)
    guest.files[args.guest_file_path] = _with_attributes(file, args.file_attributes)


def _with_attributes(file: GuestFile, attributes: GuestFileAttributes) -> GuestFile:
    mode = file.mode
    if isinstance(attributes, GuestPosixFileAttributes) and attributes.permissions is not None:
        mode = attributes.permissions
    return GuestFile(file.data, mode, attributes.modification_time or file.modified)


# --- transfers ------------------------------------------------------------------------------------


@handles(m.INITIATE_FILE_TRANSFER_FROM_GUEST)
def transfer_from_guest(
    call: Call, args: m.InitiateFileTransferFromGuestArgs
) -> FileTransferInformation:
    """Give the address from which a file can be read."""
    guest = enter(call, args.vm, args.auth, QUERY)
    file = _file(guest, args.guest_file_path)
    url = call.site.transfers.url(call.client, Transfer(guest, args.guest_file_path))
    return FileTransferInformation(
        attributes=_attributes(guest, args.guest_file_path), size=len(file.data), url=url
    )


@handles(m.INITIATE_FILE_TRANSFER_TO_GUEST)
def transfer_to_guest(call: Call, args: m.InitiateFileTransferToGuestArgs) -> str:
    """Give the address to which a file can be written."""
    guest = enter(call, args.vm, args.auth, MODIFY)
    path = _whole(guest, args.guest_file_path)
    if path in guest.folders:
        raise faults.file_already_exists(path)
    if path in guest.files and not args.overwrite:
        raise faults.file_already_exists(path)
    _check_parent(guest, path)
    if args.file_size < 0:
        raise faults.invalid_argument("fileSize")
    file = _with_attributes(GuestFile(modified=call.world.clock.now()), args.file_attributes)
    transfer = Transfer(guest, path, size=args.file_size, template=file)
    return call.site.transfers.url(call.client, transfer)


def _whole(guest: Guest, path: str) -> str:
    """A path as the guest's system has it.

    Raises:
        VimFault: It is none of that system, or not from the root.
    """
    if not guest.is_whole(path):
        raise faults.file_not_found(path)
    return str(guest.paths.normpath(path))


def _is_under(guest: Guest, path: str, folder: str) -> bool:
    return path.startswith(guest.paths.join(folder, ""))


def _file(guest: Guest, path: str) -> GuestFile:
    found = guest.files.get(path)
    if found is None:
        raise faults.file_not_found(path)
    return found


def _check_parent(guest: Guest, path: str) -> None:
    if guest.paths.dirname(path) not in guest.folders:
        raise faults.file_not_found(guest.paths.dirname(path))


def _attributes(guest: Guest, path: str) -> GuestPosixFileAttributes:
    file = guest.files.get(path)
    mode = 0o755 if file is None else file.mode
    modified = None if file is None else file.modified
    return GuestPosixFileAttributes(
        modification_time=modified, owner_id=0, group_id=0, permissions=mode
    )


def _told(guest: Guest, path: str, name: str | None = None) -> GuestFileInfo:
    folder = path in guest.folders
    return GuestFileInfo(
        path=name or path,
        type=GuestFileType.DIRECTORY if folder else GuestFileType.FILE,
        size=0 if folder else len(guest.files[path].data),
        attributes=_attributes(guest, path),
    )
