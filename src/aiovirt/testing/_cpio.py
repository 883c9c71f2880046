"""Write cpio archives in the "newc" format, the one that Linux reads as an initramfs.

This module knows the format and nothing of guests.  The format is described in the kernel's
Documentation/driver-api/early-userspace/buffer-format.rst: thirteen hexadecimal fields of eight
digits after the magic, the name with its NUL, the data, each padded to four bytes.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass

__all__ = ["Entry", "archive", "directory", "regular", "symlink"]

_MAGIC = b"070701"
_TRAILER = "TRAILER!!!"
_ALIGNMENT = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """One member: its path without a leading slash, its mode with the file type, its bytes."""

    path: str
    mode: int
    data: bytes = b""


def directory(path: str) -> Entry:
    """Return a folder that everybody may enter."""
    return Entry(path, stat.S_IFDIR | 0o755)


def regular(path: str, data: bytes, *, executable: bool = False) -> Entry:
    """Return a file of root's."""
    return Entry(path, stat.S_IFREG | (0o755 if executable else 0o644), data)


def symlink(path: str, target: str) -> Entry:
    """Return a symbolic link."""
    return Entry(path, stat.S_IFLNK | 0o777, target.encode())


def archive(entries: list[Entry]) -> bytes:
    """Return the archive of the entries, parent folders before their content.

    Folders that a path needs and that are not given are added.  Owner and times are nought, so
    that the same entries give the same bytes.
    """
    members = [*_with_parents(entries), Entry(_TRAILER, 0)]
    return b"".join(_member(inode, entry) for inode, entry in enumerate(members, start=1))


def _with_parents(entries: list[Entry]) -> list[Entry]:
    members: dict[str, Entry] = {}
    for entry in entries:
        parts = entry.path.split("/")
        for depth in range(1, len(parts)):
            parent = "/".join(parts[:depth])
            members.setdefault(parent, directory(parent))
        members[entry.path] = entry
    return list(members.values())


def _member(inode: int, entry: Entry) -> bytes:
    name = entry.path.encode() + b"\0"
    links, owner, group, time, device = 1, 0, 0, 0, 0
    fields = (
        *(inode, entry.mode, owner, group, links, time, len(entry.data)),
        *(device, device, device, device, len(name), 0),
    )
    header = _MAGIC + b"".join(b"%08X" % field for field in fields)
    return _padded(header + name) + _padded(entry.data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNMENT)
