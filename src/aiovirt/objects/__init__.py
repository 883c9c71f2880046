"""The handles users hold: `Connection` and `Domain`. They know abilities, and no driver.

A handle is cheap and does no hidden I/O: reading an attribute never talks to a host.
"""

from __future__ import annotations

from aiovirt.objects.checkpoints import Checkpoint, Checkpoints
from aiovirt.objects.connection import Connection
from aiovirt.objects.domain import Domain
from aiovirt.objects.domains import Domains
from aiovirt.objects.pool import StoragePool
from aiovirt.objects.pools import Pools
from aiovirt.objects.secrets import Secret, Secrets
from aiovirt.objects.snapshots import Snapshot, Snapshots, SnapshotTree
from aiovirt.objects.volume import StorageVolume

__all__ = [
    "Checkpoint",
    "Checkpoints",
    "Connection",
    "Domain",
    "Domains",
    "Pools",
    "Secret",
    "Secrets",
    "Snapshot",
    "SnapshotTree",
    "Snapshots",
    "StoragePool",
    "StorageVolume",
]
