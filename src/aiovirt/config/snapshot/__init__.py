"""What is kept of a domain at a point in time: snapshots, checkpoints, and backups."""

from __future__ import annotations

from aiovirt.config.snapshot.backup import (
    BackupConfig,
    BackupDisk,
    BackupImage,
    BackupScratch,
    BackupServer,
    BackupTarget,
)
from aiovirt.config.snapshot.checkpoint import CheckpointConfig, CheckpointDisk
from aiovirt.config.snapshot.snapshot import (
    InactiveDomain,
    SavedDomain,
    SnapshotConfig,
    SnapshotDisk,
    SnapshotMemory,
)

__all__ = [
    "BackupConfig",
    "BackupDisk",
    "BackupImage",
    "BackupScratch",
    "BackupServer",
    "BackupTarget",
    "CheckpointConfig",
    "CheckpointDisk",
    "InactiveDomain",
    "SavedDomain",
    "SnapshotConfig",
    "SnapshotDisk",
    "SnapshotMemory",
]
