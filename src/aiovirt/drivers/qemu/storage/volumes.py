"""The image files of a folder: what they are, and how they are made, changed and removed.

Everything here may wait for a disk: it is for worker threads, but for what runs ``qemu-img``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final

from aiovirt.config import StorageVolumeConfig
from aiovirt.config.storage.volume import BackingStore
from aiovirt.drivers.qemu.engine.images import Encrypted, qemu_img
from aiovirt.drivers.qemu.storage.headers import read_header
from aiovirt.errors import AlreadyExists, ConfigError, Unsupported
from aiovirt.host.files import host_error
from aiovirt.model.storage import StorageVolumeInfo, VolumeType
from aiovirt.model.units import Bytes

__all__ = ["Volume", "copy_volume", "look", "make_volume", "remove_volume", "scan", "wipe_volume"]

_PIECE: Final = bytes(1 << 20)
_MADE: Final = ("raw", "qcow2", "qcow", "qed", "vmdk", "vdi", "vpc")


@dataclass(frozen=True)
class Volume:
    """One file of a folder, as it was when it was looked at.

    Attributes:
        name: Its name there.
        path: Its path.
        type: Whether it is a file, a device or a folder.
        format: Its format.
        capacity: What a guest sees, in bytes.
        allocation: What it takes on the host.
        physical: How long it is.
        backing: The image behind it, as it is written there.
        mode: Its permissions, with its owner and its group.
    """

    name: str
    path: Path
    type: VolumeType
    format: str
    capacity: int
    allocation: int
    physical: int
    backing: str | None
    mode: tuple[int, int, int]

    def info(self, *, physical: bool = False) -> StorageVolumeInfo:
        """Type and sizes."""
        return StorageVolumeInfo(
            self.type, self.capacity, self.physical if physical else self.allocation
        )

    def config(self) -> StorageVolumeConfig:
        """What is known of it."""
        config = StorageVolumeConfig(
            type=self.type.name.lower(),
            name=self.name,
            key=str(self.path),
            capacity=Bytes(self.capacity),
            allocation=Bytes(self.allocation),
            physical=Bytes(self.physical),
        )
        config.target.path, config.target.format = str(self.path), self.format
        mode, owner, group = self.mode
        config.target.permissions.mode = mode
        config.target.permissions.owner, config.target.permissions.group = owner, group
        if self.backing is not None:
            config.backing_store = BackingStore(path=self.backing)
        return config


def scan(folder: Path) -> dict[str, Volume]:
    """The volumes of a folder; what begins with a dot is none.

    Raises:
        HostError: It cannot be read.
    """
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise host_error(error, f"cannot read the folder {folder}") from error
    return {volume.name: volume for volume in _looked(folder, names)}


def _looked(folder: Path, names: list[str]) -> Iterator[Volume]:
    for name in names:
        if not name.startswith("."):
            with suppress(OSError):  # it has just gone, or is not ours to read
                volume = _look(folder / name)
                if volume is not None:
                    yield volume


def look(path: Path) -> Volume:
    """What a file is.

    Raises:
        HostError: It cannot be read.
        ConfigError: It is none of a volume's kinds.
    """
    try:
        found = _look(path)
    except OSError as error:
        raise host_error(error, f"cannot look at {path}") from error
    if found is None:
        raise ConfigError(f"{path} is neither a file nor a device nor a folder", field="path")
    return found


def _look(path: Path) -> Volume | None:
    facts = path.stat()
    rights = (stat.S_IMODE(facts.st_mode), facts.st_uid, facts.st_gid)
    if stat.S_ISDIR(facts.st_mode):
        return Volume(path.name, path, VolumeType.DIR, "dir", 0, 0, 0, None, rights)
    if not (stat.S_ISREG(facts.st_mode) or stat.S_ISBLK(facts.st_mode)):
        return None
    kind = VolumeType.FILE if stat.S_ISREG(facts.st_mode) else VolumeType.BLOCK
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        length = os.lseek(handle, 0, os.SEEK_END)
        header = read_header(handle, length)
    finally:
        os.close(handle)
    taken = facts.st_blocks * 512 if kind is VolumeType.FILE else length
    image, capacity, backing, _ = header
    return Volume(path.name, path, kind, image, capacity, taken, length, backing, rights)


# --- making and changing ------------------------------------------------------------------------


_AHEAD: Final = ("-o", "preallocation=metadata")
"""What has ``qemu-img`` write the tables of a qcow2 image at once."""


async def make_volume(
    path: Path, config: StorageVolumeConfig, *, metadata: bool, passphrase: bytes | None = None
) -> None:
    """Make a volume.

    Args:
        path: Its file.
        config: What it is to be.
        metadata: Whether a qcow2 image gets its tables at once.
        passphrase: What it is encrypted with, where its target says that it is.

    Raises:
        AlreadyExists: There is such a file.
        ConfigError: It has no size.
        Unsupported: This driver makes none of that format.
        HostError: There is no room for it.
    """
    kind = config.target.format or "raw"
    _check_free(path)
    if kind == "dir" or config.type == "dir":
        _make_folder(path)
        return
    if kind not in _MADE:
        raise Unsupported("QEMU", f"making volumes of the format {kind}")
    behind = config.backing_store
    if config.capacity is None and not behind.path:
        raise ConfigError("a volume needs its size", field="capacity")
    try:
        if config.target.encryption:
            await _make_encrypted(path, config, passphrase, metadata=metadata)
        elif kind == "raw":
            _make_raw(path, config)
        else:
            words = [*_AHEAD] if metadata else []
            if behind.path:
                words += ["-b", behind.path, "-F", behind.format or "raw"]
            size = [] if config.capacity is None else [str(int(config.capacity))]
            await qemu_img("create", "-q", "-f", kind, *words, str(path), *size)
        _set_mode(path, config)
    except BaseException:
        _unmake(path)
        raise


async def _make_encrypted(
    path: Path, config: StorageVolumeConfig, passphrase: bytes | None, *, metadata: bool
) -> None:
    """Make an image whose passphrase ``qemu-img`` reads from a file that is in memory alone."""
    if passphrase is None:
        raise ConfigError("a volume that is encrypted needs a passphrase", field="encryption")
    behind = config.backing_store
    backing = ("-b", behind.path, "-F", behind.format or "raw") if behind.path else ()
    size = [] if config.capacity is None else [str(int(config.capacity))]
    with FileIO(os.memfd_create("passphrase"), "r+") as secret:
        secret.write(passphrase)
        key = Path(f"/proc/self/fd/{secret.fileno()}")
        kind, words = Encrypted(config.target.encryption, key).words(config.target.format or "raw")
        ahead = _AHEAD if metadata and kind == "qcow2" else ()
        argv = ("create", "-q", "-f", kind, *words, *ahead, *backing, str(path), *size)
        await qemu_img(*argv, pass_fds=[secret.fileno()])


def _unmake(path: Path) -> None:
    path.unlink(missing_ok=True)


def _check_free(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise AlreadyExists(f"there is a file {path} already")


def _make_folder(path: Path) -> None:
    try:
        path.mkdir()
    except OSError as error:
        raise host_error(error, f"cannot make the folder {path}") from error


def _make_raw(path: Path, config: StorageVolumeConfig) -> None:
    """A raw image takes all its room at once unless it is said to take less."""
    size = int(config.capacity or 0)
    taken = size if config.allocation is None else min(size, int(config.allocation))
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(handle, size)
            if taken:
                os.posix_fallocate(handle, 0, taken)
        finally:
            os.close(handle)
    except OSError as error:
        raise host_error(error, f"cannot make {path}") from error


def _set_mode(path: Path, config: StorageVolumeConfig) -> None:
    rights = config.target.permissions
    try:
        path.chmod(0o600 if rights.mode is None else rights.mode)
        if rights.owner is not None or rights.group is not None:
            owner = -1 if rights.owner is None else rights.owner
            group = -1 if rights.group is None else rights.group
            os.chown(path, owner, group)
    except OSError as error:
        raise host_error(error, f"cannot set the permissions of {path}") from error


async def copy_volume(path: Path, config: StorageVolumeConfig, source: Volume) -> None:
    """Make a volume with the data of another, in its own format.

    Raises:
        AlreadyExists: There is such a file.
        HostError: It cannot be copied.
    """
    kind = config.target.format or source.format
    if kind not in _MADE:
        raise Unsupported("QEMU", f"making volumes of the format {kind}")
    if config.target.encryption:
        raise Unsupported("QEMU", "copying a volume into one that is encrypted")
    _check_free(path)
    try:
        words = ("-f", source.format, "-O", kind)
        await qemu_img("convert", "-q", *words, str(source.path), str(path))
        if config.capacity is not None and config.capacity > source.capacity:
            await qemu_img("resize", "-q", "-f", kind, str(path), str(int(config.capacity)))
        _set_mode(path, config)
    except BaseException:
        _unmake(path)
        raise


def remove_volume(volume: Volume) -> None:
    """Remove a file, or a folder that is empty.

    Raises:
        HostError: It cannot be removed.
    """
    try:
        if volume.type is VolumeType.DIR:
            volume.path.rmdir()
        else:
            volume.path.unlink()
    except OSError as error:
        raise host_error(error, f"cannot remove {volume.path}") from error


def wipe_volume(volume: Volume) -> None:
    """Overwrite all data with zeros.

    Raises:
        HostError: It cannot be written.
    """
    try:
        handle = os.open(volume.path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            left = volume.physical
            while left > 0:
                left -= os.write(handle, _PIECE[:left])
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise host_error(error, f"cannot write {volume.path}") from error
