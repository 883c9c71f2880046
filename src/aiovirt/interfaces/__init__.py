"""What a driver can do, as small abilities. Nothing here knows any one driver.

An ability is a class whose operations raise `Unsupported` until a driver implements them, so
that the support matrix is read off the classes and never written by hand.
"""

from __future__ import annotations

from aiovirt.interfaces.ability import (
    Ability,
    immediate,
    is_immediate,
    operation,
    operations,
    refuse_flags,
    supported,
)
from aiovirt.interfaces.activity import Activity
from aiovirt.interfaces.admin import Admin
from aiovirt.interfaces.blocks import Blocks
from aiovirt.interfaces.checkpoints import Backups, Checkpoints
from aiovirt.interfaces.consoles import Consoles, ConsoleStream
from aiovirt.interfaces.containers import Containers
from aiovirt.interfaces.cpu_models import CpuModels
from aiovirt.interfaces.definition import Definition, MetadataKind
from aiovirt.interfaces.devices import Devices
from aiovirt.interfaces.displays import Displays
from aiovirt.interfaces.driver import Driver, OpenOptions
from aiovirt.interfaces.events import Events, EventStream
from aiovirt.interfaces.guest import Guest
from aiovirt.interfaces.guestwork import GuestReading, GuestWork
from aiovirt.interfaces.host_interfaces import HostInterfaces
from aiovirt.interfaces.host_power import HostPower
from aiovirt.interfaces.host_resources import HostResources
from aiovirt.interfaces.hostinfo import HostInfo
from aiovirt.interfaces.inventory import Inventory
from aiovirt.interfaces.jobs import Jobs
from aiovirt.interfaces.legacy import Legacy
from aiovirt.interfaces.legacy_host import LegacyHost
from aiovirt.interfaces.legacy_storage import LegacyStorage
from aiovirt.interfaces.legacy_work import LegacyWork
from aiovirt.interfaces.legacymigration import LegacyMigration
from aiovirt.interfaces.lifecycle import Lifecycle
from aiovirt.interfaces.migration import Migration, MigrationTunnel
from aiovirt.interfaces.monitor import Monitor
from aiovirt.interfaces.network_filters import NetworkFilters
from aiovirt.interfaces.network_ports import NetworkPorts
from aiovirt.interfaces.networks import Networks
from aiovirt.interfaces.node_devices import NodeDevices
from aiovirt.interfaces.pool_files import PoolFiles
from aiovirt.interfaces.processors import Processors
from aiovirt.interfaces.resources import Resources
from aiovirt.interfaces.saved_state import SavedState
from aiovirt.interfaces.screen import Screen
from aiovirt.interfaces.secrets import Secrets
from aiovirt.interfaces.snapshots import LegacySnapshots, Snapshots
from aiovirt.interfaces.statistics import Statistics
from aiovirt.interfaces.storage_pools import StoragePools
from aiovirt.interfaces.storage_volumes import StorageVolumes, VolumeSink, VolumeSource
from aiovirt.interfaces.tags import Tags
from aiovirt.interfaces.upkeep import SnapshotUpkeep, Tickets

ABILITIES: tuple[type[Ability], ...] = (
    Definition,
    Lifecycle,
    Consoles,
    Screen,
    Statistics,
    Devices,
    Blocks,
    Events,
    Monitor,
    HostInfo,
    Legacy,
    HostResources,
    CpuModels,
    Networks,
    NetworkPorts,
    NetworkFilters,
    HostInterfaces,
    NodeDevices,
    LegacyHost,
    StoragePools,
    StorageVolumes,
    Secrets,
    LegacyStorage,
    Snapshots,
    Checkpoints,
    Backups,
    Jobs,
    Displays,
    Migration,
    LegacySnapshots,
    LegacyMigration,
    Processors,
    Resources,
    Guest,
    SavedState,
    Containers,
    LegacyWork,
    Inventory,
    PoolFiles,
    HostPower,
    Activity,
    Tags,
    GuestWork,
    SnapshotUpkeep,
    Tickets,
    Admin,
)

__all__ = [
    "ABILITIES",
    "Ability",
    "Activity",
    "Admin",
    "Backups",
    "Blocks",
    "Checkpoints",
    "ConsoleStream",
    "Consoles",
    "Containers",
    "CpuModels",
    "Definition",
    "Devices",
    "Displays",
    "Driver",
    "EventStream",
    "Events",
    "Guest",
    "GuestReading",
    "GuestWork",
    "HostInfo",
    "HostInterfaces",
    "HostPower",
    "HostResources",
    "Inventory",
    "Jobs",
    "Legacy",
    "LegacyHost",
    "LegacyMigration",
    "LegacySnapshots",
    "LegacyStorage",
    "LegacyWork",
    "Lifecycle",
    "MetadataKind",
    "Migration",
    "MigrationTunnel",
    "Monitor",
    "NetworkFilters",
    "NetworkPorts",
    "Networks",
    "NodeDevices",
    "OpenOptions",
    "PoolFiles",
    "Processors",
    "Resources",
    "SavedState",
    "Screen",
    "Secrets",
    "SnapshotUpkeep",
    "Snapshots",
    "Statistics",
    "StoragePools",
    "StorageVolumes",
    "Tags",
    "Tickets",
    "VolumeSink",
    "VolumeSource",
    "immediate",
    "is_immediate",
    "operation",
    "operations",
    "refuse_flags",
    "supported",
]
