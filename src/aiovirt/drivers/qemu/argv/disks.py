"""Disks: for each a block node for its storage, one for its format, and the guest's device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from aiovirt.config import Disk, DiskDriver
from aiovirt.drivers.qemu.argv.filters import filters
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.usb import usb_place
from aiovirt.drivers.qemu.argv.words import as_json, drop_none
from aiovirt.model.addresses import DriveAddress

__all__ = ["disks", "format_node"]


class _Cache(NamedTuple):
    direct: bool
    no_flush: bool
    write_cache: bool


# Source: the table of ``cache=`` in QEMU's qemu-options.hx.
_CACHES: Final = {
    "none": _Cache(direct=True, no_flush=False, write_cache=True),
    "writeback": _Cache(direct=False, no_flush=False, write_cache=True),
    "writethrough": _Cache(direct=False, no_flush=False, write_cache=False),
    "directsync": _Cache(direct=True, no_flush=False, write_cache=False),
    "unsafe": _Cache(direct=False, no_flush=True, write_cache=True),
}

_FORMATS: Final = (
    "raw",
    "qcow2",
    "qcow",
    "qed",
    "vmdk",
    "vdi",
    "vpc",
    "luks",
    "bochs",
    "cloop",
    "dmg",
)
_STORAGE: Final = {"file": "file", "block": "host_device"}
_ERROR_POLICIES: Final = {
    "stop": "stop",
    "report": "report",
    "ignore": "ignore",
    "enospace": "enospc",
}
_NARROW_SCSI: Final = ("lsilogic", "am53c974", "dc390")


def format_node(number: int) -> str:
    """The name of the top block node of a disk, by its place among the disks, from 1."""
    return f"libvirt-{number}-format"


def disks(guest: Guest) -> Iterator[str]:
    """Block nodes and devices of all disks.

    Raises:
        XMLError: The driver cannot do what a disk asks.
    """
    for number, disk in enumerate(guest.config.disks, start=1):
        node = None
        kind = _STORAGE.get(disk.type or "")
        if kind is None:
            raise Disk.type.error(
                disk,
                f"the QEMU driver has no disks of type {disk.type!r}",
                expected=", ".join(_STORAGE),
            )
        if disk.path is not None:
            node = format_node(number)
            yield from _nodes(disk, kind, f"libvirt-{number}-storage", node)
            filtered = filters(disk, number, node)
            yield from filtered.words
            node = filtered.node
        yield from ("-device", _device(guest, disk, node))


def _nodes(disk: Disk, kind: str, storage: str, node: str) -> Iterator[str]:
    driver = disk.driver
    if driver.type not in _FORMATS:
        raise DiskDriver.type.error(
            driver, f"{driver.type!r} is no format of QEMU's", expected=", ".join(_FORMATS)
        )
    cache = _CACHES.get(driver.cache or "")
    caching = {"direct": cache.direct, "no-flush": cache.no_flush} if cache else None
    yield from (
        "-blockdev",
        as_json(
            {
                "driver": "host_cdrom" if _is_cdrom_drive(disk) else kind,
                "filename": disk.path,
                "node-name": storage,
                "aio": driver.io,
                "cache": caching,
                "auto-read-only": True,
                "discard": driver.discard or "unmap",
            }
        ),
    )
    yield from (
        "-blockdev",
        as_json(
            {
                "node-name": node,
                "read-only": disk.readonly,
                "discard": driver.discard,
                "detect-zeroes": driver.detect_zeroes,
                "cache": caching,
                "driver": driver.type,
                "file": storage,
            }
        ),
    )


def _is_cdrom_drive(disk: Disk) -> bool:
    return disk.device == "cdrom" and disk.type == "block"


def _device(guest: Guest, disk: Disk, node: str | None) -> str:
    driver = disk.driver
    cache = _CACHES.get(driver.cache or "")
    write_error = _ERROR_POLICIES.get(driver.error_policy or "")
    read_error = _ERROR_POLICIES.get(driver.rerror_policy or "") or write_error
    props = {
        **_PLACES[disk.target.bus or ""](guest, disk),
        "drive": node,
        "share-rw": True if disk.shareable else None,
        "write-cache": ("on" if cache.write_cache else "off") if cache and _writes(disk) else None,
        "werror": write_error if node and _writes(disk) else None,
        # reading has no policy for a full disk
        "rerror": "report" if node and read_error == "enospc" else (read_error if node else None),
        **_details(disk),
    }
    return guest.device(disk, props)


def _writes(disk: Disk) -> bool:
    return disk.device == "disk"


def _details(disk: Disk) -> dict[str, object]:
    """What the guest is told of the disk."""
    geometry = disk.geometry
    serial = disk.serial
    on_scsi = disk.target.bus == "scsi"
    return {
        "serial": serial,
        "device_id": (serial or f"drive-{disk.alias}") if on_scsi else None,
        "wwn": int(disk.wwn, 16) if disk.wwn else None,
        "vendor": disk.vendor,
        "product": disk.product,
        "logical_block_size": disk.logical_block_size,
        "physical_block_size": disk.physical_block_size,
        "rotation_rate": disk.target.rotation_rate,
        "cyls": geometry.cyls,
        "heads": geometry.heads,
        "secs": geometry.secs,
    }


def _virtio(guest: Guest, disk: Disk) -> dict[str, object]:
    driver = disk.driver
    if driver.iothread and guest.mmio and guest.config.type != "kvm":
        raise DiskDriver.iothread.error(
            driver, f"an I/O thread for a disk of a {guest.family.name} machine needs KVM"
        )
    return drop_none(
        {
            "iothread": f"iothread{driver.iothread}" if driver.iothread else None,
            "num-queues": driver.queues,
            "queue-size": driver.queue_size,
            "ioeventfd": driver.ioeventfd,
            "event_idx": driver.event_idx,
            "packed": driver.packed,
            "ats": driver.ats,
            "iommu_platform": driver.iommu,
        }
    )


def _drive(disk: Disk) -> DriveAddress:
    address = disk.address
    if not isinstance(address, DriveAddress):
        raise Disk.address.error(disk, "the disk has no drive address")
    return address


def _ide(_guest: Guest, disk: Disk) -> dict[str, object]:
    address = _drive(disk)
    return {"bus": f"ide.{address.bus}", "unit": address.unit}


def _sata(guest: Guest, disk: Disk) -> dict[str, object]:
    address = _drive(disk)
    return {"bus": f"{guest.bus_of('sata', address.controller)}.{address.unit}"}


def _scsi(guest: Guest, disk: Disk) -> dict[str, object]:
    address = _drive(disk)
    bus = f"{guest.bus_of('scsi', address.controller)}.0"
    controllers = dict(guest.controllers["scsi"])
    if controllers[address.controller].model in _NARROW_SCSI:
        # a parallel bus numbers its targets, and each has one unit
        return {"bus": bus, "scsi-id": address.unit}
    return {
        "bus": bus,
        "channel": address.bus,
        "scsi-id": address.target,
        "lun": address.unit,
    }


def _usb(guest: Guest, disk: Disk) -> dict[str, object]:
    return {**usb_place(guest, disk), "removable": disk.target.removable or False}


def _floppy(_guest: Guest, disk: Disk) -> dict[str, object]:
    return {"unit": _drive(disk).unit}


_PLACES: Final[dict[str, Callable[[Guest, Disk], dict[str, object]]]] = {
    "virtio": _virtio,
    "ide": _ide,
    "sata": _sata,
    "scsi": _scsi,
    "usb": _usb,
    "fdc": _floppy,
}
