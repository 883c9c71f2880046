"""Which storage pools there are: what takes more than one call."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from aiovirt._tasks import gather, open_task_group
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.errors import NotFound
from aiovirt.interfaces import StoragePools
from aiovirt.model.keys import StoragePoolKey
from aiovirt.model.storage import StoragePoolInfo, StoragePoolRecord

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectListAllStoragePoolsFlags

__all__ = ["LibvirtStoragePools"]


class LibvirtStoragePools(LibvirtAbility, StoragePools):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def records(
        self, *, flags: ConnectListAllStoragePoolsFlags | Literal[0] = 0
    ) -> Sequence[StoragePoolRecord]:
        """See `StoragePools.records`."""
        chosen, persistent, automatic = await gather(
            lambda: self.keys(flags=flags),
            lambda: self.keys(persistent=True),
            lambda: self.keys(autostart=True),
        )
        infos: dict[StoragePoolKey, StoragePoolInfo] = {}

        async def ask(key: StoragePoolKey) -> None:
            with suppress(NotFound):  # it is gone meanwhile
                infos[key] = await self.info(key)

        async with open_task_group() as tasks:
            for key in chosen:
                tasks.start_soon(ask, key)
        return [
            StoragePoolRecord(key, infos[key], key in persistent, key in automatic)
            for key in sorted(infos, key=lambda key: key.name)
        ]

    async def record(self, pool: StoragePoolKey) -> StoragePoolRecord:
        """See `StoragePools.record`."""
        info, persistent, autostart = await gather(
            lambda: self.info(pool),
            lambda: self.is_persistent(pool),
            lambda: self.autostart(pool),
        )
        return StoragePoolRecord(pool, info, persistent, autostart)
