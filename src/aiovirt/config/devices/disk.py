"""Disks: image files, block devices, CD-ROM and floppy drives; sources are next door."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import PurePath
from typing import Self

from aiovirt.config._children import One, child
from aiovirt.config._codecs import absolute
from aiovirt.config._forms import (
    DISK_TARGET,
    ONE_LINE,
    SERIAL_NUMBER,
    WORD,
    WWN,
    printable,
)
from aiovirt.config._laws import Fits, Needed, OneOf, Only
from aiovirt.config._scalars import (
    Flag,
    Number,
    Size,
    Switch,
    Text,
    Words,
    flag,
    number,
    on_off,
    size,
    text,
    words,
    yes_no,
)
from aiovirt.config._view import View
from aiovirt.config.devices.base import VIRTIO_MODELS, BootDevice, VirtioDriver
from aiovirt.config.devices.chain import BackingStore, DiskMirror
from aiovirt.config.devices.iotune import DiskIoTune
from aiovirt.config.devices.sources import DISK_TYPES, SOURCE_LAWS, DiskAuth, DiskSource
from aiovirt.config.shared.encryption import StorageEncryption
from aiovirt.config.shared.formats import IMAGE_FORMATS
from aiovirt.errors import XMLError

__all__ = [
    "Disk",
    "DiskDriver",
    "DiskGeometry",
    "DiskTarget",
]

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
    ".vhdx": "vhdx",  # which libvirt does not know: better refused than read as raw
}


class DiskDriver(VirtioDriver, tag="driver"):
    """How the image is read and written.

    Attributes:
        type: The image's format: ``raw``, ``qcow2``, …; libvirt takes raw when none is given,
            and never guesses it from the image.
    """

    name: Text = text("@name", form=WORD)
    type: Text = text("@type", known=(*IMAGE_FORMATS, "aio"))
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
    metadata_cache: Size = size("metadata_cache/max_size", unit="bytes")


class DiskTarget(View, tag="target"):
    """How the guest sees it: libvirt's name ``vda`` (a hint of the order only) and the bus."""

    dev: Text = text("@dev", form=DISK_TARGET, required=True)
    bus: Text = text("@bus", known=DISK_BUSES)
    tray: Text = text("@tray", known=("open", "closed"))
    removable: Switch = on_off("@removable")
    rotation_rate: Number = number("@rotation_rate", low=1, high=65534)


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
        rawio: Whether the hypervisor may send any SCSI command (``lun``).
        sgio: Whether the host filters SCSI commands of unprivileged guests (``lun``).
        auth: As whom the host speaks to the server, as older libvirt said it.
        backing: The images below its own.
        mirror: What a running block job copies to; said by the host.
        backend_domain: The domain of Xen that serves it.
        throttle_filters: The names of the `ThrottleGroup`s that it goes through, in order.
        share_backing: Whether several transient disks may have one image.
        encryption: How its data is encrypted, as older libvirt said it.
    """

    type: Text = text("@type", known=DISK_TYPES)
    device: Text = text("@device", known=DISK_DEVICES)
    model: Text = text("@model", known=VIRTIO_MODELS)
    rawio: Switch = yes_no("@rawio")
    sgio: Text = text("@sgio", known=("filtered", "unfiltered"))
    snapshot: Text = text("@snapshot", known=("internal", "external", "manual", "no"))
    driver: One[DiskDriver] = child("driver", DiskDriver)
    auth: One[DiskAuth] = child("auth", DiskAuth)
    source: One[DiskSource] = child("source", DiskSource)
    backing: One[BackingStore] = child("backingStore", BackingStore)
    mirror: One[DiskMirror] = child("mirror", DiskMirror)
    backend_domain: Text = text("backenddomain/@name", form=ONE_LINE, required=True)
    target: One[DiskTarget] = child("target", DiskTarget)
    iotune: One[DiskIoTune] = child("iotune", DiskIoTune)
    throttle_filters: Words = words("throttlefilters/throttlefilter/@group")
    readonly: Flag = flag("readonly")
    shareable: Flag = flag("shareable")
    transient: Flag = flag("transient")
    share_backing: Switch = yes_no("transient/@shareBacking")
    serial: Text = text("serial", form=SERIAL_NUMBER)
    wwn: Text = text("wwn", form=WWN)
    vendor: Text = text("vendor", form=printable(8))
    product: Text = text("product", form=printable(16))
    encryption: One[StorageEncryption] = child("encryption", StorageEncryption)
    geometry: One[DiskGeometry] = child("geometry", DiskGeometry)
    logical_block_size: Number = number("blockio/@logical_block_size", low=1)
    physical_block_size: Number = number("blockio/@physical_block_size", low=1)

    _laws_ = (
        *SOURCE_LAWS,
        Needed(("lun",), ("type",), by="device"),
        Fits(("lun",), ("type",), by="device", form=OneOf("block", "network", "volume")),
        Only(("lun",), ("rawio", "sgio"), by="device", default="disk"),
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
