"""The pools of a host, and what is kept of them below the root.

pools/NAME.xml           the definition of a persistent pool
pools/autostart/NAME     there if it starts with the host
pools/active/NAME.xml    the configuration of a pool that is active
pools/active/boot        since which boot of the host those are: after another none is
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE
from typing import Final
from uuid import uuid4

from anyio import to_thread

from aiovirt.config import StoragePoolConfig
from aiovirt.config.storage import StoragePermissions
from aiovirt.config.storage.sources import say_source
from aiovirt.drivers.common.pools import ManagedPool
from aiovirt.drivers.common.shelf import Shelf
from aiovirt.drivers.qemu.storage.volumes import Volume, scan
from aiovirt.errors import (
    AiovirtError,
    AlreadyExists,
    ConfigError,
    NotFound,
    Unsupported,
)
from aiovirt.host.files import (
    host_error,
    make_private_folder,
    remove_durably,
    remove_leftovers,
    write_atomically,
)
from aiovirt.model.keys import StorageVolumeKey
from aiovirt.model.storage import PoolState, StoragePoolInfo
from aiovirt.processes import boot_id

__all__ = ["Pool", "Pools"]

log = logging.getLogger("aiovirt.qemu")

_KINDS: Final = ("dir",)


@dataclass(eq=False)
class Pool(ManagedPool[Volume]):
    """One pool; its volumes are as they were when they were looked at last."""

    @property
    def folder(self) -> Path:
        """Where its volumes are."""
        return Path(self.current().path or "")

    def key_of(self, volume: Volume) -> StorageVolumeKey:
        """A volume's key."""
        return StorageVolumeKey(self.name, volume.name, str(volume.path))

    def info(self) -> StoragePoolInfo:
        """State and room."""
        if not self.active:
            return StoragePoolInfo(PoolState.INACTIVE, 0, 0, 0)
        try:
            room = os.statvfs(self.folder)
        except OSError:
            return StoragePoolInfo(PoolState.INACCESSIBLE, 0, 0, 0)
        capacity, free = room.f_blocks * room.f_frsize, room.f_bfree * room.f_frsize
        return StoragePoolInfo(PoolState.RUNNING, capacity, capacity - free, free)

    def shown(self, *, inactive: bool = False) -> StoragePoolConfig:
        """A copy of its configuration, with its room and its folder's permissions."""
        config = super().shown(inactive=inactive)
        say_source(config)
        if self.active:
            self._say_permissions(config)
        return config

    def _say_permissions(self, config: StoragePoolConfig) -> None:
        """Write down what the folder's are, if it is still there."""
        with suppress(OSError):
            found = self.folder.stat()
            config.target.permissions = StoragePermissions(
                mode=S_IMODE(found.st_mode), owner=found.st_uid, group=found.st_gid
            )


