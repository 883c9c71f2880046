"""iSCSI targets of a host as storage pools, as libvirt has them: their LUNs are the volumes.

Only the static targets of the software adapter are looked at: a dynamic one that is reached gets a
static one beside it (vSphere API, HostInternetScsiHba).  They cannot be changed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiovirt.config import StoragePoolConfig, StorageVolumeConfig
from aiovirt.config.making import make, to_text
from aiovirt.drivers.esx.datastores import uuid_of
from aiovirt.drivers.esx.hosts import manager_of
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import NotFound
from aiovirt.model.keys import StoragePoolKey, StorageVolumeKey
from aiovirt.model.storage import PoolState, StoragePoolInfo, StorageVolumeInfo, VolumeType
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.storage import (
    HostInternetScsiHba,
    HostInternetScsiHbaStaticTarget,
    HostInternetScsiTargetTransport,
    HostScsiDisk,
    HostScsiTopology,
    ScsiLun,
)
from aiovirt.protocols.vsphere.tables.storage_methods import RESCAN_HBA, RescanHbaArgs

__all__ = ["Lun", "Target", "list_targets", "luns_of", "rescan"]

_ADAPTERS: Final = "storageDeviceInfo.hostBusAdapter"
_TOPOLOGY: Final = "storageDeviceInfo.scsiTopology"
_LUNS: Final = "storageDeviceInfo.scsiLun"
_SYSTEM: Final = "storageSystem"


@dataclass(frozen=True, slots=True)
class Target:
    """A target, as lists of pools have it.

    Attributes:
        name: Its iSCSI name.
        address: Its server.
        port: That server's port, or None.
        adapter: The host's adapter.
    """

    name: str
    address: str
    port: int | None
    adapter: str
    active: bool = True
    persistent: bool = True
    autostart: bool = True

    @property
    def key(self) -> StoragePoolKey:
        """UUID and name; the UUID is made of the name."""
        return StoragePoolKey(uuid_of(self.name), self.name)

    @property
    def info(self) -> StoragePoolInfo:
        """State; a target has no room of its own."""
        return StoragePoolInfo(PoolState.RUNNING, 0, 0, 0)

    def config(self) -> StoragePoolConfig:
        """It as libvirt's XML."""
        source = make(
            "source",
            make("host", name=self.address, port=self.port),
            make("device", path=self.name),
        )
        sizes = [make(each, "0", unit="bytes") for each in ("capacity", "allocation", "available")]
        document = make(
            "pool",
            make("name", self.name),
            make("uuid", str(self.key.uuid)),
            *sizes,
            source,
            make("target", make("path", "/vmfs/devices/disks")),
            type="iscsi",
        )
        return StoragePoolConfig.parse(to_text(document))


@dataclass(frozen=True, slots=True)
class Lun:
    """A logical unit of a target.

    Attributes:
        key: Target, name and the UUID that its own long one makes.
        path: Its device on the host.
        capacity: Bytes; 0 where the host does not tell.
    """

    key: StorageVolumeKey
    path: str
    capacity: int

    @property
    def info(self) -> StorageVolumeInfo:
        """Type and sizes."""
        return StorageVolumeInfo(VolumeType.BLOCK, self.capacity, self.capacity)

    def config(self) -> StorageVolumeConfig:
        """It as libvirt's XML."""
        document = make(
            "volume",
            make("name", self.key.name),
            make("key", self.key.key),
            make("capacity", str(self.capacity), unit="bytes"),
            make("allocation", str(self.capacity), unit="bytes"),
            make("target", make("path", self.path), make("format", type="raw")),
            type="block",
        )
        return StorageVolumeConfig.parse(to_text(document))


async def _told(session: Session, *paths: str) -> Mapping[str, Any]:
    """What the URI's host tells of its storage; nothing when it means no host.

    Hosts in a storage network tell much: only what is needed is asked for.
    """
    host = session.scope.host
    if host is None:
        return {}
    path = f"configManager.{_SYSTEM}"
    manager = (await session.get(host, path)).get(path)
    if not isinstance(manager, Ref):
        return {}
    return await session.get(manager, *paths, what="list its iSCSI targets")


async def list_targets(session: Session) -> list[Target]:
    """The targets of the URI's host, sorted by name; a URI without a host has none."""
    told = await _told(session, _ADAPTERS)
    found = [
        _target(each, adapter.device)
        for adapter in told.get(_ADAPTERS) or ()
        if isinstance(adapter, HostInternetScsiHba) and adapter.is_software_based
        for each in adapter.configured_static_target
    ]
    return sorted(found, key=lambda each: each.name)


def _target(target: HostInternetScsiHbaStaticTarget, adapter: str) -> Target:
    return Target(target.i_scsi_name, target.address, target.port, adapter)


async def luns_of(session: Session, name: str) -> list[Lun]:
    """The logical units of a target, sorted by name.

    Raises:
        NotFound: There is no such target.
    """
    told = await _told(session, _TOPOLOGY, _LUNS)
    keys = _keys(told.get(_TOPOLOGY), name)
    if keys is None:
        raise NotFound(f"{session.where} has no iSCSI target {name!r} that it reaches")
    found = [_lun(name, each) for each in told.get(_LUNS) or () if each.key in keys]
    return sorted(found, key=lambda each: each.key.name)


def _keys(topology: HostScsiTopology | None, name: str) -> set[str] | None:
    """The keys of the units of a target; None where no adapter reaches it."""
    targets = [] if topology is None else [t for each in topology.adapter for t in each.target]
    for target in targets:
        way = target.transport
        if isinstance(way, HostInternetScsiTargetTransport) and way.i_scsi_name == name:
            return {lun.scsi_lun for lun in target.lun}
    return None


def _lun(target: str, lun: ScsiLun) -> Lun:
    key = StorageVolumeKey(target, lun.device_name, str(uuid_of(lun.uuid)))
    if not isinstance(lun, HostScsiDisk):
        return Lun(key, lun.device_name, 0)
    return Lun(key, lun.device_path, lun.capacity.block * lun.capacity.block_size)


async def rescan(session: Session, target: Target) -> None:
    """Let the host look for targets and units anew; it does so for a whole adapter.

    Raises:
        AiovirtError: It refuses.
    """
    host = session.scope.host
    if host is not None:
        manager = await manager_of(session, host, _SYSTEM, "StoragePools.refresh")
        args = RescanHbaArgs(hba_device=target.adapter)
        await session.call(RESCAN_HBA, manager, args, what=f"look anew at {target.name!r}")
