"""What a driver can do, as small abilities. Nothing here knows any one driver.

An ability is a class whose operations raise `Unsupported` until a driver implements them, so
that the support matrix is read off the classes and never written by hand.
"""

from __future__ import annotations

from aiovirt.interfaces.ability import Ability, operation, operations, refuse_flags, supported
from aiovirt.interfaces.consoles import Consoles, ConsoleStream
from aiovirt.interfaces.definition import Definition
from aiovirt.interfaces.driver import Driver, OpenOptions
from aiovirt.interfaces.events import Events, EventStream
from aiovirt.interfaces.hostinfo import HostInfo
from aiovirt.interfaces.legacy_storage import LegacyStorage
from aiovirt.interfaces.lifecycle import Lifecycle
from aiovirt.interfaces.monitor import Monitor
from aiovirt.interfaces.screen import Screen
from aiovirt.interfaces.secrets import Secrets
from aiovirt.interfaces.statistics import Statistics
from aiovirt.interfaces.storage_pools import StoragePools
from aiovirt.interfaces.storage_volumes import StorageVolumes, VolumeSink, VolumeSource

ABILITIES: tuple[type[Ability], ...] = (
    Definition,
    Lifecycle,
    Consoles,
    Screen,
    Statistics,
    Events,
    Monitor,
    HostInfo,
    StoragePools,
    StorageVolumes,
    Secrets,
    LegacyStorage,
)

__all__ = [
    "ABILITIES",
    "Ability",
    "ConsoleStream",
    "Consoles",
    "Definition",
    "Driver",
    "EventStream",
    "Events",
    "HostInfo",
    "LegacyStorage",
    "Lifecycle",
    "Monitor",
    "OpenOptions",
    "Screen",
    "Secrets",
    "Statistics",
    "StoragePools",
    "StorageVolumes",
    "VolumeSink",
    "VolumeSource",
    "operation",
    "operations",
    "refuse_flags",
    "supported",
]
