"""The root folder of an embedded driver: who holds it, and where everything lies in it.

lock                      held (flock) by the process that has the root open
config/NAME.xml           the definition of a persistent domain
config/autostart/NAME     there if the domain starts with the host
run/autostarted           after which boot of the host all that starts with it was tried
run/UUID/                 a running domain: its monitor, pidfile and status; 0700
run/UUID/qemu/            what QEMU itself writes there; 0700, its account's own
log/NAME.log              what each start was, and what QEMU said
cache/                    what is known of QEMU binaries
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
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

__all__ = ["Root", "hold", "remove_run_folder"]

log = logging.getLogger("aiovirt.qemu")

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
            await remove_durably(self.autostart / name)
            await remove_durably(self._definition(name))

    async def set_autostart(self, name: str, *, autostart: bool) -> None:
        """Set or remove the mark; it survives power loss once this returns."""
        if autostart:
            await write_atomically(self.autostart / name, b"")
        else:
            await remove_durably(self.autostart / name)

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