class Pools:
    """All pools of a host.

    Args:
        folder: Where they are kept.

    Attributes:
        shelf: Where to find them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._autostart = folder / "autostart"
        self._active = folder / "active"
        self.shelf: Shelf[Pool] = Shelf("storage pool")
        self._loaded = False

    async def load(self, *, start: bool = True) -> None:
        """Read what is kept, and start what starts with the host, if `start`; once."""
        if self._loaded:
            return
        self._loaded = True
        if not self._folder.exists():
            return
        for folder in (self._folder, self._autostart, self._active):
            make_private_folder(folder)
            remove_leftovers(folder)
        for pool, config in self._read(self._folder):
            pool.definition = config
            pool.autostart = (self._autostart / pool.name).exists()
        if not start:
            return
        if _same_boot(self._active / "boot"):
            for pool, config in self._read(self._active):
                await self._revive(pool, config)
        else:
            for path in self._active.glob("*.xml"):
                path.unlink(missing_ok=True)
            for pool in self.shelf:
                if pool.autostart:
                    await self._revive(pool, pool.current())

    def _read(self, folder: Path) -> Iterator[tuple[Pool, StoragePoolConfig]]:
        """The configurations in a folder, each with its pool."""
        for path in sorted(folder.glob("*.xml")):
            try:
                config = StoragePoolConfig.parse(path.read_bytes())
                pool = self._place(config)
            except (AiovirtError, OSError) as error:
                log.warning("%s is left aside: %s", path, error)
            else:
                yield pool, config

    def _place(self, config: StoragePoolConfig) -> Pool:
        """The pool of a configuration; a new one if it is not there.

        Raises:
            AlreadyExists: Its name or its UUID is that of another.
        """
        pool = self.shelf.existing(config.uuid, config.name or "")
        if pool is None:
            pool = Pool("storage pool", config.name or "", config.uuid or uuid4())
            self.shelf.add(pool)
        return pool

    async def _revive(self, pool: Pool, config: StoragePoolConfig) -> None:
        try:
            await self.start(pool, config)
        except AiovirtError as error:
            log.warning("pool %s does not start: %s", pool.name, error)
            self.forget(pool)

    def by_path(self, path: str) -> tuple[Pool, Volume]:
        """The volume of that path, with its pool.

        Raises:
            NotFound: There is none.
        """
        for pool in self.shelf:
            for volume in pool.volumes.values() if pool.active else ():
                if str(volume.path) == path:
                    return pool, volume
        raise NotFound(f"there is no storage volume {path}")

    def volume(self, key: StorageVolumeKey) -> tuple[Pool, Volume]:
        """A volume, with its pool.

        Raises:
            NotFound: It is not there.
        """
        pool = self.shelf.by_name(key.pool)
        return pool, pool.find(key.name)

    # --- changes --------------------------------------------------------------------------------

    def checked(self, config: StoragePoolConfig) -> StoragePoolConfig:
        """A copy of a configuration, with its UUID.

        Raises:
            ConfigError: Something in it is wrong.
            Unsupported: The driver has no pools of its type.
            AlreadyExists: Another pool has its name or its folder.
        """
        config.check()
        config = config.copy()
        if config.type not in _KINDS:
            raise Unsupported("QEMU", f"storage pools of type {config.type}")
        if not config.name or not config.path:
            raise ConfigError("a pool needs a name and a folder", field="pool/target/path")
        there = self.shelf.existing(config.uuid, config.name)
        config.uuid = config.uuid or (there.uuid if there is not None else uuid4())
        for pool in self.shelf:
            if pool is not there and pool.current().path == config.path:
                raise AlreadyExists(f"pool {pool.name!r} has the folder {config.path} already")
        return config

    async def define(self, config: StoragePoolConfig) -> Pool:
        """Keep a definition; errors as `checked`."""
        config = self.checked(config)
        self._make_folders()
        path = self._folder / f"{config.name}.xml"
        await write_atomically(path, config.to_xml(secure=True).encode())
        pool = self._place(config)
        pool.definition = config
        return pool

    def _make_folders(self) -> None:
        for folder in (self._folder, self._autostart, self._active):
            make_private_folder(folder)

    async def undefine(self, pool: Pool) -> None:
        """Forget a definition."""
        await remove_durably(self._autostart / pool.name)
        await remove_durably(self._folder / f"{pool.name}.xml")
        pool.definition = None
        pool.autostart = False
        self.forget(pool)

    async def create(self, config: StoragePoolConfig) -> Pool:
        """A pool without definition, not active yet."""
        pool = self._place(self.checked(config))
        if pool.active:
            raise AlreadyExists(f"pool {pool.name!r} is active already")
        return pool

    def forget(self, pool: Pool) -> None:
        """Forget a pool that is neither active nor defined."""
        if not pool.active and not pool.persistent:
            self.shelf.remove(pool)

    async def start(self, pool: Pool, config: StoragePoolConfig) -> None:
        """Make a pool active: its volumes are looked for.

        Raises:
            HostError: Its folder cannot be read.
        """
        volumes = await to_thread.run_sync(scan, Path(config.path or ""))
        self._make_folders()
        await write_atomically(self._active / "boot", boot_id().encode(), durable=False)
        text = config.to_xml(secure=True).encode()
        await write_atomically(self._active / f"{pool.name}.xml", text, durable=False)
        pool.live, pool.volumes = config.copy(), volumes

    async def stop(self, pool: Pool) -> None:
        """Make a pool inactive."""
        (self._active / f"{pool.name}.xml").unlink(missing_ok=True)
        pool.live, pool.volumes = None, {}
        self.forget(pool)

    async def refresh(self, pool: Pool) -> None:
        """Look anew at which volumes there are."""
        pool.check_active()
        pool.volumes = await to_thread.run_sync(scan, pool.folder)

    async def set_autostart(self, pool: Pool, *, autostart: bool) -> None:
        """Say whether it starts with the host."""
        self._make_folders()
        mark = self._autostart / pool.name
        if autostart:
            await write_atomically(mark, b"")
        else:
            await remove_durably(mark)
        pool.autostart = autostart


def _same_boot(path: Path) -> bool:
    try:
        return path.read_bytes() == boot_id().encode()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise host_error(error, f"cannot read {path}") from error
