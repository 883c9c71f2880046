"""Looking at the files a guest needs before anything is made for it.

QEMU would find the same faults, but late and in words that do not say which element is meant.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from aiovirt.config import (
    CharacterDevice,
    Disk,
    DomainConfig,
    Loader,
    Nvram,
    OperatingSystem,
    RngBackend,
)
from aiovirt.drivers.qemu.argv.access import Account, account_of
from aiovirt.drivers.qemu.argv.storage.images import layers_of
from aiovirt.drivers.qemu.argv.unserved import refuse_unserved
from aiovirt.errors import PermissionDenied, XMLError

__all__ = ["files_of", "preflight"]


class _File(NamedTuple):
    """A file that must be there.

    Attributes:
        path: Where.
        what: What it is for, in an error.
        error: Makes the error that names the element.
        block: Whether it must be a block device; None when anything readable will do.
        write: Whether it is written to as well.
    """

    path: str
    what: str
    error: Callable[..., XMLError]
    block: bool | None = False
    write: bool = False


def preflight(config: DomainConfig, *, user: str | None = None, folder: Path | None = None) -> None:
    """See that every file the guest needs is there and may be used.

    Args:
        config: A completed configuration.
        user: Whom QEMU will run as, or None for us.
        folder: The folder QEMU will run in, which he must get at; it need not be there yet.

    Raises:
        XMLError: A file is not there, or is of the wrong kind; it names element and path.
            Or the guest wants what the driver does not do on the host.
        PermissionDenied: It may not be read, or written where the guest writes; or he may not
            enter a folder above the one QEMU will run in.
        ConfigError: There is no such user.
    """
    refuse_unserved(config)
    account = account_of(user)
    kept_from = account.kept_from(folder) if folder else None
    if kept_from:
        raise PermissionDenied(
            f"QEMU cannot run in {folder}: {account.name} {kept_from}",
            hint="let everybody pass that folder (chmod o+x), or use a root somewhere else",
        )
    for file in files_of(config):
        _check(file, account)


def files_of(config: DomainConfig) -> Iterator[_File]:
    """The files that a guest uses, with what each is for."""
    yield from _boot_files(config.os)
    for disk in config.disks:
        yield from _disk_files(disk)
    for rng in config.rngs:
        backend = rng.backend
        if backend.model == "random" and backend.path:
            error = _bound(RngBackend.path.error, backend)
            yield _File(backend.path.strip(), "the source of random numbers", error, None)
    for port in (*config.serials, *config.consoles, *config.channels):
        yield from _character_files(port)


def _bound(error: Callable[..., XMLError], view: object) -> Callable[..., XMLError]:
    return lambda message, **more: error(view, message, **more)


def _boot_files(system: OperatingSystem) -> Iterator[_File]:
    for field in (OperatingSystem.kernel, OperatingSystem.initrd, OperatingSystem.dtb):
        path = getattr(system, field.name)
        if path:
            yield _File(path, f"the {field.name}", _bound(field.error, system))
    if system.loader.path:
        error = _bound(Loader.path.error, system.loader)
        yield _File(system.loader.path, "the firmware", error)
    if system.nvram.path and system.loader.type == "pflash":
        yield _variables(system.nvram, system.nvram.path)


def _variables(nvram: Nvram, path: str) -> _File:
    """The file of the variables, or until there is one what it will be made of."""
    if nvram.template and not Path(path).exists():
        error = _bound(Nvram.template.error, nvram)
        return _File(nvram.template, "the template of the firmware's variables", error)
    error = _bound(Nvram.path.error, nvram)
    return _File(path, "the firmware's variables", error, write=True)


_LOCAL: Final = (None, "file", "block")


def _disk_files(disk: Disk) -> Iterator[_File]:
    path = disk.path if disk.type in _LOCAL and not disk.source.fdgroup else None
    if path is None or (disk.source.startup_policy == "optional" and not Path(path).exists()):
        return
    what = f"the image of disk {disk.target.dev}"
    # libvirt takes a block device for type='file' as well
    block = True if disk.type == "block" else None
    error = _bound(Disk.source.error, disk)
    yield _File(path, what, error, block=block, write=not disk.readonly)
    for layer in layers_of(disk):
        behind = layer.source.file or layer.source.dev
        if behind and layer.type in _LOCAL and not layer.source.fdgroup:
            what = f"the image {behind} behind that of disk {disk.target.dev}"
            block = True if layer.type == "block" else None
            yield _File(behind, what, _bound(Disk.backing.error, disk), block=block)


_DEVICES: Final = ("dev", "pipe")


def _character_files(device: CharacterDevice) -> Iterator[_File]:
    path = device.source.path
    if path and device.type in _DEVICES:
        error = _bound(CharacterDevice.sources.error, device)
        yield _File(path, f"the host's end of the {device.kind}", error, None, write=True)


def _check(file: _File, account: Account) -> None:
    if not Path(file.path).is_absolute():
        raise file.error(
            f"{file.what} has the relative path {file.path}", expected="an absolute path"
        )
    try:
        found = Path(file.path).stat()
    except FileNotFoundError as error:
        raise file.error(f"{file.what} is not there: {file.path}", hint=_hint(file)) from error
    except OSError as error:
        raise PermissionDenied(f"{file.what}, {file.path}: {error.strerror}") from error
    _check_kind(file, found.st_mode)
    refused = account.refused(Path(file.path), found, write=file.write)
    if refused:
        raise PermissionDenied(
            f"{file.what}, {file.path}: {account.name} {refused}",
            hint="change its owner or mode, or those of the folders above it",
        )


def _check_kind(file: _File, mode: int) -> None:
    if file.block is None:
        if stat.S_ISDIR(mode):
            raise file.error(f"{file.what} is a folder: {file.path}", expected="a file")
        return
    kind = "block device" if file.block else "file"
    right = stat.S_ISBLK(mode) if file.block else stat.S_ISREG(mode)
    if not right:
        raise file.error(f"{file.what} is no {kind}: {file.path}", expected=f"a {kind}")


def _hint(file: _File) -> str:
    if file.what.startswith("the image"):
        return f"make it: qemu-img create -f qcow2 {file.path} 10G"
    return "correct the path, or put the file there"
