"""The files of a datastore: folders, files with their contents, and virtual disks.

A disk is one entry of which the descriptor has contents; its blocks are only counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from posixpath import normpath

from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.clock import Clock

__all__ = ["DatastoreFiles", "DiskImage", "File", "folder_of", "join", "split_path"]


@dataclass(frozen=True, slots=True)
class DiskImage:
    """A virtual disk.

    Attributes:
        capacity_kb: How large it is for a guest.
        allocated_kb: How much of it takes space.
        uuid: Its UUID, as VMware writes it.
        adapter: For which kind of controller it was made.
        thin: Whether it grows as it is written.
        parent: The disk that it is the difference to, by its datastore path, or None.
    """

    capacity_kb: int
    allocated_kb: int
    uuid: str
    adapter: str = "lsiLogic"
    thin: bool = True
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """One file.

    Attributes:
        modified: When it was written.
        data: Its contents.
        disk: What disk it describes, or None.
    """

    modified: datetime
    data: bytes = b""
    disk: DiskImage | None = None

    @property
    def size(self) -> int:
        """Bytes that it takes, with a disk's blocks."""
        return len(self.data) + (1024 * self.disk.allocated_kb if self.disk else 0)


def split_path(path: str) -> tuple[str, str]:
    """Take ``[datastore] folder/file`` apart.

    Raises:
        VimFault: InvalidDatastorePath.
    """
    name, bracket, rest = path.partition("]")
    if not bracket or not name.startswith("[") or not name[1:]:
        raise faults.invalid_datastore_path(path)
    inner = rest.strip().strip("/")
    if ".." in inner.split("/"):
        raise faults.invalid_datastore_path(path)
    return name[1:], normpath(inner) if inner else ""


def folder_of(path: str) -> str:
    """The datastore path of the folder that a file is in; ``[datastore]`` is the top one."""
    bracket = path.index("]") + 1
    folder = path[bracket:].rpartition("/")[0]
    return path[:bracket] + folder


def join(folder: str, name: str) -> str:
    """The datastore path of a file in a folder."""
    return f"{folder} {name}" if folder.endswith("]") else f"{folder}/{name}"


