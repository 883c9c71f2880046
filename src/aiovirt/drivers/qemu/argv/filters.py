"""Block nodes between a disk's image and the guest: copying on read, limits of the transfer."""

from __future__ import annotations

from typing import Final, NamedTuple

from aiovirt.config import Disk, DiskIoTune
from aiovirt.drivers.qemu.argv.words import as_json

__all__ = ["Filtered", "filters"]

# libvirt's limits in the words of QEMU's ThrottleLimits (qapi/block-core.json)
_LIMITS: Final = {
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
}


class Filtered(NamedTuple):
    """The words that make the filters of a disk, and the node the guest's device takes."""

    words: tuple[str, ...]
    node: str


def filters(disk: Disk, number: int, node: str) -> Filtered:
    """The filters of a disk above its format node.

    Raises:
        XMLError: The disk shares its limits with others, which the driver cannot do.
    """
    words: list[str] = []
    if disk.driver.copy_on_read:
        words += _filter("copy-on-read", f"libvirt-CoR-{number}", node)
        node = f"libvirt-CoR-{number}"
    limits = _limits(disk.iotune)
    if limits:
        group = f"throttle{number}"
        words += _group(group, limits)
        words += _filter("throttle", f"libvirt-{number}-throttle", node, group)
        node = f"libvirt-{number}-throttle"
    return Filtered(tuple(words), node)


def _filter(driver: str, name: str, below: str, group: str | None = None) -> tuple[str, str]:
    options = {"driver": driver, "node-name": name, "throttle-group": group, "file": below}
    return "-blockdev", as_json(options)


def _group(name: str, limits: dict[str, int]) -> tuple[str, str]:
    return "-object", as_json({"qom-type": "throttle-group", "id": name, "limits": limits})


def _limits(tune: DiskIoTune) -> dict[str, int]:
    if not tune:
        return {}
    if tune.group_name:
        raise DiskIoTune.group_name.error(
            tune, "the QEMU driver shares no limits between disks yet"
        )
    found = {word: getattr(tune, name) for name, word in _LIMITS.items()}
    return {word: limit for word, limit in found.items() if limit}
