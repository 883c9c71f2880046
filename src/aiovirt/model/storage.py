"""What storage pools and volumes are, what state they are in, and the data that moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import TypeAlias

from aiovirt.model.keys import StoragePoolKey, StorageVolumeKey

__all__ = [
    "Hole",
    "PoolFile",
    "PoolState",
    "Progress",
    "StoragePoolInfo",
    "StoragePoolRecord",
    "StorageVolumeInfo",
    "StorageVolumeRecord",
    "VolumeType",
]


class PoolState(IntEnum):
    """libvirt's `virStoragePoolState`, with its numbers."""

    INACTIVE = 0
    BUILDING = 1
    RUNNING = 2
    DEGRADED = 3
    INACCESSIBLE = 4

    @property
    def label(self) -> str:
        """The word that virsh shows, such as ``running``."""
        return self.name.lower()

    @property
    def active(self) -> bool:
        """Whether its volumes can be used."""
        return self is not PoolState.INACTIVE


class VolumeType(IntEnum):
    """libvirt's `virStorageVolType`, with its numbers."""

    FILE = 0
    BLOCK = 1
    DIR = 2
    NETWORK = 3
    NETDIR = 4
    PLOOP = 5

    @property
    def label(self) -> str:
        """The word that virsh shows, such as ``net-dir``."""
        return "net-dir" if self is VolumeType.NETDIR else self.name.lower()


@dataclass(frozen=True, slots=True)
class StoragePoolInfo:
    """What `virStoragePoolGetInfo` tells; an inactive pool has 0 of everything.

    Attributes:
        state: The state; a number where a newer daemon has a state of its own.
        capacity: All room, in bytes.
        allocation: Room in use, in bytes.
        available: Room left, in bytes.
    """

    state: PoolState | int
    capacity: int
    allocation: int
    available: int


@dataclass(frozen=True, slots=True)
class StoragePoolRecord:
    """One line of a listing of pools.

    Attributes:
        key: UUID and name.
        info: State and room.
        persistent: Whether it has a definition.
        autostart: Whether it starts with the daemon.
    """

    key: StoragePoolKey
    info: StoragePoolInfo
    persistent: bool
    autostart: bool


@dataclass(frozen=True, slots=True)
class StorageVolumeInfo:
    """What `virStorageVolGetInfo` tells.

    Attributes:
        type: What it is on the host; a number where a newer daemon has a type of its own.
        capacity: What a guest sees, in bytes.
        allocation: What it takes on the host, in bytes; asked for as physical, how long it is.
    """

    type: VolumeType | int
    capacity: int
    allocation: int


@dataclass(frozen=True, slots=True)
class StorageVolumeRecord:
    """One line of a listing of volumes.

    Attributes:
        key: Pool, name and key.
        path: Its file or device on the host, or its address on a server.
        info: Type and sizes.
    """

    key: StorageVolumeKey
    path: str
    info: StorageVolumeInfo


@dataclass(frozen=True, slots=True)
class PoolFile:
    """A file or a folder of a pool.

    Attributes:
        path: Where it is in the pool, such as ``web1/web1.vmx``.
        size: Bytes; None of a folder.
        modified: When it was written last, or None where that is not told.
        is_folder: Whether it is a folder.
    """

    path: str
    size: int | None
    modified: datetime | None
    is_folder: bool


@dataclass(frozen=True, slots=True)
class Hole:
    """So many bytes of zeros, which take no room and are not sent."""

    length: int


Progress: TypeAlias = Callable[[int, int], None]
"""Gets how many bytes are done, and how many there are in all (0 when nobody knows)."""
