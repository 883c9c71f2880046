"""One storage pool of the in-memory host: what it is, and what it is made of. State only."""

from __future__ import annotations

from dataclasses import dataclass
from posixpath import normpath

from aiovirt.config import StoragePoolConfig
from aiovirt.drivers.common.pools import ManagedPool
from aiovirt.drivers.test.resources.volumes import MemoryVolume
from aiovirt.errors import ResourceUnavailable
from aiovirt.model.storage import PoolState, StoragePoolInfo
from aiovirt.model.units import GiB

__all__ = ["CAPACITY", "FIXED", "FOLDERS", "SERVERS", "MemoryPool", "place_of"]

CAPACITY = GiB(100)
"""What each pool can hold (libvirt's own test driver has as much)."""

FOLDERS = ("dir", "fs", "netfs", "vstorage")
SERVERS = ("rbd", "sheepdog", "gluster", "iscsi-direct")
FIXED = ("iscsi", "iscsi-direct", "scsi", "mpath")
"""Types whose volumes are made elsewhere, not through the pool."""


@dataclass(eq=False)
class MemoryPool(ManagedPool[MemoryVolume]):
    """One pool; its volumes are the same object as long as it is made of the same."""

    @property
    def allocation(self) -> int:
        """What its volumes take, in bytes."""
        return sum(volume.allocation for volume in self.volumes.values())

    def info(self) -> StoragePoolInfo:
        """State and room."""
        if not self.active:
            return StoragePoolInfo(PoolState.INACTIVE, 0, 0, 0)
        used = self.allocation
        return StoragePoolInfo(PoolState.RUNNING, CAPACITY, used, max(CAPACITY - used, 0))

    def path_of(self, name: str) -> str:
        """Where a volume of that name is."""
        config = self.current()
        source = config.source
        if self.kind == "gluster":
            host = next((each.name for each in source.hosts), None)
            return f"gluster://{host}/{source.name}{source.dir or ''}/{name}"
        if self.kind in SERVERS:
            return f"{source.name or self.name}/{name}"
        return f"{normpath(config.path or f'/dev/{source.name or self.name}')}/{name}"

    def check_room(self, more: int) -> None:
        """See that it has so much room.

        Raises:
            ResourceUnavailable: It has not.
        """
        if more > self.info().available:
            raise ResourceUnavailable(
                f"not enough free space in pool {self.name!r} for {more} bytes"
            )


def place_of(config: StoragePoolConfig) -> tuple[str, ...]:
    """What a pool is made of, for comparing."""
    source = config.source
    if config.type in {"dir", "fs"} and config.path:
        return (normpath(config.path),)
    hosts = (f"{each.name}:{each.port}" for each in source.hosts)
    devices = (each.path or "" for each in source.devices)
    adapter = f"{source.adapter.name} {source.adapter.wwpn}" if source.adapter else ""
    named = source.name or (config.name or "" if config.type == "logical" else "")
    return (config.type or "", *hosts, *devices, source.dir or "", named, adapter)
