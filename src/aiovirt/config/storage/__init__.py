"""Storage pools, the volumes in them, and the sources that a host finds for pools."""

from __future__ import annotations

from aiovirt.config.shared.adapter import PoolAdapter
from aiovirt.config.shared.encryption import EncryptionSecret, StorageEncryption
from aiovirt.config.storage.permissions import StoragePermissions
from aiovirt.config.storage.pool import PoolTarget, RbdOption, StoragePoolConfig
from aiovirt.config.storage.source import (
    FreeExtent,
    PoolAuth,
    PoolDevice,
    PoolHost,
    PoolSource,
    StoragePoolSources,
)
from aiovirt.config.storage.volume import (
    BackingStore,
    StorageTimestamps,
    StorageVolumeConfig,
    VolumeDevice,
    VolumeExtent,
    VolumeTarget,
)

__all__ = [
    "BackingStore",
    "EncryptionSecret",
    "FreeExtent",
    "PoolAdapter",
    "PoolAuth",
    "PoolDevice",
    "PoolHost",
    "PoolSource",
    "PoolTarget",
    "RbdOption",
    "StorageEncryption",
    "StoragePermissions",
    "StoragePoolConfig",
    "StoragePoolSources",
    "StorageTimestamps",
    "StorageVolumeConfig",
    "VolumeDevice",
    "VolumeExtent",
    "VolumeTarget",
]
