"""The root folder of an embedded driver: who holds it, and where everything lies in it.

lock                      held (flock) by the process that has the root open
config/NAME.xml           the definition of a persistent domain
config/autostart/NAME     there if the domain starts with the host
config/autostart/.NAME.once     there if it does so the next time only
config/autostart/.NAME.renamed  the old name of a domain that is just being renamed
run/autostarted           after which boot of the host all that starts with it was tried
run/UUID/                 a running domain: its monitor, pidfile and status; 0700
run/UUID/qemu/            what QEMU itself writes there; 0700, its account's own
log/NAME.log              what each start was, and what QEMU said
cache/                    what is known of QEMU binaries
save/UUID.save            the memory of a domain that its next start goes on from
snapshots/UUID/NAME.xml   what is known of a snapshot; `current` beside them names one
checkpoints/UUID/NAME.xml what is known of a checkpoint
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import shutil
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal, TypeAlias
from uuid import UUID

import anyio

from aiovirt.config import DomainConfig
from aiovirt.errors import Busy, ConfigError
from aiovirt.host.files import (
    host_error,
    make_folder,
    make_private_folder,
    remove_durably,
    remove_leftovers,
    write_atomically,
)

__all__ = ["Points", "Root", "hold", "remove_run_folder"]

Points: TypeAlias = Literal["snapshots", "checkpoints"]
"""What a domain may have several of, each with a record of its own."""

log = logging.getLogger("aiovirt.qemu")

_POINTS: tuple[Points, ...] = ("snapshots", "checkpoints")
_RENAMED = ".renamed"
_LOCK_TRIES = 20
_LOCK_PAUSE_S = 0.05
_NAME = re.compile(r"[^./\0][^/\0]*")
_LONGEST_NAME = 200  # bytes; file systems allow 255 for name, suffix and a temporary's prefix


class Root:
    """The files of a root. Methods that write say whether they are safe against power loss.

    Args:
        path: The folder.
        shared: Whether QEMU runs as somebody else, who must get at its own folder below `run`:
            then the folders on the way let everybody through.
    """

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        self.path = path
        self.lock = path / "lock"
        self.shared = shared
        self.definitions = path / "config"
        self.autostart = self.definitions / "autostart"
        self.run = path / "run"
        self.autostarted = self.run / "autostarted"
        self.logs = path / "log"
        self.cache = path / "cache"
        self.saves = path / "save"

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            ConfigError: The folder has others of these names: it is `/var`, or the like.
            HostError: The root cannot be made or written.
        """
        make_folder(self.path, passable=self.shared)
        self._claim()
        make_private_folder(self.run, passable=self.shared)
        for folder in (self.definitions, self.autostart, self.logs, self.cache):
            make_private_folder(folder)

    def _claim(self) -> None:
        """Mark the folder as a root, before there is anything else in it."""
        if not self.lock.exists():
            for folder in (self.run, self.definitions, self.logs, self.cache):
                if folder.exists():
                    raise ConfigError(
                        f"{self.path} is no root of this driver: it has another {folder.name!r}",
                        field="root",
                        hint="name a folder that is empty or not there yet",
                    )
        os.close(_open_lock(self.lock))

    # --- definitions --------------------------------------------------------------------------

    def definitions_there(self) -> list[Path]:
        """The files of all definitions, damaged ones too; each bears its domain's name."""
        return sorted(self.definitions.glob("*.xml"))

    def load_definition(self, path: Path) -> tuple[DomainConfig, bool]:
        """A definition, and whether it starts with the host.

        Raises:
            ConfigError: The file was damaged by somebody.
            HostError: It cannot be read.
        """
        try:
            config = DomainConfig.parse(path.read_bytes())
        except OSError as error:
            raise host_error(error, f"cannot read {path}") from error
        # The bytes: the locale of whoever opens the root may be another than the writer's.
        if (config.name or "").encode() != os.fsencode(path.stem):
            raise ConfigError(
                f"it defines domain {config.name!r}",
                field="domain/name",
                hint="a definition bears its domain's name: rename or remove this file",
            )
        return config, (self.autostart / path.stem).exists()

    async def save_definition(self, config: DomainConfig) -> None:
        """Write a definition; it survives power loss once this returns.

        Raises:
            ConfigError: The name cannot be a file's.
            HostError: The disk is full or the folder not writable; the old one stands.
        """
        path = self._definition(_name_of(config))
        await write_atomically(path, config.to_xml(secure=True).encode())

    async def remove_definition(self, name: str) -> None:
        """Remove a definition and its autostart mark, for good.

        Cancellation: waits until both are gone.
        """
        with anyio.CancelScope(shield=True):
            for mark in (self.autostart / name, self._once(name)):
                if mark.exists():
                    await remove_durably(mark)
            await remove_durably(self._definition(name))

    async def set_autostart(self, name: str, *, autostart: bool) -> None:
        """Set or remove the mark; it survives power loss once this returns."""
        if autostart:
            await write_atomically(self.autostart / name, b"")
        else:
            await remove_durably(self.autostart / name)

    async def set_autostart_once(self, name: str, *, autostart: bool) -> None:
        """Set or remove the mark of the next time; as `set_autostart`."""
        if autostart:
            await write_atomically(self._once(name), b"")
        else:
            await remove_durably(self._once(name))

    def starts_once(self, name: str) -> bool:
        """Whether the domain starts with the host the next time only."""
        return self._once(name).exists()

    async def rename_definition(self, config: DomainConfig, old: str) -> None:
        """Write a definition under its new name, and take the old one away.

        A note says so meanwhile: `finish_renaming` does the rest, were this cut off.
        """
        name = _name_of(config)
        note = self.autostart / f".{name}{_RENAMED}"
        with anyio.CancelScope(shield=True):
            await write_atomically(note, old.encode())
            await self.save_definition(config)
            self._finish(name, old)
            await remove_durably(note)

    def finish_renaming(self) -> None:
        """Take away the old names of definitions whose renaming was cut off.

        Raises:
            HostError: A file cannot be read or removed.
        """
        for note in self.autostart.glob(f".*{_RENAMED}"):
            name = note.name[1:].removesuffix(_RENAMED)
            try:
                if self._definition(name).exists():
                    self._finish(name, note.read_bytes().decode())
                note.unlink()
            except OSError as error:
                raise host_error(error, f"cannot finish the renaming of domain {name!r}") from error

    def _finish(self, name: str, old: str) -> None:
        for mark, new in (
            (self.autostart / old, self.autostart / name),
            (self._once(old), self._once(name)),
        ):
            if mark.exists():
                mark.replace(new)
        self._definition(old).unlink(missing_ok=True)

    def _once(self, name: str) -> Path:
        return self.autostart / f".{name}.once"

    def _definition(self, name: str) -> Path:
        return self.definitions / f"{name}.xml"

    def has_autostarted(self, boot: str) -> bool:
        """Whether all that starts with the host was tried since the host's boot of that id.

        Raises:
            HostError: The mark cannot be read.
        """
        try:
            return self.autostarted.read_bytes() == boot.encode()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise host_error(error, f"cannot read {self.autostarted}") from error

    async def mark_autostarted(self, boot: str) -> None:
        """Note that all that starts with the host was tried.

        Raises:
            HostError: The disk is full, or the folder not writable.
        """
        await write_atomically(self.autostarted, boot.encode(), durable=False)

    # --- running domains ----------------------------------------------------------------------

    def run_folder(self, uuid: UUID) -> Path:
        """The folder of a running domain."""
        return self.run / str(uuid)

    def run_folders(self) -> list[Path]:
        """The folders of domains that run, or ran when the last process ended."""
        return sorted(path for path in self.run.iterdir() if path.is_dir())

    # --- what outlives a run --------------------------------------------------------------------

    def managed_save(self, uuid: UUID) -> Path:
        """The file with the memory of a domain that its next start goes on from."""
        return self.saves / f"{uuid}.save"

    def points(self, kind: Points, uuid: UUID) -> Path:
        """The folder of the records of a domain's snapshots or checkpoints."""
        return self.path / kind / str(uuid)

    def has_points(self, kind: Points, uuid: UUID) -> bool:
        """Whether a domain has snapshots or checkpoints."""
        return next(self.points(kind, uuid).glob("*.xml"), None) is not None

    def remove_points(self, uuid: UUID) -> None:
        """Remove the records of a domain that is gone: of its snapshots, and of its checkpoints."""
        for kind in _POINTS:
            shutil.rmtree(self.points(kind, uuid), ignore_errors=True)

    def remove_orphans(self, known: Collection[UUID]) -> None:
        """Remove what outlived domains that are gone: they were being undefined, and it was next.

        Args:
            known: The domains that are there; those that have a folder of a run are, too.
        """
        names = {str(uuid) for uuid in known} | {folder.name for folder in self.run_folders()}
        for kind in _POINTS:
            for folder in (self.path / kind).glob("*"):
                if folder.name not in names:
                    shutil.rmtree(folder, ignore_errors=True)
        for save in self.saves.glob("*.save"):
            if save.stem not in names:
                save.unlink(missing_ok=True)

    def log(self, name: str) -> Path:
        """The log of a domain."""
        return self.logs / f"{name}.log"


