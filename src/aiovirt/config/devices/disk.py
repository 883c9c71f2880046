"""Disks: image files, block devices, CD-ROM and floppy drives."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import PurePath
from typing import Self

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._scalars import Flag, Number, Switch, Text, flag, number, on_off, text, yes_no
from aiovirt.config._view import View
from aiovirt.config.devices.base import Device, VirtioDriver, absolute
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
    ".vhdx": "vhdx",
}


class DiskDriver(VirtioDriver, tag="driver"):
    """How the image is read and written.

    Attributes:
        type: The image's format: ``raw``, ``qcow2``, …; libvirt takes raw when none is given,
            and never guesses it from the image.
    """

    name: Text = text("@name")
    type: Text = text("@type")
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

    name: Text = text("@name")
    port: Number = number("@port", high=65535)
    transport: Text = text("@transport", known=("tcp", "rdma", "unix"))
    socket: Text = text("@socket")


class DiskSource(View, tag="source"):
    """Where the data is; which field counts is said by the disk's type."""

    file: Text = text("@file")
    dev: Text = text("@dev")
    dir: Text = text("@dir")
    protocol: Text = text("@protocol")
    name: Text = text("@name")
    tls: Switch = yes_no("@tls")
    pool: Text = text("@pool")
    volume: Text = text("@volume")
    index: Number = number("@index")
    startup_policy: Text = text("@startupPolicy", known=("mandatory", "requisite", "optional"))
    hosts: Many[DiskSourceHost] = children("host", DiskSourceHost)


class DiskTarget(View, tag="target"):
    """How the guest sees it: libvirt's name ``vda`` (a hint of the order only) and the bus."""

    dev: Text = text("@dev", required=True)
    bus: Text = text("@bus", known=DISK_BUSES)
    tray: Text = text("@tray", known=("open", "closed"))
    removable: Switch = on_off("@removable")
    rotation_rate: Number = number("@rotation_rate", low=1, high=65534)


class DiskIoTune(View, tag="iotune"):
    """Limits of the transfer, in bytes or operations a second; 0 is no limit."""

    total_bytes_sec: Number = number("total_bytes_sec")
    read_bytes_sec: Number = number("read_bytes_sec")
    write_bytes_sec: Number = number("write_bytes_sec")
    total_iops_sec: Number = number("total_iops_sec")
    read_iops_sec: Number = number("read_iops_sec")
    write_iops_sec: Number = number("write_iops_sec")
    total_bytes_sec_max: Number = number("total_bytes_sec_max")
    read_bytes_sec_max: Number = number("read_bytes_sec_max")
    write_bytes_sec_max: Number = number("write_bytes_sec_max")
    total_iops_sec_max: Number = number("total_iops_sec_max")
    read_iops_sec_max: Number = number("read_iops_sec_max")
    write_iops_sec_max: Number = number("write_iops_sec_max")
    size_iops_sec: Number = number("size_iops_sec")
    group_name: Text = text("group_name")


class DiskGeometry(View, tag="geometry"):
    """Cylinders, heads and sectors, for guests that ask."""

    cyls: Number = number("@cyls")
    heads: Number = number("@heads")
    secs: Number = number("@secs")
    trans: Text = text("@trans", known=("auto", "none", "lba"))


class Disk(Device, tag="disk"):
    """A disk; `Disk.file`, `Disk.block` and `Disk.cdrom` make the usual ones.

    Attributes:
        type: What kind of source it has.
        device: As what it appears in the guest.
    """

    type: Text = text("@type", known=DISK_TYPES)
    device: Text = text("@device", known=DISK_DEVICES)
    model: Text = text("@model")
    snapshot: Text = text("@snapshot", known=("internal", "external", "manual", "no"))
    driver: One[DiskDriver] = child("driver", DiskDriver)
    source: One[DiskSource] = child("source", DiskSource)
    target: One[DiskTarget] = child("target", DiskTarget)
    iotune: One[DiskIoTune] = child("iotune", DiskIoTune)
    readonly: Flag = flag("readonly")
    shareable: Flag = flag("shareable")
    transient: Flag = flag("transient")
    serial: Text = text("serial")
    wwn: Text = text("wwn")
    vendor: Text = text("vendor")
    product: Text = text("product")
    geometry: One[DiskGeometry] = child("geometry", DiskGeometry)
    logical_block_size: Number = number("blockio/@logical_block_size", low=1)
    physical_block_size: Number = number("blockio/@physical_block_size", low=1)

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
