"""What happens to the things of a host beside its domains, as events; alarms are VMware's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiovirt.model.activity import AlarmChange, HostAlarm
from aiovirt.model.events.base import Event
from aiovirt.model.keys import NetworkKey, NodeDeviceKey, SecretKey, StoragePoolKey

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        NetworkEventLifecycleType,
        NodeDeviceEventLifecycleType,
        SecretEventLifecycleType,
        StoragePoolEventLifecycleType,
    )

__all__ = [
    "AlarmEvent",
    "NetworkEvent",
    "NetworkLifecycleEvent",
    "NetworkMetadataChangeEvent",
    "NodeDeviceEvent",
    "NodeDeviceLifecycleEvent",
    "NodeDeviceUpdateEvent",
    "SecretEvent",
    "SecretLifecycleEvent",
    "SecretValueChangedEvent",
    "StoragePoolEvent",
    "StoragePoolLifecycleEvent",
    "StoragePoolRefreshEvent",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEvent(Event):
    """Something happened to a virtual network."""

    network: NetworkKey


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkLifecycleEvent(NetworkEvent):
    """A network was defined, undefined, started or stopped."""

    kind: NetworkEventLifecycleType | int


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkMetadataChangeEvent(NetworkEvent):
    """A network's metadata were changed; fields as in `MetadataChangeEvent`."""

    type: int
    uri: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePoolEvent(Event):
    """Something happened to a storage pool."""

    pool: StoragePoolKey


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePoolLifecycleEvent(StoragePoolEvent):
    """A pool was defined, undefined, started, stopped, created or deleted."""

    kind: StoragePoolEventLifecycleType | int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePoolRefreshEvent(StoragePoolEvent):
    """A pool was read anew: its volumes may be others now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDeviceEvent(Event):
    """Something happened to a device of the host."""

    device: NodeDeviceKey


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDeviceLifecycleEvent(NodeDeviceEvent):
    """A device of the host came, went, was defined or undefined."""

    kind: NodeDeviceEventLifecycleType | int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDeviceUpdateEvent(NodeDeviceEvent):
    """What is known of a device of the host changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretEvent(Event):
    """Something happened to a secret."""

    secret: SecretKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretLifecycleEvent(SecretEvent):
    """A secret was defined or undefined."""

    kind: SecretEventLifecycleType | int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretValueChangedEvent(SecretEvent):
    """A secret has another value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmEvent(Event):
    """An alarm was set off, has another colour, was acknowledged, or is over.

    Attributes:
        alarm: It, as it is now; green when it is over.
        change: What has become of it.
    """

    alarm: HostAlarm
    change: AlarmChange