class DatastoreFiles:
    """What one datastore holds.

    Args:
        name: The datastore's name, for messages.
        capacity: Bytes.
        clock: The time there.
    """

    def __init__(self, name: str, capacity: int, clock: Clock) -> None:
        self.name = name
        self.capacity = capacity
        self.files: dict[str, File] = {}
        self.folders: dict[str, dict[str, None]] = {"": {}}
        self.used = 0
        self._clock = clock

    @property
    def free(self) -> int:
        """Bytes that are left."""
        return self.capacity - self.used

    def path(self, inner: str) -> str:
        """The datastore path of a path within."""
        return f"[{self.name}] {inner}".rstrip()

    def exists(self, inner: str) -> bool:
        """Whether there is such a file or folder."""
        return inner in self.files or inner in self.folders

    def get(self, inner: str) -> File:
        """A file.

        Raises:
            VimFault: FileNotFound.
        """
        found = self.files.get(inner)
        if found is None:
            raise faults.file_not_found(self.path(inner))
        return found

    def write(self, inner: str, data: bytes, *, new: bool = False) -> None:
        """Write a file, whole; a disk keeps its blocks.

        Args:
            inner: Its path.
            data: Its contents.
            new: Whether it must not be there already.

        Raises:
            VimFault: It is there, its folder is not, or no space is left.
        """
        if (new and self.exists(inner)) or inner in self.folders:
            raise faults.file_already_exists(self.path(inner))
        known = self.files.get(inner)
        self._put(inner, File(self._clock.now(), data, known.disk if known else None))

    def make_disk(self, inner: str, image: DiskImage) -> None:
        """Make a virtual disk.

        Raises:
            VimFault: It is there, its folder is not, or no space is left.
        """
        if self.exists(inner):
            raise faults.file_already_exists(self.path(inner))
        self._put(inner, File(self._clock.now(), _descriptor(inner, image), image))

    def set_disk(self, inner: str, image: DiskImage) -> None:
        """Let a disk be otherwise.

        Raises:
            VimFault: There is no such disk, or no space is left.
        """
        self.disk(inner)
        self._put(inner, File(self._clock.now(), _descriptor(inner, image), image))

    def disk(self, inner: str) -> DiskImage:
        """A virtual disk.

        Raises:
            VimFault: There is none of that path.
        """
        found = self.get(inner)
        if found.disk is None:
            raise faults.invalid_disk_format()
        return found.disk

    def _put(self, inner: str, file: File) -> None:
        parent = _parent(inner)
        if parent not in self.folders:
            raise faults.file_not_found(self.path(parent))
        before = self.files[inner].size if inner in self.files else 0
        if file.size - before > self.free:
            raise faults.no_disk_space(self.path(inner), self.name)
        self.files[inner] = file
        self.folders[parent][inner] = None
        self.used += file.size - before

    # --- folders and trees ----------------------------------------------------------------------

    def make_folder(self, inner: str, *, parents: bool = False) -> None:
        """Make a folder.

        Raises:
            VimFault: It is there, or what it is to be in is not.
        """
        if self.exists(inner):
            raise faults.file_already_exists(self.path(inner))
        parent = _parent(inner)
        if parent not in self.folders:
            if not parents:
                raise faults.file_not_found(self.path(parent))
            self.make_folder(parent, parents=True)
        self.folders[inner] = {}
        self.folders[parent][inner] = None

    def free_folder(self, name: str) -> str:
        """Make a folder of a name, or of one like it when that is taken; return its path."""
        wanted, number = name, 0
        while self.exists(wanted):
            number += 1
            wanted = f"{name}_{number}"
        self.make_folder(wanted)
        return wanted

    def within(self, inner: str) -> list[str]:
        """The files and folders directly in a folder.

        Raises:
            VimFault: FileNotFound.
        """
        if inner not in self.folders:
            raise faults.file_not_found(self.path(inner))
        return sorted(self.folders[inner])

    def below(self, inner: str) -> list[str]:
        """A file or folder, and all that is in it, the outer first.

        Raises:
            VimFault: FileNotFound.
        """
        if not self.exists(inner):
            raise faults.file_not_found(self.path(inner))
        found = [inner]
        for each in self.folders.get(inner, ()):
            found += self.below(each)
        return found

    def delete(self, inner: str) -> None:
        """Remove a file, or a folder with all that is in it.

        Raises:
            VimFault: There is none, or it is the root.
        """
        if not inner:
            raise faults.cannot_delete(self.path(inner))
        for each in reversed(self.below(inner)):
            if each in self.files:
                self.used -= self.files.pop(each).size
            self.folders.pop(each, None)
            self.folders[_parent(each)].pop(each, None)

    def copy(self, inner: str, target: DatastoreFiles, to: str, *, force: bool = False) -> None:
        """Copy a file, or a folder with all that is in it.

        Raises:
            VimFault: There is none, or the target is there already.
        """
        sources = self.below(inner)
        if target.exists(to) and not force:
            raise faults.file_already_exists(target.path(to))
        for each in sources:
            place = to + each.removeprefix(inner)
            if each in self.folders and place not in target.folders:
                target.make_folder(place)
            elif each in self.files:
                target._put(place, replace(self.files[each], modified=self._clock.now()))


def _parent(inner: str) -> str:
    return inner.rpartition("/")[0]


def _descriptor(inner: str, image: DiskImage) -> bytes:
    """The text of a disk's descriptor."""
    name = inner.rpartition("/")[2].removesuffix(".vmdk")
    sectors = image.capacity_kb * 2
    lines = [
        "# Disk DescriptorFile",
        "version=1",
        'encoding="UTF-8"',
        "CID=fffffffe",
        "parentCID=ffffffff",
        'createType="vmfs"' if image.parent is None else 'createType="vmfsSparse"',
        f'RW {sectors} VMFS "{name}-flat.vmdk"',
        f'ddb.adapterType = "{image.adapter.lower()}"',
        f'ddb.uuid = "{image.uuid}"',
    ]
    if image.thin:
        lines.append('ddb.thinProvisioned = "1"')
    if image.parent is not None:
        lines.insert(6, f'parentFileNameHint="{image.parent}"')
    return "\n".join([*lines, ""]).encode()
