"""Older forms of operations on storage and secrets, for peers that know no others."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.keys import StoragePoolKey, StorageVolumeKey
from aiovirt.model.storage import StorageVolumeInfo

__all__ = ["LegacyStorage"]


class LegacyStorage(Ability):
    """What libvirt had before it could list with filters, and had flags everywhere."""

    @operation
    async def count_pools(self) -> int:
        """How many active pools there are."""
        raise NotImplementedError

    @operation
    async def pool_names(self, most: int) -> Sequence[str]:
        """The names of the active pools, `most` at most."""
        raise NotImplementedError

    @operation
    async def count_defined_pools(self) -> int:
        """How many inactive pools there are."""
        raise NotImplementedError

    @operation
    async def defined_pool_names(self, most: int) -> Sequence[str]:
        """The names of the inactive pools, `most` at most."""
        raise NotImplementedError

    @operation
    async def count_volumes(self, pool: StoragePoolKey) -> int:
        """How many volumes an active pool has."""
        raise NotImplementedError

    @operation
    async def volume_names(self, pool: StoragePoolKey, most: int) -> Sequence[str]:
        """The names of the volumes of an active pool, `most` at most."""
        raise NotImplementedError

    @operation
    async def volume_info(self, volume: StorageVolumeKey) -> StorageVolumeInfo:
        """Type and sizes of a volume."""
        raise NotImplementedError

    @operation
    async def wipe(self, volume: StorageVolumeKey) -> None:
        """Overwrite all data of a volume with zeros."""
        raise NotImplementedError

    @operation
    async def count_secrets(self) -> int:
        """How many secrets there are."""
        raise NotImplementedError

    @operation
    async def secret_uuids(self, most: int) -> Sequence[UUID]:
        """The UUIDs of the secrets, `most` at most."""
        raise NotImplementedError
