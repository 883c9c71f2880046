"""Disks: image files, block devices, CD-ROM and floppy drives."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import PurePath
from typing import Self

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._codecs import MAX_UINT64, absolute
from aiovirt.config._forms import (
    DISK_DEVICE,
    DISK_FILE,
    DISK_TARGET,
    HOST,
    POOL_NAME,
    SERIAL_NUMBER,
    VOLUME_NAME,
    WORD,
    WWN,
    printable,
)
from aiovirt.config._laws import Apart, Fits, Needed, OneOf, Only, Single
from aiovirt.config._scalars import (
    Flag,
    Number,
    PathText,
    Switch,
    Text,
    file_path,
    flag,
    number,
    on_off,
    text,
    yes_no,
)
from aiovirt.config._view import View
from aiovirt.config.devices.base import VIRTIO_MODELS, BootDevice, VirtioDriver
from aiovirt.errors import XMLError

__all__ = [
    "Disk",
    "DiskDriver",
    "DiskGeometry",
    "DiskIoTune",
    "DiskSource",
    "DiskSourceHost",
    "DiskTarget",
]

DISK_TYPES = ("file", "block", "dir", "network", "volume", "nvme", "vhostuser", "vhostvdpa")
DISK_DEVICES = ("disk", "cdrom", "floppy", "lun")
DISK_BUSES = ("ide", "fdc", "scsi", "virtio", "xen", "usb", "uml", "sata", "sd", "nvme")
CACHE_MODES = ("default", "none", "writeback", "writethrough", "directsync", "unsafe")

FORMATS = (
    "raw",
    "dir",
    "bochs",
    "cloop",
    "dmg",
    "iso",
    "vpc",
    "vdi",
    "fat",
    "vhd",
    "ploop",
    "luks",
    "cow",
    "qcow",
    "qcow2",
    "qed",
    "vmdk",
    "aio",
)
PROTOCOLS = (
    "nbd",
    "rbd",
    "sheepdog",
    "gluster",
    "iscsi",
    "http",
    "https",
    "ftp",
    "ftps",
    "tftp",
    "vxhs",
    "nfs",
    "ssh",
)
_NAMED = tuple(word for word in PROTOCOLS if word not in {"nbd", "rbd"})
_SERVED = tuple(word for word in PROTOCOLS if word != "rbd")
_SOURCES = {
    ("source.file",): ("file",),
    ("source.dev",): ("block", "vhostvdpa"),
    ("source.dir",): ("dir",),
    ("source.protocol", "source.name", "source.tls", "source.hosts"): ("network",),
    ("source.pool", "source.volume"): ("volume",),
    ("source.managed", "source.namespace", "source.address"): ("nvme",),
    ("source.path",): ("vhostuser",),
    ("source.type",): ("nvme", "vhostuser"),
    ("source.startup_policy",): ("file", "block", "dir", "volume", "nvme"),
    ("source.index",): ("file", "block", "dir", "network", "volume", "nvme", "vhostvdpa"),
}
"""Which types of disk have what in their sources."""

_NEEDED = {
    "network": ("source.protocol",),
    "nvme": ("source.type", "source.namespace", "source.address"),
    "vhostuser": ("source.type", "source.path"),
}
_FORMATS = {
    ".qcow2": "qcow2",
    ".qcow": "qcow",
    ".qed": "qed",
    ".raw": "raw",
    ".img": "raw",
    ".iso": "raw",
    ".vmdk": "vmdk",
    ".vdi": "vdi",
    ".vhd": "vpc",
    ".vhdx": "vhdx",  # which libvirt does not know: better refused than read as raw
}


class DiskDriver(VirtioDriver, tag="driver"):
    """How the image is read and written.

    Attributes:
        type: The image's format: ``raw``, ``qcow2``, …; libvirt takes raw when none is given,
            and never guesses it from the image.
    """

    name: Text = text("@name", form=WORD)
    type: Text = text("@type", known=FORMATS)
    cache: Text = text("@cache", known=CACHE_MODES)
    error_policy: Text = text("@error_policy", known=("stop", "report", "ignore", "enospace"))
    rerror_policy: Text = text("@rerror_policy", known=("stop", "report", "ignore"))
    io: Text = text("@io", known=("threads", "native", "io_uring"))
    ioeventfd: Switch = on_off("@ioeventfd")
    event_idx: Switch = on_off("@event_idx")
    copy_on_read: Switch = on_off("@copy_on_read")
    discard: Text = text("@discard", known=("unmap", "ignore"))
    detect_zeroes: Text = text("@detect_zeroes", known=("off", "on", "unmap"))
    iothread: Number = number("@iothread", low=1)
    queues: Number = number("@queues", low=1)
    queue_size: Number = number("@queue_size", low=1)


class DiskSourceHost(View, tag="host"):
    """A server of a network disk."""

    name: Text = text("@name", form=HOST)
    port: Number = number("@port", high=65535)
    transport: Text = text("@transport", known=("tcp", "rdma", "unix"))
    socket: PathText = file_path("@socket")

    _laws_ = (
        Only(("tcp", "rdma"), ("name", "port"), by="transport", default="tcp"),
        Needed(("tcp", "rdma"), ("name",), by="transport", default="tcp"),
        Only(("unix",), ("socket",), by="transport", default="tcp"),
        Needed(("unix",), ("socket",), by="transport"),
    )


class DiskSource(View, tag="source"):
    """Where the data is; which field counts is said by the disk's type."""

    type: Text = text("@type", known=("pci", "unix"))
    file: PathText = file_path("@file", form=DISK_FILE)
    dev: Text = text("@dev", form=DISK_DEVICE)
    dir: PathText = file_path("@dir")
    path: PathText = file_path("@path")
    protocol: Text = text("@protocol", known=PROTOCOLS)
    name: Text = text("@name")
    tls: Switch = yes_no("@tls")
    pool: Text = text("@pool", form=POOL_NAME)
    volume: Text = text("@volume", form=VOLUME_NAME)
    managed: Switch = yes_no("@managed")
    namespace: Number = number("@namespace")
    index: Number = number("@index", low=1)
    startup_policy: Text = text("@startupPolicy", known=("mandatory", "requisite", "optional"))
    hosts: Many[DiskSourceHost] = children("host", DiskSourceHost)
    address: Flag = flag("address")
    identity: Flag = flag("identity")

    _laws_ = (
        Needed(("nfs",), ("identity",), by="protocol"),
        Only(("nfs",), ("identity",), by="protocol", default="nbd"),
        Needed(_NAMED, ("name",), by="protocol"),
        Needed(_SERVED, ("hosts",), by="protocol"),
        Single(tuple(word for word in _SERVED if word != "gluster"), ("hosts",), by="protocol"),
        Only(("nbd", "vxhs"), ("tls",), by="protocol"),
    )


