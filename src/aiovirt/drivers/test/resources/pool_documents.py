"""What the in-memory host says of pools in general: which types there are, what could be found."""

from __future__ import annotations

from aiovirt.config import StoragePoolSources
from aiovirt.config.making import Element, choices, make, to_text
from aiovirt.config.storage import PoolDevice, PoolHost, PoolSource
from aiovirt.config.storage.pool import POOL_TYPES
from aiovirt.drivers.test.resources.checking import DRIVER
from aiovirt.errors import CallerError, Unsupported

__all__ = ["find_sources", "pool_capabilities"]

_SOURCE_FORMATS = {
    "fs": ("auto", "ext2", "ext3", "ext4", "xfs", "iso9660", "vfat"),
    "netfs": ("auto", "nfs", "glusterfs", "cifs"),
    "disk": ("unknown", "dos", "gpt", "mac"),
    "logical": ("unknown", "lvm2"),
}
_IMAGES = ("none", "raw", "dir", "iso", "vpc", "vdi", "qcow", "qcow2", "qed", "vmdk")
_FILES = ("dir", "fs", "netfs", "gluster", "vstorage")
_PARTITIONS = ("none", "linux", "fat16", "fat32", "linux-swap", "linux-lvm", "extended")


def _options(tag: str, default: str, name: str, values: tuple[str, ...]) -> Element:
    return make(tag, make("defaultFormat", type=default), choices(name, values))


def pool_capabilities() -> str:
    """Which types of pools there are, in libvirt's ``<storagepoolCapabilities>``."""
    return to_text(make("storagepoolCapabilities", *(_pool(kind) for kind in POOL_TYPES)))


def _pool(kind: str) -> Element:
    formats = _SOURCE_FORMATS.get(kind)
    return make(
        "pool",
        _options("poolOptions", formats[0], "sourceFormatType", formats) if formats else None,
        _options("volOptions", "raw", "targetFormatType", _IMAGES) if kind in _FILES else None,
        _options("volOptions", "none", "targetFormatType", _PARTITIONS) if kind == "disk" else None,
        type=kind,
        supported="yes",
    )


def find_sources(kind: str, source: PoolSource | None) -> StoragePoolSources:
    """What pools of a type could be made of: the same made-up things on every such host.

    Raises:
        CallerError: It must be said on which server.
        Unsupported: Nothing can be found for this type.
    """
    if kind == "logical":
        groups = (("testvg1", "/dev/sda20"), ("testvg2", "/dev/sda21"))
        return StoragePoolSources(
            sources=[
                PoolSource(devices=[PoolDevice(path=path)], name=name, format="lvm2")
                for name, path in groups
            ]
        )
    if kind not in {"netfs", "gluster"}:
        raise Unsupported(DRIVER, "StoragePools.find_sources", f"pools of type {kind}")
    host = next((each.name for each in source.hosts), None) if source else None
    if host is None:
        raise CallerError(f"a server must be named to look for pools of type {kind}")
    hosts = [PoolHost(name=host)]
    if kind == "gluster":
        return StoragePoolSources(sources=[PoolSource(hosts=hosts, dir="/", name="testvol")])
    return StoragePoolSources(sources=[PoolSource(hosts=hosts, dir="/testshare", format="nfs")])
