"""What the first bytes of an image say of it: its format, its size, and the image behind it.

It knows files and offsets only.  Source: docs/interop/qcow2.txt of QEMU.
"""

from __future__ import annotations

import os
import struct
from typing import Final, NamedTuple

__all__ = ["Header", "header_of", "read_header"]

_QCOW2: Final = b"QFI\xfb"
_HEAD: Final = struct.Struct(">4sIQIIQ")
_LENGTH_AT: Final = 100
"""Where version 3 says how long its header is; that of version 2 is 72 bytes long."""
_OLD_LENGTH: Final = 72
_EXTENSION: Final = struct.Struct(">II")
_BACKING_FORMAT: Final = 0xE2792ACA
_MOST_EXTENSIONS: Final = 64
_ISO: Final = (b"CD001", 32769)
_LONGEST_NAME: Final = 1023
_QED: Final = b"QED\0"
_KNOWN_VERSIONS: Final = (2, 3)


class Header(NamedTuple):
    """What an image says of itself.

    Attributes:
        format: Its format.
        capacity: What a guest sees, in bytes.
        backing: The image behind it, as it is written there.
        backing_format: The format of that, if it is written there.
    """

    format: str
    capacity: int
    backing: str | None = None
    backing_format: str | None = None


def header_of(path: str) -> Header:
    """The header of a file or a block device.

    Raises:
        OSError: It cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return read_header(handle, os.lseek(handle, 0, os.SEEK_END))
    finally:
        os.close(handle)


def read_header(handle: int, length: int) -> Header:
    """The header of an open file of a length; whatever is no known format is raw.

    Raises:
        OSError: It cannot be read.
    """
    head = os.pread(handle, _LENGTH_AT + 4, 0)
    if len(head) >= _HEAD.size + 8 and head.startswith(_QCOW2):
        return _qcow2(handle, head)
    mark, place = _ISO
    if os.pread(handle, len(mark), place) == mark:
        return Header("iso", length)
    return Header("qed" if head.startswith(_QED) else "raw", length)


def _qcow2(handle: int, head: bytes) -> Header:
    _, version, offset, size, _, capacity = _HEAD.unpack_from(head)
    kind = "qcow2" if version in _KNOWN_VERSIONS else "qcow"
    if not offset or size > _LONGEST_NAME:
        return Header(kind, capacity)
    name = os.pread(handle, size, offset).decode(errors="replace") or None
    if kind == "qcow":
        return Header(kind, capacity, name)
    length = _OLD_LENGTH
    if version == _KNOWN_VERSIONS[-1] and len(head) == _LENGTH_AT + 4:
        (length,) = struct.unpack_from(">I", head, _LENGTH_AT)
    return Header(kind, capacity, name, _backing_format(handle, length))


def _backing_format(handle: int, place: int) -> str | None:
    """The header extension that names the format of the image behind it."""
    for _ in range(_MOST_EXTENSIONS):
        row = os.pread(handle, _EXTENSION.size, place)
        if len(row) < _EXTENSION.size:
            return None
        kind, size = _EXTENSION.unpack(row)
        place += _EXTENSION.size
        if kind == _BACKING_FORMAT and size <= _LONGEST_NAME:
            return os.pread(handle, size, place).decode(errors="replace") or None
        if kind == 0:
            return None
        place += -(-size // 8) * 8
    return None
