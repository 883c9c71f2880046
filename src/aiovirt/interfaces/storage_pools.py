"""Storage pools: where a host keeps the volumes of its guests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.keys import StoragePoolKey, StorageVolumeKey
from aiovirt.model.storage import StoragePoolInfo, StoragePoolRecord

if TYPE_CHECKING:
    from aiovirt.config import StoragePoolConfig, StoragePoolSources
    from aiovirt.config.storage import PoolSource
    from aiovirt.model.constants import (
        ConnectListAllStoragePoolsFlags,
        StoragePoolBuildFlags,
        StoragePoolCreateFlags,
        StoragePoolDefineFlags,
        StoragePoolDeleteFlags,
    )

__all__ = ["StoragePools"]


class StoragePools(Ability):
    """Operations on storage pools; each raises `NotFound` for a pool that is not there."""

    @operation
    async def define(
        self,
        config: StoragePoolConfig,
        *,
        validate: bool = False,
        flags: StoragePoolDefineFlags | Literal[0] = 0,
    ) -> StoragePoolKey:
        """Make a pool persistent, or change the definition of one that is; it is not started.

        Args:
            config: The configuration.
            validate: Refuse what libvirt's grammar does not know.
            flags: libvirt's further flags.

        Raises:
            ConfigError: Something in it is wrong.
            AlreadyExists: The name belongs to another UUID, or another pool has the same source.
        """
        raise NotImplementedError

    @operation
    async def create(
        self,
        config: StoragePoolConfig,
        *,
        build: bool = False,
        overwrite: bool = False,
        no_overwrite: bool = False,
        flags: StoragePoolCreateFlags | Literal[0] = 0,
    ) -> StoragePoolKey:
        """Start a pool without defining it: it is gone when it stops; its volumes stay.

        Args:
            config: The configuration.
            build: Make its folder or file system first.
            overwrite: Likewise, whatever is there.
            no_overwrite: Likewise, unless something is there.
            flags: libvirt's further flags.

        Raises:
            ConfigError: Something in it is wrong.
            AlreadyExists: A pool has its name or its source.
        """
        raise NotImplementedError

    @operation
    async def undefine(self, pool: StoragePoolKey) -> None:
        """Remove an inactive pool's definition; its volumes stay.

        Raises:
            InvalidState: It is active.
        """
        raise NotImplementedError

    @operation
    async def start(
        self,
        pool: StoragePoolKey,
        *,
        build: bool = False,
        overwrite: bool = False,
        no_overwrite: bool = False,
        flags: StoragePoolCreateFlags | Literal[0] = 0,
    ) -> None:
        """Start a defined pool, which finds its volumes.

        Args:
            pool: Which pool.
            build: Make its folder or file system first.
            overwrite: Likewise, whatever is there.
            no_overwrite: Likewise, unless something is there.
            flags: libvirt's further flags.

        Raises:
            InvalidState: It is active already.
        """
        raise NotImplementedError

    @operation
    async def build(
        self,
        pool: StoragePoolKey,
        *,
        overwrite: bool = False,
        no_overwrite: bool = False,
        flags: StoragePoolBuildFlags | Literal[0] = 0,
    ) -> None:
        """Make what an inactive pool needs: its folder, its file system, its volume group.

        Args:
            pool: Which pool.
            overwrite: Whatever is there.
            no_overwrite: Unless something is there.
            flags: libvirt's further flags.

        Raises:
            InvalidState: It is active.
        """
        raise NotImplementedError

    @operation
    async def destroy(self, pool: StoragePoolKey) -> None:
        """Stop a pool; its volumes stay.

        Raises:
            InvalidState: It is not active.
        """
        raise NotImplementedError

    @operation
    async def delete(
        self,
        pool: StoragePoolKey,
        *,
        zeroed: bool = False,
        flags: StoragePoolDeleteFlags | Literal[0] = 0,
    ) -> None:
        """Remove what an inactive pool is made of: its folder, its volume group. This is for good.

        Args:
            pool: Which pool.
            zeroed: Overwrite it first.
            flags: libvirt's further flags.

        Raises:
            InvalidState: It is active.
        """
        raise NotImplementedError

    @operation
    async def refresh(self, pool: StoragePoolKey) -> None:
        """Look anew at which volumes an active pool has.

        Raises:
            InvalidState: It is not active.
        """
        raise NotImplementedError

    @operation
    async def keys(
        self,
        *,
        active: bool | None = None,
        persistent: bool | None = None,
        autostart: bool | None = None,
        flags: ConnectListAllStoragePoolsFlags | Literal[0] = 0,
    ) -> Sequence[StoragePoolKey]:
        """All pools that are what is asked for, in no order.

        Args:
            active: Only active ones, or only others.
            persistent: Only those with a definition, or only others.
            autostart: Only those that start with the daemon, or only others.
            flags: libvirt's: only pools of these types.
        """
        raise NotImplementedError

    @operation
    async def records(
        self, *, flags: ConnectListAllStoragePoolsFlags | Literal[0] = 0
    ) -> Sequence[StoragePoolRecord]:
        """All pools, or those that libvirt's flags choose, sorted by name, with what is known."""
        raise NotImplementedError

    @operation
    async def record(self, pool: StoragePoolKey) -> StoragePoolRecord:
        """One pool's line of the listing."""
        raise NotImplementedError

    @operation
    async def find_by_name(self, name: str) -> StoragePoolKey:
        """The pool of that name."""
        raise NotImplementedError

    @operation
    async def find_by_uuid(self, uuid: UUID) -> StoragePoolKey:
        """The pool of that UUID."""
        raise NotImplementedError

    @operation
    async def find_by_volume(self, volume: StorageVolumeKey) -> StoragePoolKey:
        """The pool that a volume is in."""
        raise NotImplementedError

    @operation
    async def find_by_target_path(self, path: str) -> StoragePoolKey:
        """The pool whose volumes are in that folder of the host."""
        raise NotImplementedError

    @operation
    async def info(self, pool: StoragePoolKey) -> StoragePoolInfo:
        """State and room."""
        raise NotImplementedError

    @operation
    async def config(self, pool: StoragePoolKey, *, inactive: bool = False) -> StoragePoolConfig:
        """A copy of the configuration.

        Args:
            pool: Which pool.
            inactive: The definition even if the pool is active.
        """
        raise NotImplementedError

    @operation
    async def is_active(self, pool: StoragePoolKey) -> bool:
        """Whether its volumes can be used."""
        raise NotImplementedError

    @operation
    async def is_persistent(self, pool: StoragePoolKey) -> bool:
        """Whether it has a definition."""
        raise NotImplementedError

    @operation
    async def autostart(self, pool: StoragePoolKey) -> bool:
        """Whether it starts with the daemon."""
        raise NotImplementedError

    @operation
    async def set_autostart(self, pool: StoragePoolKey, *, autostart: bool) -> None:
        """Let it start with the daemon, or not.

        Raises:
            InvalidState: It has no definition.
        """
        raise NotImplementedError

    @operation
    async def find_sources(
        self, kind: str, *, source: PoolSource | None = None
    ) -> StoragePoolSources:
        """What pools of a type could be made of.

        Args:
            kind: The type, such as ``netfs`` or ``logical``.
            source: Where to look: on which server, for one.

        Raises:
            Unsupported: The host cannot look for pools of this type.
        """
        raise NotImplementedError

    @operation
    async def capabilities(self) -> str:
        """Which types of pools and volumes the host knows, as XML."""
        raise NotImplementedError
