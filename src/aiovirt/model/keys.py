"""What identifies the things of a host, beside domains.  Frozen, cheap, and good for sets."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from aiovirt.model.domain import DomainKey

__all__ = [
    "CheckpointKey",
    "FilterBindingKey",
    "HostInterfaceKey",
    "NetworkFilterKey",
    "NetworkKey",
    "NetworkPortKey",
    "NodeDeviceKey",
    "SecretKey",
    "SnapshotKey",
    "StoragePoolKey",
    "StorageVolumeKey",
]


@dataclass(frozen=True, slots=True)
class NetworkKey:
    """A virtual network: the UUID for ever, the name until it is defined anew."""

    uuid: UUID
    name: str


@dataclass(frozen=True, slots=True)
class NetworkPortKey:
    """A port of a virtual network."""

    network: NetworkKey
    uuid: UUID


@dataclass(frozen=True, slots=True)
class StoragePoolKey:
    """A storage pool."""

    uuid: UUID
    name: str


@dataclass(frozen=True, slots=True)
class StorageVolumeKey:
    """A storage volume: its pool's name, its name there, and its key, which no other volume has.

    The key of a volume in a folder is its path.
    """

    pool: str
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A secret: its UUID, and the use it is for (`SecretUsageType`, and what it is used with)."""

    uuid: UUID
    usage_type: int = 0
    usage_id: str = ""


@dataclass(frozen=True, slots=True)
class NodeDeviceKey:
    """A device of the host, by libvirt's name, such as ``pci_0000_00_1f_2``."""

    name: str


@dataclass(frozen=True, slots=True)
class HostInterfaceKey:
    """A network interface of the host: its name, and its MAC address as text (perhaps empty)."""

    name: str
    mac: str = ""


@dataclass(frozen=True, slots=True)
class NetworkFilterKey:
    """A network filter."""

    uuid: UUID
    name: str


@dataclass(frozen=True, slots=True)
class FilterBindingKey:
    """A filter that is bound to a port: the port's device, and the filter's name."""

    port_device: str
    filter_name: str


@dataclass(frozen=True, slots=True)
class SnapshotKey:
    """A snapshot of a domain."""

    domain: DomainKey
    name: str


@dataclass(frozen=True, slots=True)
class CheckpointKey:
    """A checkpoint of a domain."""

    domain: DomainKey
    name: str
