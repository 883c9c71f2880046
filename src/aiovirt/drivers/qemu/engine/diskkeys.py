"""What QEMU opens a guest's images with: keys and passwords, each in a file of the guest's folder.

The files are there as long as the guest runs; they are in no command line and no log.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from anyio import to_thread

from aiovirt.config import Disk, DomainConfig
from aiovirt.config.shared.encryption import StorageEncryption
from aiovirt.drivers.qemu.argv.storage.images import (
    Image,
    chain_of,
    has_medium,
    image_number,
    number_layers,
)
from aiovirt.drivers.qemu.argv.storage.secrets import auth_secret, cookie_secret, key_secret
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.store.settings import Owner
from aiovirt.errors import XMLError
from aiovirt.host.files import host_error

__all__ = ["give_disk_keys", "give_image_keys", "give_keys", "key_files", "numbers_of_keys"]

_FILE: Final = re.compile(r"libvirt-(\d+)-.*-secret0")
"""As `argv.storage.secrets` names the objects."""


class _Key(NamedTuple):
    """One secret that an image needs.

    Attributes:
        name: The file's name.
        usage: What it is for, in libvirt's word.
        uuid: The secret, by its UUID …
        id: … or by what it is for.
        value: What it is, where the document itself tells.
    """

    name: str
    usage: str
    uuid: UUID | None = None
    id: str | None = None
    value: bytes | None = None


async def give_keys(engine: Engine, config: DomainConfig, folder: Path) -> None:
    """Write the secrets of a guest's images into files of QEMU's folder.

    Raises:
        ConfigError: There is no such secret, or it has no value.
        HostError: A file cannot be written.
    """
    found: list[tuple[Path, bytes]] = []
    free = number_layers(config)
    for place, disk in enumerate(config.disks, start=1):
        found += _files(engine, disk, image_number(disk, place), free, folder)
    await _write(engine, found)


async def give_disk_keys(engine: Engine, disk: Disk, folder: Path) -> None:
    """Write the secrets of one disk's images, which have their numbers; errors as `give_keys`."""
    await _write(engine, _files(engine, disk, disk.source.index or 0, iter(()), folder))


async def give_image_keys(engine: Engine, disk: Disk, image: Image, folder: Path) -> None:
    """Write the secrets of one image of a disk, as far as they are not there.

    Raises:
        ConfigError: There is no such secret, or it has no value.
        HostError: A file cannot be written.
    """
    found = [(folder / key.name, _value(engine, disk, key)) for key in _keys(image)]
    await _write(engine, [each for each in found if not each[0].exists()])


def key_files(folder: Path, number: int) -> list[Path]:
    """The files with the secrets of an image, by its number; each has its object's name."""
    return list(folder.glob(f"libvirt-{number}-*-secret0"))


def numbers_of_keys(folder: Path) -> set[int]:
    """The numbers of all images that have files with secrets."""
    found = (_FILE.fullmatch(path.name) for path in folder.iterdir())
    return {int(each[1]) for each in found if each}


def _files(
    engine: Engine, disk: Disk, number: int, free: Iterator[int], folder: Path
) -> list[tuple[Path, bytes]]:
    if not has_medium(disk):
        return []
    return [
        (folder / key.name, _value(engine, disk, key))
        for image in chain_of(disk, number, free)
        for key in _keys(image)
    ]


async def _write(engine: Engine, files: list[tuple[Path, bytes]]) -> None:
    if files:
        await to_thread.run_sync(_write_all, files, engine.settings.owner)


def _keys(image: Image) -> Iterator[_Key]:
    auth, encryption = image.auth, image.encryption
    name = auth_secret(image)
    if auth is not None and name is not None:
        # also for Ceph as it is: QEMU itself writes it in base64 (qemu_rbd_set_auth)
        yield _Key(name, auth.type or "", auth.secret_uuid, auth.secret_usage)
    name = key_secret(image)
    if encryption is not None and name is not None:
        secret = encryption.secret
        yield _Key(name, "volume", secret.uuid, secret.usage)
    name = cookie_secret(image)
    if name is not None:
        cookies = "; ".join(f"{each.name}={each.value}" for each in image.source.cookies.cookies)
        yield _Key(name, "", value=cookies.encode())


def _value(engine: Engine, disk: Disk, key: _Key) -> bytes:
    if key.value is not None:
        return key.value
    found = engine.secret_of(key.uuid, key.usage, key.id)
    if found is None:
        raise _missing(disk, key)
    return found.reveal()


def _missing(disk: Disk, key: _Key) -> XMLError:
    named = key.uuid or f"for the {key.usage} {key.id!r}"
    return StorageEncryption.secret.error(
        disk.source, f"the secret {named} of disk {disk.target.dev} has no value on this host"
    )


def _write_all(files: list[tuple[Path, bytes]], owner: Owner | None) -> None:
    for path, data in files:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            handle = os.open(path, flags, 0o600)
            with os.fdopen(handle, "wb") as file:
                if owner is not None:
                    os.fchown(file.fileno(), owner.uid, owner.gid)
                file.write(data)
        except OSError as error:
            raise host_error(error, f"cannot write {path}") from error
