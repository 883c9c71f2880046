"""Disks: the block nodes of their images, what filters them, and the guest's devices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from aiovirt.config import Disk, DiskDriver
from aiovirt.drivers.qemu.argv.filters import filters, group_objects
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.places import drive_of, drive_place
from aiovirt.drivers.qemu.argv.storage.images import (
    Image,
    cache_of,
    chain_of,
    has_medium,
    image_number,
    image_numbers,
    number_layers,
)
from aiovirt.drivers.qemu.argv.storage.nodes import (
    CACHES,
    file_set,
    format_node,
    nodes_of,
    storage_node,
)
from aiovirt.drivers.qemu.argv.storage.secrets import helper_object, image_objects
from aiovirt.drivers.qemu.argv.usb import usb_place
from aiovirt.drivers.qemu.argv.virtio import virtio_props
from aiovirt.drivers.qemu.argv.words import as_json, comma_list, drop_none

__all__ = [
    "disk_device",
    "disks",
    "format_node",
    "image_number",
    "storage_node",
]

_ERROR_POLICIES: Final = {
    "stop": "stop",
    "report": "report",
    "ignore": "ignore",
    "enospace": "enospc",
}


def disks(guest: Guest) -> Iterator[str]:
    """Block nodes and devices of all disks, and what these need.

    Raises:
        XMLError: The driver cannot do what a disk asks.
    """
    yield from _floppy_controller(guest)
    yield from group_objects(guest.config.throttle_groups)
    free = number_layers(guest.config)
    groups: set[str | None] = set()
    if any(disk.source.reservations.managed for disk in guest.config.disks):
        yield from ("-object", as_json(helper_object(guest.resources.folder)))
    numbers = image_numbers(guest.config, free)
    for number, disk in zip(numbers, guest.config.disks, strict=True):
        if disk.type == "vhostuser":
            yield from _vhost_user(guest, disk)
            continue
        node = None
        if has_medium(disk):
            yield from _chain(guest, list(chain_of(disk, number, free)))
            filtered = filters(disk, number, format_node(number), groups)
            groups.add(filtered.group)
            yield from filtered.words
            node = filtered.node
        yield from ("-device", disk_device(guest, disk, node))


def _chain(guest: Guest, images: list[Image]) -> Iterator[str]:
    """The block nodes of a chain, from the lowest image up."""
    backing: str | bool = bool(images[-1].ends)
    for image in reversed(images):
        for options in image_objects(image, guest.resources.folder):
            yield from ("-object", as_json(options))
        for files in file_set(image, guest.resources.files.get(image.source.fdgroup or "", ())):
            yield from ("-add-fd", files)
        for options in nodes_of(image, backing=backing):
            yield from ("-blockdev", as_json(options, keep=("backing",)))
        backing = format_node(image.number)


def _vhost_user(guest: Guest, disk: Disk) -> Iterator[str]:
    """A disk that another process serves: QEMU has no node of it."""
    name = f"chr-vu-{disk.alias}"
    source = disk.source
    reconnect = source.reconnect_timeout if source.reconnect_enabled else None
    options = {"id": name, "path": source.path, "reconnect": reconnect}
    yield from ("-chardev", comma_list("socket", options))
    yield from ("-device", disk_device(guest, disk, None, chardev=name))


def _floppy_controller(guest: Guest) -> Iterator[str]:
    """The floppy drives' places in the boot order, which their controller is told."""
    drives = {
        f"bootindex{'B' if drive_of(disk).unit else 'A'}": guest.boot_index(disk)
        for disk in guest.config.disks
        if disk.target.bus == "fdc"
    }
    if not drives:
        return
    if "fdc" not in guest.family.builtin_controllers:
        yield from ("-device", as_json({"driver": "isa-fdc", **drives}))
        return
    for name, index in drives.items():
        if index is not None:
            yield from ("-global", f"isa-fdc.{name}={index}")


def disk_device(guest: Guest, disk: Disk, node: str | None, *, chardev: str | None = None) -> str:
    """The JSON of the guest's device on a block node; None leaves the drive empty.

    Args:
        guest: The guest.
        disk: The disk.
        node: The block node.
        chardev: The socket of the process that serves the disk instead.
    """
    driver = disk.driver
    cache = CACHES.get(cache_of(disk) or "")
    write_error = _ERROR_POLICIES.get(driver.error_policy or "")
    read_error = _ERROR_POLICIES.get(driver.rerror_policy or "")
    if read_error is None and write_error != "enospc":  # which reading has not
        read_error = write_error
    props = {
        **_PLACES[disk.target.bus or ""](guest, disk),
        "drive": node,
        "chardev": chardev,
        "share-rw": True if disk.shareable else None,
        "write-cache": ("on" if cache.write_cache else "off") if cache and _writes(disk) else None,
        "werror": write_error if node else None,
        "rerror": read_error if node else None,
        **_details(disk),
    }
    return guest.device(disk, props, boot=disk.target.bus != "fdc")


def _writes(disk: Disk) -> bool:
    return disk.device != "lun"


def _details(disk: Disk) -> dict[str, object]:
    """What the guest is told of the disk."""
    geometry = disk.geometry
    serial = disk.serial
    named = disk.target.bus == "scsi" and disk.device != "lun"
    return {
        "serial": serial,
        "device_id": (serial or f"drive-{disk.alias}") if named else None,
        "wwn": int(disk.wwn, 16) if disk.wwn else None,
        "vendor": disk.vendor,
        "product": disk.product,
        "logical_block_size": disk.logical_block_size,
        "physical_block_size": disk.physical_block_size,
        "rotation_rate": disk.target.rotation_rate,
        "cyls": geometry.cyls,
        "heads": geometry.heads,
        "secs": geometry.secs,
        "bios-chs-trans": geometry.trans,
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
            "scsi": True if disk.device == "lun" else None,
            **virtio_props(driver),
        }
    )


def _usb(guest: Guest, disk: Disk) -> dict[str, object]:
    return {**usb_place(guest, disk), "removable": disk.target.removable or False}


def _floppy(_guest: Guest, disk: Disk) -> dict[str, object]:
    return {"unit": drive_of(disk).unit}


_PLACES: Final[dict[str, Callable[[Guest, Disk], dict[str, object]]]] = {
    "virtio": _virtio,
    "ide": drive_place,
    "sata": drive_place,
    "scsi": drive_place,
    "usb": _usb,
    "fdc": _floppy,
}
