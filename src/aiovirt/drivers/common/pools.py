"""What storage pools of all drivers have in common that keep pools themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, TypeVar
from uuid import UUID

from aiovirt.config import StoragePoolConfig
from aiovirt.drivers.common.managed import FILTERS, Managed, choose
from aiovirt.drivers.common.shelf import Shelf
from aiovirt.errors import NotFound
from aiovirt.interfaces import StoragePools, immediate, refuse_flags
from aiovirt.model.constants import ConnectListAllStoragePoolsFlags
from aiovirt.model.keys import StoragePoolKey, StorageVolumeKey
from aiovirt.model.storage import StoragePoolInfo, StoragePoolRecord
from aiovirt.model.units import Bytes

__all__ = ["ManagedPool", "PoolFacts"]

V = TypeVar("V")

_KINDS: Final = {
    flag: (flag.name or "").lower().replace("_", "-")
    for flag in ConnectListAllStoragePoolsFlags
    if not flag & FILTERS
}
"""Flags of listing -> the type of pool that each asks for."""


@dataclass(eq=False)
class ManagedPool(Managed[StoragePoolConfig], Generic[V]):
    """One pool.

    Attributes:
        volumes: What is in it, by name.
    """

    volumes: dict[str, V] = field(default_factory=dict)

    @property
    def key(self) -> StoragePoolKey:
        """UUID and name."""
        return StoragePoolKey(self.uuid, self.name)

    @property
    def kind(self) -> str:
        """Its type."""
        return self.current().type or "dir"

    def info(self) -> StoragePoolInfo:
        """State and room."""
        raise NotImplementedError

    def record(self) -> StoragePoolRecord:
        """What lists tell of it."""
        return StoragePoolRecord(self.key, self.info(), self.persistent, self.autostart)

    def shown(self, *, inactive: bool = False) -> StoragePoolConfig:
        """A copy of its configuration, with the room of this moment."""
        config, info = self.current(inactive=inactive).copy(), self.info()
        config.capacity = Bytes(info.capacity)
        config.allocation = Bytes(info.allocation)
        config.available = Bytes(info.available)
        return config

    def find(self, name: str) -> V:
        """The volume of that name.

        Raises:
            InvalidState: The pool is not active.
            NotFound: There is none.
        """
        self.check_active()
        if name not in self.volumes:
            raise NotFound(f"pool {self.name!r} has no volume {name!r}")
        return self.volumes[name]


P = TypeVar("P", bound=ManagedPool[Any])


class PoolFacts(StoragePools, Generic[P]):
    """The part of `StoragePools` that only looks.

    Attributes:
        shelf: The pools of the host.
    """

    shelf: Shelf[P]

    def of(self, pool: StoragePoolKey) -> P:
        """The pool of a key.

        Raises:
            NotFound: It is not there.
        """
        return self.shelf.by_uuid(pool.uuid, pool.name)

    def _chosen(self, flags: int, **asked: bool | None) -> list[P]:
        refuse_flags(self.driver_name, "StoragePools.keys", flags, FILTERS | sum(_KINDS))
        kinds = {kind for flag, kind in _KINDS.items() if flags & flag}
        found = choose(self.shelf, flags=flags & FILTERS, **asked)
        return [pool for pool in found if not kinds or pool.kind in kinds]

    @immediate
    async def keys(
        self,
        *,
        active: bool | None = None,
        persistent: bool | None = None,
        autostart: bool | None = None,
        flags: ConnectListAllStoragePoolsFlags | Literal[0] = 0,
    ) -> Sequence[StoragePoolKey]:
        """See `StoragePools.keys`."""
        found = self._chosen(flags, active=active, persistent=persistent, autostart=autostart)
        return [pool.key for pool in found]

    @immediate
    async def records(
        self, *, flags: ConnectListAllStoragePoolsFlags | Literal[0] = 0
    ) -> Sequence[StoragePoolRecord]:
        """See `StoragePools.records`."""
        return [pool.record() for pool in self._chosen(flags)]

    @immediate
    async def record(self, pool: StoragePoolKey) -> StoragePoolRecord:
        """See `StoragePools.record`."""
        return self.of(pool).record()

    @immediate
    async def find_by_name(self, name: str) -> StoragePoolKey:
        """See `StoragePools.find_by_name`."""
        return self.shelf.by_name(name).key

    @immediate
    async def find_by_uuid(self, uuid: UUID) -> StoragePoolKey:
        """See `StoragePools.find_by_uuid`."""
        return self.shelf.by_uuid(uuid).key

    @immediate
    async def find_by_volume(self, volume: StorageVolumeKey) -> StoragePoolKey:
        """See `StoragePools.find_by_volume`."""
        return self.shelf.by_name(volume.pool).key

    @immediate
    async def find_by_target_path(self, path: str) -> StoragePoolKey:
        """See `StoragePools.find_by_target_path`."""
        for pool in self.shelf:
            if pool.live is not None and pool.live.path == path.rstrip("/"):
                return pool.key
        raise NotFound(f"no active storage pool has the target path {path!r}")

    @immediate
    async def info(self, pool: StoragePoolKey) -> StoragePoolInfo:
        """See `StoragePools.info`."""
        return self.of(pool).info()

    @immediate
    async def config(self, pool: StoragePoolKey, *, inactive: bool = False) -> StoragePoolConfig:
        """See `StoragePools.config`."""
        return self.of(pool).shown(inactive=inactive)

    @immediate
    async def is_active(self, pool: StoragePoolKey) -> bool:
        """See `StoragePools.is_active`."""
        return self.of(pool).active

    @immediate
    async def is_persistent(self, pool: StoragePoolKey) -> bool:
        """See `StoragePools.is_persistent`."""
        return self.of(pool).persistent

    @immediate
    async def autostart(self, pool: StoragePoolKey) -> bool:
        """See `StoragePools.autostart`."""
        return self.of(pool).autostart
