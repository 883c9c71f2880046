"""The file that the memory of a guest is kept in: a head with its configuration, then QEMU's data.

    16 bytes   the mark
     4 bytes   the length of all that comes before QEMU's data, big-endian: a multiple of 4096
     4 bytes   the length of the JSON that follows: the configuration, and whether it ran
     ...       zeros up to the data: there is room for a configuration that is changed

A file is written under another name, and gets its own when it is whole.
"""

from __future__ import annotations

import os
import struct
from io import FileIO
from pathlib import Path
from typing import Final

import msgspec

from aiovirt.errors import ConfigError, InvalidState, NotFound
from aiovirt.host.files import host_error

__all__ = ["SavedHead", "make_saved", "open_saved", "read_head", "replace_head"]

_MARK: Final = b"aiovirt-saved-1\0"
_LENGTHS: Final = struct.Struct(">II")
_START: Final = len(_MARK) + _LENGTHS.size
_BLOCK: Final = 4096
_ROOM: Final = 16 * 1024
_LONGEST: Final = 64 << 20


class SavedHead(msgspec.Struct, frozen=True):
    """What stands before the memory.

    Attributes:
        xml: The configuration, as a definition, with secrets.
        running: Whether it ran when it was saved.
        compression: The program that QEMU's data has gone through, or ``raw``.
    """

    xml: str
    running: bool
    compression: str = "raw"


def make_saved(path: Path, head: SavedHead) -> FileIO:
    """Make a file, and leave it where QEMU's data begins.

    Raises:
        HostError: It cannot be made.
    """
    data = msgspec.json.encode(head)
    begin = -(-(_START + len(data) + _ROOM) // _BLOCK) * _BLOCK
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        file = FileIO(handle, "w")
        file.write(_MARK + _LENGTHS.pack(begin, len(data)) + data)
        file.seek(begin)
    except OSError as error:
        raise host_error(error, f"cannot write {path}") from error
    return file


def open_saved(path: Path) -> tuple[SavedHead, FileIO]:
    """A file's head, and the file where QEMU's data begins.

    Raises:
        NotFound: There is no such file.
        ConfigError: It is none of this driver's.
    """
    try:
        file = FileIO(path, "r")
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {path}") from error
    except OSError as error:
        raise host_error(error, f"cannot read {path}") from error
    try:
        head, begin = _head(file, path)
        file.seek(begin)
    except BaseException:
        file.close()
        raise
    return head, file


def _head(file: FileIO, path: Path) -> tuple[SavedHead, int]:
    try:
        if file.read(len(_MARK)) != _MARK:
            raise ConfigError(f"{path} keeps no domain of this driver", field="file")
        begin, length = _LENGTHS.unpack(file.read(_LENGTHS.size))
        data = file.read(min(length, _LONGEST))
        return msgspec.json.decode(data, type=SavedHead), begin
    except (OSError, struct.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is damaged: {error}", field="file") from error


def read_head(path: Path) -> SavedHead:
    """The head of a file; errors as `open_saved`."""
    head, file = open_saved(path)
    file.close()
    return head


def replace_head(path: Path, head: SavedHead) -> None:
    """Write another head, which fits into the room that there is.

    Raises:
        InvalidState: It does not.
    """
    _, file = open_saved(path)
    begin = file.tell()
    file.close()
    data = msgspec.json.encode(head)
    if _START + len(data) > begin:
        raise InvalidState(f"the configuration is too long for {path}")
    try:
        with FileIO(path, "r+") as changed:
            changed.write(_MARK + _LENGTHS.pack(begin, len(data)) + data)
            os.fsync(changed.fileno())
    except OSError as error:
        raise host_error(error, f"cannot write {path}") from error
