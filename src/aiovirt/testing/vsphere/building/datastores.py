"""Datastores: of VMFS and of NFS."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.storage import (
    DatastoreCapability,
    DatastoreHostMount,
    DatastoreInfo,
    DatastoreSummary,
    HostMountInfo,
    HostNasVolume,
    HostScsiDiskPartition,
    HostVmfsVolume,
    NasDatastoreInfo,
    VmfsDatastoreInfo,
)
from aiovirt.testing.vsphere.building.places import entity
from aiovirt.testing.vsphere.making import filled
from aiovirt.testing.vsphere.world import World

__all__ = ["make_datastore", "mount_datastore", "summarize_datastore"]

_TIB: Final = 1024**4
_LARGEST: Final = 62 * _TIB


def make_datastore(
    world: World, ref: Ref, name: str, *, folder: Ref, nas: HostNasVolume | None, capacity: int
) -> Ref:
    """Make a datastore that no host has yet.

    Args:
        world: Where it is made.
        ref: Its reference.
        folder: What it is in.
        name: Its name.
        nas: Where its files are, for one of NFS; else it is of VMFS.
        capacity: Bytes.
    """
    identity = world.uuid()[:26]
    url = f"ds:///vmfs/volumes/{identity}/"
    browser = Ref("HostDatastoreBrowser", f"datastoreBrowser-{ref.value}")
    world.make(browser, datastore=(ref,))
    world.make(
        ref,
        **entity(
            name,
            folder,
            browser=browser,
            host=(),
            vm=(),
            capability=filled(
                DatastoreCapability,
                directory_hierarchy_supported=True,
                per_file_thin_provisioning_supported=True,
                raw_disk_mappings_supported=nas is None,
            ),
            info=_info(name, url, capacity, nas, identity),
            summary=DatastoreSummary(
                datastore=ref,
                name=name,
                url=url,
                capacity=capacity,
                free_space=capacity,
                accessible=True,
                multiple_host_access=False,
                type="VMFS" if nas is None else "NFS",
                maintenance_mode="normal",
            ),
        ),
    )
    world.add_to(folder, "childEntity", ref)
    return ref


def _info(
    name: str, url: str, capacity: int, nas: HostNasVolume | None, identity: str
) -> DatastoreInfo:
    common = {
        "name": name,
        "url": url,
        "free_space": capacity,
        "max_file_size": _LARGEST,
        "max_memory_file_size": _LARGEST,
    }
    if nas is not None:
        return filled(NasDatastoreInfo, nas=nas, **common)
    volume = HostVmfsVolume(
        type="VMFS",
        name=name,
        capacity=capacity,
        block_size_mb=1,
        max_blocks=63_963_136,
        major_version=6,
        version="6.82",
        uuid=identity,
        extent=(HostScsiDiskPartition(disk_name=f"naa.{identity[:8]}", partition=1),),
        vmfs_upgradable=False,
        local=False,
    )
    return filled(VmfsDatastoreInfo, vmfs=volume, **common)


def mount_datastore(world: World, ref: Ref, host: Ref) -> None:
    """Let a host have a datastore."""
    mount = HostMountInfo(
        path=f"/vmfs/volumes/{world.get(ref, 'name', str)}",
        access_mode="readWrite",
        mounted=True,
        accessible=True,
    )
    mounts = world.get(ref, "host", tuple)
    world.put(ref, host=(*mounts, DatastoreHostMount(key=host, mount_info=mount)))
    browser = world.get(host, "datastoreBrowser", Ref)
    for each in (host, browser, world.get(host, "parent", Ref)):
        world.add_to(each, "datastore", ref)


def summarize_datastore(world: World, ref: Ref, capacity: int, free: int) -> None:
    """Let a datastore say how much is left."""
    summary = world.get(ref, "summary", DatastoreSummary)
    info = world.get(ref, "info", DatastoreInfo)
    hosts = world.get(ref, "host", tuple)
    name = world.get(ref, "name", str)
    world.put(
        ref,
        summary=replace(
            summary,
            name=name,
            capacity=capacity,
            free_space=free,
            multiple_host_access=len(hosts) > 1,
        ),
        info=replace(info, name=name, free_space=free, timestamp=world.clock.now()),
    )