def _name_of(config: DomainConfig) -> str:
    """The name, if it can be a file's."""
    name = config.name or ""
    if not _NAME.fullmatch(name) or len(name.encode()) > _LONGEST_NAME:
        raise ConfigError(
            f"{name!r} cannot be the name of a domain here",
            field="domain/name",
            hint=f"1 to {_LONGEST_NAME} bytes, without '/', not beginning with '.'",
        )
    return name


def remove_run_folder(path: Path) -> None:
    """Remove the folder of a domain that stopped. Doing it twice is no error.

    What cannot be removed (somebody mounted something in it) is logged and stays.
    """
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except (OSError, RecursionError) as error:  # QEMU may have nested folders without end
        log.warning("cannot remove %s: %s", path, error)


@asynccontextmanager
async def hold(root: Root) -> AsyncIterator[None]:
    """Hold a root for the length of the block: no other process can.

    A lock of a process that was just killed may live on for a moment in a child that is about
    to close it, so a held lock is tried again for a second.

    Raises:
        Busy: Another process has it open; the text says which.
        HostError: The root cannot be made or written.
    """
    root.prepare()
    lock = _open_lock(root.lock)
    try:
        for _ in range(_LOCK_TRIES):
            if _try_lock(lock):
                break
            await anyio.sleep(_LOCK_PAUSE_S)
        else:
            holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            who = "this" if holder == str(os.getpid()) else "another"
            raise Busy(
                f"{who} process (pid {holder}) has {root.path} open",
                hint="a root is open once at a time: close it there, or use another root",
            )
        with suppress(OSError):  # only for messages: a full disk keeps nobody from its guests
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        for folder in (root.definitions, root.autostart, root.run):
            remove_leftovers(folder)
        yield
    finally:
        os.close(lock)


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise host_error(error, f"cannot open {path}") from error


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
