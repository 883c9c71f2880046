"""The handles users hold: `Connection` and `Domain`. They know abilities, and no driver.

A handle is cheap and does no hidden I/O: reading an attribute never talks to a host.
"""

from __future__ import annotations

from aiovirt.objects.checkpoints import Checkpoint, Checkpoints
from aiovirt.objects.connection import Connection
from aiovirt.objects.domain import Domain
from aiovirt.objects.domains import Domains
from aiovirt.objects.filters import FilterBinding, NetworkFilter, NetworkFilters
from aiovirt.objects.host_interfaces import HostInterface, HostInterfaces
from aiovirt.objects.network import Network, NetworkPort
from aiovirt.objects.networks import Networks
from aiovirt.objects.node_devices import NodeDevice, NodeDevices
from aiovirt.objects.pool import StoragePool
from aiovirt.objects.pools import Pools
from aiovirt.objects.secrets import Secret, Secrets
from aiovirt.objects.snapshots import Snapshot, Snapshots, SnapshotTree
from aiovirt.objects.tags import Tags
from aiovirt.objects.volume import StorageVolume

__all__ = [
    "Checkpoint",
    "Checkpoints",
    "Connection",
    "Domain",
    "Domains",
    "FilterBinding",
    "HostInterface",
    "HostInterfaces",
    "Network",
    "NetworkFilter",
    "NetworkFilters",
    "NetworkPort",
    "Networks",
    "NodeDevice",
    "NodeDevices",
    "Pools",
    "Secret",
    "Secrets",
    "Snapshot",
    "SnapshotTree",
    "Snapshots",
    "StoragePool",
    "StorageVolume",
    "Tags",
]