class DiskTarget(View, tag="target"):
    """How the guest sees it: libvirt's name ``vda`` (a hint of the order only) and the bus."""

    dev: Text = text("@dev", form=DISK_TARGET, required=True)
    bus: Text = text("@bus", known=DISK_BUSES)
    tray: Text = text("@tray", known=("open", "closed"))
    removable: Switch = on_off("@removable")
    rotation_rate: Number = number("@rotation_rate", low=1, high=65534)


class DiskIoTune(View, tag="iotune"):
    """Limits of the transfer, in bytes or operations a second; 0 is no limit."""

    total_bytes_sec: Number = number("total_bytes_sec", high=MAX_UINT64)
    read_bytes_sec: Number = number("read_bytes_sec", high=MAX_UINT64)
    write_bytes_sec: Number = number("write_bytes_sec", high=MAX_UINT64)
    total_iops_sec: Number = number("total_iops_sec", high=MAX_UINT64)
    read_iops_sec: Number = number("read_iops_sec", high=MAX_UINT64)
    write_iops_sec: Number = number("write_iops_sec", high=MAX_UINT64)
    total_bytes_sec_max: Number = number("total_bytes_sec_max", high=MAX_UINT64)
    read_bytes_sec_max: Number = number("read_bytes_sec_max", high=MAX_UINT64)
    write_bytes_sec_max: Number = number("write_bytes_sec_max", high=MAX_UINT64)
    total_iops_sec_max: Number = number("total_iops_sec_max", high=MAX_UINT64)
    read_iops_sec_max: Number = number("read_iops_sec_max", high=MAX_UINT64)
    write_iops_sec_max: Number = number("write_iops_sec_max", high=MAX_UINT64)
    size_iops_sec: Number = number("size_iops_sec", high=MAX_UINT64)
    group_name: Text = text("group_name")

    _laws_ = tuple(
        Apart((f"total_{kind}",), (f"read_{kind}", f"write_{kind}"))
        for kind in ("bytes_sec", "iops_sec", "bytes_sec_max", "iops_sec_max")
    )


