"""Files that are either whole or not there, and folders only their owner may enter."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from anyio import to_thread

from aiovirt.errors import HostError, PermissionDenied, ResourceUnavailable

__all__ = [
    "empty_file",
    "host_error",
    "make_folder",
    "make_private_folder",
    "read_end",
    "remove_durably",
    "remove_leftovers",
    "write_atomically",
    "write_durably",
]


_HINTS = {
    errno.ENOSPC: "the disk is full: make room on it",
    errno.EDQUOT: "the disk quota is used up: make room",
    errno.EROFS: "it is mounted read-only: mount it writable, or use another place",
    errno.EEXIST: "something else has that name: use another place",
    errno.ENOTDIR: "something above it is no folder: use another place",
    errno.EMFILE: "this process has too many files open: raise its limit (ulimit -n)",
}

_SUFFIX = ".unfinished"
"""What the name of a file that is just being written ends with."""


def host_error(error: OSError, what: str) -> HostError:
    """The error to raise for an operating system error while doing `what`."""
    text = f"{what}: {error.strerror or error}"
    if isinstance(error, PermissionError):
        return PermissionDenied(text, hint="check the owner and mode of the path and its parents")
    return ResourceUnavailable(text, hint=_HINTS.get(error.errno or 0))


async def write_atomically(
    path: Path, data: bytes, *, mode: int = 0o600, durable: bool = True
) -> None:
    """Replace a file: at any moment, even after `kill -9`, it holds the old or the new bytes.

    Args:
        path: The file.
        data: Its new content.
        mode: Its permissions.
        durable: Also survive the loss of power (fsync of file and folder). What describes
            running processes need not: they do not survive it either.

    Raises:
        HostError: The folder is not writable, or the disk is full; the old file stands.

    Cancellation: waits for the write, which then has happened whole.
    """
    if durable:
        await to_thread.run_sync(write_durably, path, data, mode)
    else:
        _replace(path, data, mode, sync=False)


def write_durably(path: Path, data: bytes, mode: int = 0o600) -> None:
    """As `write_atomically`, in the caller's own thread, which waits for the disk."""
    _replace(path, data, mode, sync=True)
    _sync_folder(path.parent)


def _replace(path: Path, data: bytes, mode: int, *, sync: bool) -> None:
    try:
        handle, name = tempfile.mkstemp(_SUFFIX, f".{path.name[:64]}.", path.parent)
    except OSError as error:
        raise host_error(error, f"cannot write {path}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        with suppress(OSError):
            Path(name).unlink()
        raise host_error(error, f"cannot write {path}") from error


def remove_leftovers(folder: Path) -> None:
    """Remove what writers left in a folder that were killed. Nobody else may be writing there.

    Raises:
        HostError: The folder is not writable.
    """
    for path in folder.glob(f".*{_SUFFIX}"):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise host_error(error, f"cannot remove {path}") from error


async def remove_durably(*paths: Path) -> None:
    """Remove files, those that are there, so that they stay removed after a loss of power.

    Args:
        *paths: The files, which are in one folder.

    Raises:
        HostError: The folder is not writable.
    """
    await to_thread.run_sync(_remove, paths)


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise host_error(error, f"cannot remove {path}") from error
    _sync_folder(paths[-1].parent)


def _sync_folder(folder: Path) -> None:
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise host_error(error, f"cannot write {folder} to its disk") from error


def read_end(path: Path, limit: int) -> bytes:
    """The last bytes of a file in a folder that somebody else may write to.

    A link, a pipe or a device in the file's place is not followed or waited for.

    Raises:
        HostError: It is not there, or no regular file.
    """
    with _opened(path, os.O_RDONLY) as handle:
        size = os.fstat(handle).st_size
        return os.pread(handle, limit, max(0, size - limit))


def empty_file(path: Path) -> None:
    """Cut a file in a folder that somebody else may write to down to nothing; see `read_end`.

    Raises:
        HostError: It is not there, or no regular file.
    """
    with _opened(path, os.O_WRONLY) as handle:
        os.ftruncate(handle, 0)


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    """A descriptor of a regular file."""
    try:
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise host_error(error, f"cannot open {path}") from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise HostError(f"{path} is no regular file")
        yield handle
    finally:
        os.close(handle)


def make_private_folder(
    path: Path, *, owner: tuple[int, int] | None = None, passable: bool = False
) -> None:
    """Make a folder (with its parents) that only its owner may read.

    Args:
        path: The folder; it may be there already.
        owner: Its uid and gid, if not ours.
        passable: Whether others may pass through it to what they have below.

    Raises:
        PermissionDenied: It is there and somebody else's: he could change what is in it.
        HostError: It cannot be made, or something else is in its place.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_owner(path, {os.geteuid(), owner[0] if owner else os.geteuid()})
        path.chmod(0o711 if passable else 0o700)
        if owner is not None:
            os.chown(path, *owner)
    except OSError as error:
        raise host_error(error, f"cannot make the folder {path}") from error


def _check_owner(folder: Path, owners: set[int]) -> None:
    uid = folder.stat().st_uid
    if uid not in owners:
        raise PermissionDenied(
            f"the folder {folder} belongs to the user with id {uid}",
            hint="open it as that user, or use another folder",
        )


def make_folder(path: Path, *, passable: bool = False) -> None:
    """Make a folder that only its owner may read; one that is there stays as its owner has it.

    Args:
        path: The folder.
        passable: Whether others must be able to pass through it to what they have below.

    Raises:
        HostError: It cannot be made, or something else is in its place.
    """
    try:
        if not path.is_dir():
            path.mkdir(mode=0o700, parents=True)
        mode = path.stat().st_mode
        if passable and not mode & stat.S_IXOTH:
            path.chmod(mode | stat.S_IXGRP | stat.S_IXOTH)
    except OSError as error:
        raise host_error(error, f"cannot make the folder {path}") from error
