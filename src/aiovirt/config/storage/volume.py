"""`StorageVolumeConfig`: the configuration of a storage volume, libvirt's ``<volume>``."""

from __future__ import annotations

from os import PathLike
from typing import Self

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._codecs import MAX_UINT64, absolute
from aiovirt.config._document import Document
from aiovirt.config._forms import ABSOLUTE_PATH, VOLUME_NAME, either, shaped
from aiovirt.config._laws import Always
from aiovirt.config._scalars import (
    Flag,
    Number,
    PathText,
    Size,
    Text,
    file_path,
    flag,
    number,
    size,
    text,
)
from aiovirt.config._values import Moment, moment
from aiovirt.config._view import View
from aiovirt.config.shared.encryption import StorageEncryption
from aiovirt.config.shared.formats import IMAGE_FORMATS
from aiovirt.config.storage.permissions import StoragePermissions
from aiovirt.config.storage.pool import FILE_SYSTEMS
from aiovirt.model.units import Bytes

__all__ = [
    "BackingStore",
    "StorageTimestamps",
    "StorageVolumeConfig",
    "VolumeDevice",
    "VolumeExtent",
    "VolumeTarget",
]

PARTITIONS = (
    "none",
    "linux",
    "fat16",
    "fat32",
    "linux-swap",
    "linux-lvm",
    "linux-raid",
    "extended",
)
VOLUME_FORMATS = ("unknown", *IMAGE_FORMATS, *PARTITIONS, *FILE_SYSTEMS)
_PLACE = either(
    ABSOLUTE_PATH,
    shaped(
        r"[a-zA-Z][a-zA-Z0-9+.\-]*:[a-zA-Z0-9_.\-~/%@:+?=&]+|[a-zA-Z0-9_.\-~/%@+]+",
        "a place on a server such as pool/volume",
    ),
)
_COMPAT = shaped(r"[0-9]+\.[0-9]+", "a version such as 1.1")


class StorageTimestamps(View, tag="timestamps"):
    """When the file was read, made, changed; said by the host."""

    accessed: Moment = moment("atime")
    born: Moment = moment("btime")
    changed: Moment = moment("ctime")
    modified: Moment = moment("mtime")


class VolumeExtent(View, tag="extent"):
    """A part of a device, in bytes from its start."""

    start: Number = number("@start", high=MAX_UINT64, required=True)
    end: Number = number("@end", high=MAX_UINT64, required=True)


class VolumeDevice(View, tag="device"):
    """A device that the volume is on, and which parts of it; said by the host."""

    path: PathText = file_path("@path", required=True)
    extents: Many[VolumeExtent] = children("extent", VolumeExtent)


class VolumeTarget(View, tag="target"):
    """The volume on the host.

    Attributes:
        path: Its file or device, or its address on a server; said by the host.
        compat: The version of qcow2: ``0.10`` or ``1.1``.
        nocow: Whether copying on write is off for the file (btrfs).
        lazy_refcounts: Whether a qcow2 image is written faster and is repaired after a crash.
        extended_l2: Whether a qcow2 image has subclusters.
    """

    path: Text = text("path", form=_PLACE)
    format: Text = text("format/@type", known=VOLUME_FORMATS, required=True)
    permissions: One[StoragePermissions] = child("permissions", StoragePermissions)
    timestamps: One[StorageTimestamps] = child("timestamps", StorageTimestamps)
    encryption: One[StorageEncryption] = child("encryption", StorageEncryption)
    compat: Text = text("compat", form=_COMPAT)
    nocow: Flag = flag("nocow")
    cluster_size: Size = size("clusterSize", unit="bytes")
    lazy_refcounts: Flag = flag("features/lazy_refcounts")
    extended_l2: Flag = flag("features/extended_l2")


class BackingStore(View, tag="backingStore"):
    """The image that has what was never written to the volume."""

    path: PathText = file_path("path")
    format: Text = text("format/@type", known=VOLUME_FORMATS, required=True)
    permissions: One[StoragePermissions] = child("permissions", StoragePermissions)
    timestamps: One[StorageTimestamps] = child("timestamps", StorageTimestamps)

    _laws_ = (Always(("path",)),)


class StorageVolumeConfig(Document, tag="volume"):
    """The configuration of a storage volume; `qcow2` and `raw` make the usual ones.

    Attributes:
        type: What it is on the host; said by the host.
        key: What it is called for ever; said by the host.
        devices: What it is on; said by the host.
        capacity: What the guest sees; may be left out with a backing image or in a clone.
        allocation: What it takes on the host, or takes at once when it is made.
        physical: How long its file is; said by the host.
    """

    _shown_ = ("name", "type", "capacity", "allocation", "target", "backing_store")

    type: Text = text("@type", known=("file", "block", "dir", "network", "netdir"))
    name: Text = text("name", form=VOLUME_NAME, required=True)
    key: Text = text("key")
    devices: Many[VolumeDevice] = children("source/device", VolumeDevice)
    capacity: Size = size("capacity", unit="bytes")
    allocation: Size = size("allocation", unit="bytes")
    physical: Size = size("physical", unit="bytes")
    target: One[VolumeTarget] = child("target", VolumeTarget, required=True)
    backing_store: One[BackingStore] = child("backingStore", BackingStore)

    @classmethod
    def qcow2(
        cls,
        name: str,
        capacity: Bytes | str | None = None,
        *,
        backing: str | PathLike[str] | None = None,
        backing_format: str = "qcow2",
        preallocated: bool = False,
    ) -> Self:
        """A qcow2 image, which grows as it is written.

        Args:
            name: Its name; in a folder the name of the file, such as ``web1.qcow2``.
            capacity: What the guest sees; may be left out with a `backing` image.
            backing: The image that has what was never written.
            backing_format: The format of that.
            preallocated: Whether it takes its whole size at once.
        """
        store = None
        if backing is not None:
            store = BackingStore(path=absolute(backing), format=backing_format)
        return cls(
            name=name,
            capacity=capacity,
            allocation=capacity if preallocated else None,
            target=VolumeTarget(format="qcow2"),
            backing_store=store,
        )

    @classmethod
    def raw(cls, name: str, capacity: Bytes | str, *, preallocated: bool = False) -> Self:
        """A raw image, or in a pool of devices a device.

        Args:
            name: Its name.
            capacity: What the guest sees.
            preallocated: Whether it takes its whole size at once, or as it is written.
        """
        return cls(
            name=name,
            capacity=capacity,
            allocation=capacity if preallocated else Bytes(0),
            target=VolumeTarget(format="raw"),
        )

    def _complete_(self) -> None:
        """A target, in which the host says where it is."""
        if not self.target:
            self.target = VolumeTarget()