class DiskGeometry(View, tag="geometry"):
    """Cylinders, heads and sectors, for guests that ask."""

    cyls: Number = number("@cyls", required=True)
    heads: Number = number("@heads", required=True)
    secs: Number = number("@secs", required=True)
    trans: Text = text("@trans", known=("auto", "none", "lba"))


class Disk(BootDevice, tag="disk"):
    """A disk; `Disk.file`, `Disk.block` and `Disk.cdrom` make the usual ones.

    Attributes:
        type: What kind of source it has.
        device: As what it appears in the guest.
    """

    type: Text = text("@type", known=DISK_TYPES)
    device: Text = text("@device", known=DISK_DEVICES)
    model: Text = text("@model", known=VIRTIO_MODELS)
    snapshot: Text = text("@snapshot", known=("internal", "external", "manual", "no"))
    driver: One[DiskDriver] = child("driver", DiskDriver)
    source: One[DiskSource] = child("source", DiskSource)
    target: One[DiskTarget] = child("target", DiskTarget)
    iotune: One[DiskIoTune] = child("iotune", DiskIoTune)
    readonly: Flag = flag("readonly")
    shareable: Flag = flag("shareable")
    transient: Flag = flag("transient")
    serial: Text = text("serial", form=SERIAL_NUMBER)
    wwn: Text = text("wwn", form=WWN)
    vendor: Text = text("vendor", form=printable(8))
    product: Text = text("product", form=printable(16))
    geometry: One[DiskGeometry] = child("geometry", DiskGeometry)
    logical_block_size: Number = number("blockio/@logical_block_size", low=1)
    physical_block_size: Number = number("blockio/@physical_block_size", low=1)

    _laws_ = (
        *(Only(kinds, fields, default="file") for fields, kinds in _SOURCES.items()),
        *(Needed((kind,), fields) for kind, fields in _NEEDED.items()),
        Needed(("dir",), ("source.dir",), beside="source"),
        Needed(("volume",), ("source.pool", "source.volume"), beside="source"),
        Needed(("lun",), ("type",), by="device"),
        Fits(("lun",), ("type",), by="device", form=OneOf("block", "network", "volume")),
        Fits(("nvme",), ("source.type",), form=OneOf("pci")),
        Fits(("vhostuser",), ("source.type",), form=OneOf("unix")),
    )

    @classmethod
    def file(
        cls,
        path: str | PathLike[str],
        *,
        target: str = "vda",
        bus: str = "virtio",
        format: str | None = None,  # noqa: A002 - libvirt's own word for it
        readonly: bool = False,
    ) -> Self:
        """A disk in an image file.

        Args:
            path: The image; a relative path is taken from the current directory.
            target: Its name, which must differ from every other disk's.
            bus: The bus it sits on.
            format: The image's format; None takes it from the suffix of the path.
            readonly: Whether the guest may only read it.
        """
        full = absolute(path)
        kind = format or _FORMATS.get(PurePath(full).suffix.lower())
        return cls(
            type="file",
            device="disk",
            driver=DiskDriver(name="qemu", type=kind) if kind else None,
            source=DiskSource(file=full),
            target=DiskTarget(dev=target, bus=bus),
            readonly=readonly,
        )

    @classmethod
    def block(cls, path: str | PathLike[str], *, target: str = "vda", bus: str = "virtio") -> Self:
        """A disk that is a block device of the host, such as ``/dev/vg/web1``."""
        return cls(
            type="block",
            device="disk",
            driver=DiskDriver(name="qemu", type="raw"),
            source=DiskSource(dev=absolute(path)),
            target=DiskTarget(dev=target, bus=bus),
        )

    @classmethod
    def cdrom(
        cls, path: str | PathLike[str] | None = None, *, target: str = "sda", bus: str = "sata"
    ) -> Self:
        """A CD-ROM drive with the ISO image `path` in it, or empty."""
        return cls(
            type="file",
            device="cdrom",
            driver=DiskDriver(name="qemu", type="raw"),
            source=None if path is None else DiskSource(file=absolute(path)),
            target=DiskTarget(dev=target, bus=bus),
            readonly=True,
        )

    @property
    def path(self) -> str | None:
        """The file, block device or folder that it is backed by, or None."""
        source = self.source
        return source.file or source.dev or source.dir

    def _rules_(self) -> Iterator[XMLError]:
        """A disk needs a target, and a source unless its medium can be taken out."""
        if not self.target:
            yield Disk.target.error(self, "the disk has no target", expected="<target dev='vda'/>")
        removable = self.device in {"cdrom", "floppy"}
        if not self.source and not removable:
            yield Disk.source.error(self, "the disk has no source", expected="<source …/>")
