"""`StoragePoolConfig`: the configuration of a storage pool, libvirt's ``<pool>``."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import Self

from aiovirt.config import _rules
from aiovirt.config._children import Many, One, child, children, via
from aiovirt.config._codecs import absolute
from aiovirt.config._document import Document
from aiovirt.config._forms import FOLDER_PATH, IQN, POOL_NAME
from aiovirt.config._laws import Fits, Needed, OneOf, Only, Single
from aiovirt.config._scalars import (
    PathText,
    Size,
    Switch,
    Text,
    Uuid,
    Words,
    file_path,
    size,
    text,
    uuid,
    words,
    yes_no,
)
from aiovirt.config._view import View
from aiovirt.config.shared.adapter import PoolAdapter
from aiovirt.config.storage.permissions import StoragePermissions
from aiovirt.config.storage.source import PoolAuth, PoolDevice, PoolHost, PoolSource
from aiovirt.errors import XMLError

__all__ = ["PoolTarget", "RbdOption", "StoragePoolConfig"]

FILE_SYSTEMS = (
    "auto",
    "ext2",
    "ext3",
    "ext4",
    "ufs",
    "iso9660",
    "udf",
    "gfs",
    "gfs2",
    "vfat",
    "hfs+",
    "xfs",
    "ocfs2",
    "vmfs",
)
_FORMATS = {
    "fs": FILE_SYSTEMS,
    "netfs": ("auto", "nfs", "cifs", "glusterfs"),
    "disk": ("unknown", "dos", "dvh", "gpt", "mac", "bsd", "pc98", "sun", "lvm2"),
    "logical": ("unknown", "lvm2"),
}
"""The formats of a source, for the types of pool that have one."""

POOL_TYPES = (
    "dir",
    "fs",
    "netfs",
    "logical",
    "disk",
    "iscsi",
    "iscsi-direct",
    "scsi",
    "mpath",
    "rbd",
    "sheepdog",
    "gluster",
    "zfs",
    "vstorage",
)
_SOURCES = {
    "fs": ("source.devices",),
    "netfs": ("source.hosts", "source.dir"),
    "logical": (),
    "disk": ("source.devices",),
    "iscsi": ("source.hosts", "source.devices"),
    "iscsi-direct": ("source.hosts", "source.devices", "source.initiator"),
    "scsi": ("source.adapter",),
    "rbd": ("source.name", "source.hosts"),
    "sheepdog": ("source.hosts", "source.name"),
    "gluster": ("source.hosts", "source.name"),
    "zfs": ("source.name",),
    "vstorage": ("source.name",),
}
"""What the source of a type must have."""

_OPTIONAL = {
    "source.devices": ("logical", "zfs"),
    "source.dir": ("gluster",),
    "source.initiator": ("iscsi",),
    "source.name": ("logical",),
}
"""The types whose source may have it as well."""

_NAMED = ("logical", "rbd", "sheepdog", "gluster", "zfs", "vstorage")
"""The types whose name is their source's when they have none."""

_NO_TARGET = ("iscsi-direct", "rbd", "sheepdog", "gluster")
_HAVE_TARGET = tuple(kind for kind in POOL_TYPES if kind not in _NO_TARGET)
_NEED_TARGET = tuple(kind for kind in _HAVE_TARGET if kind != "zfs")
_SOLD = ("dir", "fs", "netfs", "logical", "disk", "iscsi", "scsi")
"""The types whose source has a vendor."""

_ONE_DEVICE = ("fs", "disk", "iscsi", "iscsi-direct", "zfs")


def _having(path: str) -> tuple[str, ...]:
    """The types whose source may have what is at this path."""
    return tuple(
        kind
        for kind in POOL_TYPES
        if path in _SOURCES.get(kind, ()) or kind in _OPTIONAL.get(path, ())
    )


class PoolTarget(View, tag="target"):
    """Where the pool is on the host.

    Attributes:
        path: The folder with the volumes, or with the devices that are volumes.
    """

    path: PathText = file_path("path")
    permissions: One[StoragePermissions] = child("permissions", StoragePermissions)


