"""Block nodes between a disk's image and the guest: copying on read, limits of the transfer."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple

from aiovirt.config import Disk, ThrottleGroup
from aiovirt.config.devices.iotune import DiskIoTune
from aiovirt.drivers.qemu.argv.words import as_json

__all__ = ["LIMITS", "Filtered", "filters", "group_object", "group_objects"]

# libvirt's limits in the words of QEMU's ThrottleLimits (qapi/block-core.json)
LIMITS: Final = {
    "total_bytes_sec": "bps-total",
    "read_bytes_sec": "bps-read",
    "write_bytes_sec": "bps-write",
    "total_iops_sec": "iops-total",
    "read_iops_sec": "iops-read",
    "write_iops_sec": "iops-write",
    "total_bytes_sec_max": "bps-total-max",
    "read_bytes_sec_max": "bps-read-max",
    "write_bytes_sec_max": "bps-write-max",
    "total_iops_sec_max": "iops-total-max",
    "read_iops_sec_max": "iops-read-max",
    "write_iops_sec_max": "iops-write-max",
    "size_iops_sec": "iops-size",
    "total_bytes_sec_max_length": "bps-total-max-length",
    "read_bytes_sec_max_length": "bps-read-max-length",
    "write_bytes_sec_max_length": "bps-write-max-length",
    "total_iops_sec_max_length": "iops-total-max-length",
    "read_iops_sec_max_length": "iops-read-max-length",
    "write_iops_sec_max_length": "iops-write-max-length",
}


class Filtered(NamedTuple):
    """The words that make the filters of a disk, and the node the guest's device takes.

    Attributes:
        words: The options with their values.
        node: The node.
        group: The object that holds the limits, which several disks may share, or None.
    """

    words: tuple[str, ...]
    node: str
    group: str | None = None


def filters(disk: Disk, number: int, node: str, groups: Collection[str | None] = ()) -> Filtered:
    """The filters of a disk above its format node.

    Args:
        disk: The disk.
        number: The number of its image.
        node: The format node.
        groups: The objects with limits that are there already.
    """
    words: list[str] = []
    if disk.driver.copy_on_read:
        words += _filter("copy-on-read", f"libvirt-CoR-{number}", node)
        node = f"libvirt-CoR-{number}"
    limits = _limits(disk.iotune)
    group = None
    if limits:
        shared = disk.iotune.group_name
        group = group_object(shared) if shared else f"throttle{number}"
        if group not in groups:
            words += _group(group, limits)
        words += _filter("throttle", f"libvirt-{number}-throttle", node, group)
        node = f"libvirt-{number}-throttle"
    for place, name in enumerate(disk.throttle_filters):
        filter_ = f"libvirt-{number}-filter{place}"
        words += _filter("throttle", filter_, node, group_object(name))
        node = filter_
    return Filtered(tuple(words), node, group)


def group_object(name: str) -> str:
    """The id of the object of a group: QEMU has only some characters in it (util/id.c)."""
    return "throttle-" + re.sub(r"[^A-Za-z0-9._-]", lambda odd: f"_{ord(odd[0]):x}_", name)


def group_objects(groups: Iterable[ThrottleGroup]) -> Iterator[str]:
    """The words that make a domain's groups, which disks go through."""
    for group in groups:
        yield from _group(group_object(group.group_name or ""), _limits(group))


def _filter(driver: str, name: str, below: str, group: str | None = None) -> tuple[str, str]:
    options = {
        "driver": driver,
        "node-name": name,
        "throttle-group": group,
        "file": below,
        "discard": "unmap" if driver == "copy-on-read" else None,
    }
    return "-blockdev", as_json(options)


def _group(name: str, limits: dict[str, int]) -> tuple[str, str]:
    return "-object", as_json({"qom-type": "throttle-group", "id": name, "limits": limits})


def _limits(tune: DiskIoTune) -> dict[str, int]:
    if not tune:
        return {}
    found = {word: getattr(tune, name) for name, word in LIMITS.items()}
    return {word: limit for word, limit in found.items() if limit}
