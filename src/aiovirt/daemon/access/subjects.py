"""What a permission is asked for: one shape for the keys of all kinds of objects.

A key that a client sends holds what the client wants it to: before rules that look at names are
asked, the name has to be the host's own for that UUID.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import (
    CheckpointKey,
    FilterBindingKey,
    HostInterfaceKey,
    NetworkFilterKey,
    NetworkKey,
    NetworkPortKey,
    NodeDeviceKey,
    SecretKey,
    SnapshotKey,
    StoragePoolKey,
    StorageVolumeKey,
)
from aiovirt.protocols.libvirt.tables import structs

__all__ = ["KINDS", "Subject", "subject_of"]

KINDS = (
    "domain",
    "interface",
    "network",
    "network_port",
    "node_device",
    "nwfilter",
    "nwfilter_binding",
    "secret",
    "storage_pool",
    "storage_vol",
)
"""The kinds of objects that permissions are about, besides the host itself (``connect``)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One object.

    Attributes:
        kind: As in permissions: ``domain``, ``storage_vol`` …
        name: Its name; of a port its network's, of a secret what it is used with; or empty.
        uuid: Its UUID as text, or empty.
        pool: The name of a volume's pool, or empty.
        key: A volume's key, an interface's MAC address, or empty.
    """

    kind: str
    name: str = ""
    uuid: str = ""
    pool: str = ""
    key: str = ""

    @property
    def label(self) -> str:
        """What patterns of names are compared with: of a volume ``POOL/NAME``."""
        return f"{self.pool}/{self.name}" if self.kind == "storage_vol" else self.name


_Make: TypeAlias = Callable[[Any], Subject]


def _uuid(value: UUID | bytes) -> str:
    return str(value if isinstance(value, UUID) else UUID(bytes=bytes(value)))


def _with_uuid(kind: str) -> _Make:
    return lambda key: Subject(kind, key.name, _uuid(key.uuid))


def _named(kind: str) -> _Make:
    return lambda key: Subject(kind, key.name)


def _volume(key: StorageVolumeKey | structs.StorageVol) -> Subject:
    return Subject("storage_vol", key.name, pool=key.pool, key=key.key)


def _interface(key: HostInterfaceKey | structs.Interface) -> Subject:
    return Subject("interface", key.name, key=key.mac)


def _secret(key: SecretKey | structs.Secret) -> Subject:
    return Subject("secret", key.usage_id, _uuid(key.uuid))


def _of_domain(key: SnapshotKey | CheckpointKey) -> Subject:
    return Subject("domain", key.domain.name, str(key.domain.uuid))


def _of_wire_domain(key: structs.DomainSnapshot | structs.DomainCheckpoint) -> Subject:
    return Subject("domain", key.dom.name, _uuid(key.dom.uuid))


_MAKERS: Mapping[type, _Make] = {
    DomainKey: _with_uuid("domain"),
    SnapshotKey: _of_domain,
    CheckpointKey: _of_domain,
    NetworkKey: _with_uuid("network"),
    NetworkPortKey: lambda key: Subject("network_port", key.network.name, str(key.uuid)),
    StoragePoolKey: _with_uuid("storage_pool"),
    StorageVolumeKey: _volume,
    SecretKey: _secret,
    NodeDeviceKey: _named("node_device"),
    HostInterfaceKey: _interface,
    NetworkFilterKey: _with_uuid("nwfilter"),
    FilterBindingKey: lambda key: Subject("nwfilter_binding", key.port_device),
    structs.Domain: _with_uuid("domain"),
    structs.DomainSnapshot: _of_wire_domain,
    structs.DomainCheckpoint: _of_wire_domain,
    structs.Network: _with_uuid("network"),
    structs.NetworkPort: lambda key: Subject("network_port", key.net.name, _uuid(key.uuid)),
    structs.StoragePool: _with_uuid("storage_pool"),
    structs.StorageVol: _volume,
    structs.Secret: _secret,
    structs.NodeDevice: _named("node_device"),
    structs.Interface: _interface,
    structs.Nwfilter: _with_uuid("nwfilter"),
    structs.NwfilterBinding: lambda key: Subject("nwfilter_binding", key.portdev),
}


def subject_of(key: object | None) -> Subject | None:
    """The subject of a key, of a struct of the protocol, or None for anything else."""
    if isinstance(key, Subject):
        return key
    make = _MAKERS.get(type(key))
    return None if make is None else make(key)