class RbdOption(View, tag="rbd:option"):
    """A setting of librados."""

    name: Text = text("@name", required=True)
    value: Text = text("@value", required=True)


class StoragePoolConfig(Document, tag="pool"):
    """The configuration of a storage pool; `directory`, `nfs` and others make the usual ones.

    Attributes:
        type: What kind of storage it is.
        capacity: What it can hold; said by the host, as are `allocation` and `available`.
        cow: Whether new volumes are copied on write where the file system can.
        refresh_allocation: How the allocation of volumes is found (type ``rbd``).
        mount_options: Options of ``mount``, handed over as they are.
        path: Where it is on the host: the target's.
    """

    _shown_ = ("type", "name", "uuid", "source", "target")

    type: Text = text("@type", known=POOL_TYPES, required=True)
    name: Text = text("name", form=POOL_NAME)
    uuid: Uuid = uuid("uuid")
    capacity: Size = size("capacity", unit="bytes")
    allocation: Size = size("allocation", unit="bytes")
    available: Size = size("available", unit="bytes")
    cow: Switch = yes_no("features/cow/@state", required=True)
    source: One[PoolSource] = child("source", PoolSource)
    target: One[PoolTarget] = child("target", PoolTarget)
    path: PathText = via("target", PoolTarget.path)
    refresh_allocation: Text = text("refresh/volume/@allocation", known=("default", "capacity"))
    mount_options: Words = words("fs:mount_opts/fs:option/@name")
    rbd_options: Many[RbdOption] = children("rbd:config_opts/rbd:option", RbdOption)

    _laws_ = (
        *(Only(_having(path), (path,)) for path in ("source.hosts", "source.devices")),
        *(Only(_having(path), (path,)) for path in ("source.dir", "source.name")),
        *(Only(_having(path), (path,)) for path in ("source.initiator", "source.adapter")),
        *(Needed((kind,), needed) for kind, needed in _SOURCES.items()),
        *(Fits((kind,), ("source.format",), form=OneOf(*some)) for kind, some in _FORMATS.items()),
        Only(tuple(_FORMATS), ("source.format",)),
        Only(("netfs",), ("source.protocol_version",)),
        Only(_SOLD, ("source.vendor", "source.product")),
        Only(("iscsi", "iscsi-direct", "rbd"), ("source.auth",)),
        Single(_ONE_DEVICE, ("source.devices",)),
        Needed(("logical",), ("source",)),
        Only(_HAVE_TARGET, ("target",)),
        Needed(_NEED_TARGET, ("target",)),
        Needed(tuple(kind for kind in _NEED_TARGET if kind != "logical"), ("target.path",)),
        Needed(("zfs",), ("target.path",), beside="target"),
        Needed(tuple(kind for kind in POOL_TYPES if kind not in _NAMED), ("name",)),
        Only(("rbd",), ("refresh_allocation", "rbd_options")),
        Only(("fs", "netfs"), ("mount_options",)),
    )

    @classmethod
    def directory(cls, name: str, path: str | PathLike[str]) -> Self:
        """A folder with image files in it."""
        return cls(type="dir", name=name, target=PoolTarget(path=absolute(path)))

    @classmethod
    def filesystem(
        cls,
        name: str,
        device: str,
        path: str | PathLike[str],
        *,
        format: str | None = None,  # noqa: A002 - libvirt's own word for it
    ) -> Self:
        """A block device with a file system on it, mounted at `path`."""
        source = PoolSource(devices=[PoolDevice(path=device)], format=format)
        return cls(type="fs", name=name, source=source, target=PoolTarget(path=absolute(path)))

    @classmethod
    def nfs(
        cls,
        name: str,
        host: str,
        export: str,
        path: str | PathLike[str],
        *,
        version: str | None = None,
    ) -> Self:
        """The folder `export` of an NFS server, mounted at `path`."""
        source = PoolSource(
            hosts=[PoolHost(name=host)], dir=export, format="nfs", protocol_version=version
        )
        return cls(type="netfs", name=name, source=source, target=PoolTarget(path=absolute(path)))

    @classmethod
    def logical(cls, name: str, group: str | None = None, *, devices: tuple[str, ...] = ()) -> Self:
        """An LVM volume group.

        Args:
            name: The pool's name.
            group: The group's name; None takes the pool's.
            devices: The physical volumes, which are needed only to make the group.
        """
        group = group or name
        source = PoolSource(
            name=group, format="lvm2", devices=[PoolDevice(path=path) for path in devices]
        )
        return cls(
            type="logical", name=name, source=source, target=PoolTarget(path=f"/dev/{group}")
        )

    @classmethod
    def disk(cls, name: str, device: str, *, format: str = "gpt") -> Self:  # noqa: A002 - likewise
        """A disk of the host whose partitions are the volumes."""
        source = PoolSource(devices=[PoolDevice(path=device)], format=format)
        return cls(type="disk", name=name, source=source, target=PoolTarget(path="/dev"))

    @classmethod
    def iscsi(
        cls,
        name: str,
        host: str,
        target: str,
        *,
        port: int | None = None,
        auth: PoolAuth | None = None,
    ) -> Self:
        """The units of an iSCSI target, such as ``iqn.2013-06.com.example:target``."""
        source = PoolSource(
            hosts=[PoolHost(name=host, port=port)], devices=[PoolDevice(path=target)], auth=auth
        )
        return cls(
            type="iscsi", name=name, source=source, target=PoolTarget(path="/dev/disk/by-path")
        )

    @classmethod
    def scsi(cls, name: str, adapter: str) -> Self:
        """The units of a SCSI adapter of the host, such as ``host0``."""
        source = PoolSource(adapter=PoolAdapter(type="scsi_host", name=adapter))
        return cls(
            type="scsi", name=name, source=source, target=PoolTarget(path="/dev/disk/by-path")
        )

    @classmethod
    def rbd(cls, name: str, pool: str, *hosts: str, auth: PoolAuth | None = None) -> Self:
        """A pool of a Ceph cluster, reached by the monitors `hosts`."""
        source = PoolSource(name=pool, hosts=[PoolHost(name=host) for host in hosts], auth=auth)
        return cls(type="rbd", name=name, source=source)

    @classmethod
    def gluster(cls, name: str, host: str, volume: str, *, path: str | None = None) -> Self:
        """A volume of Gluster, or the folder `path` in it."""
        return cls(
            type="gluster",
            name=name,
            source=PoolSource(hosts=[PoolHost(name=host)], name=volume, dir=path),
        )

    @classmethod
    def zfs(cls, name: str, pool: str) -> Self:
        """A ZFS pool of the host."""
        return cls(type="zfs", name=name, source=PoolSource(name=pool))

    def _rules_(self) -> Iterator[XMLError]:
        """The names and the forms that depend on the type."""
        yield from _rules.naming(self.name, lambda *what: StoragePoolConfig.name.error(self, *what))
        yield from self._source_rules()

    def _source_rules(self) -> Iterator[XMLError]:
        """The forms of the parts of the source."""
        source = self.source
        relative = source.dir is not None and not FOLDER_PATH.accepts(source.dir)
        if relative and (self.type == "gluster" or source.format in {None, "auto", "nfs"}):
            yield PoolSource.dir.error(
                source, f"dir cannot be {source.dir!r}", expected=FOLDER_PATH.expected
            )
        for each in source.devices if self.type == "iscsi-direct" else ():
            if each.part_separator is not None:
                yield PoolDevice.part_separator.error(each, "an iSCSI target has no partitions")
            if not IQN.accepts(each.path or ""):
                yield PoolDevice.path.error(
                    each, f"path cannot be {each.path!r}", expected=IQN.expected
                )
