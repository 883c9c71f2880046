"""The order in which libvirt keeps devices of a kind, which places and boot order follow.

Source: virDomainDiskInsert and virDomainControllerInsertPreAlloced of libvirt.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiovirt.config import Controller, Disk

__all__ = ["controllers_in_order", "disk_index", "disks_in_order"]


def disk_index(dev: str) -> int | None:
    """The place of a disk among those of its kind: 0 for ``vda``, 26 for ``vdaa``."""
    letters = dev[2:].rstrip("0123456789")
    if not (letters.isascii() and letters.islower() and letters.isalpha()):
        return None
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("a") + 1
    return number - 1


def disks_in_order(disks: Iterable[Disk]) -> list[Disk]:
    """Disks as libvirt keeps them: buses by first appearance, then by target."""
    found = list(disks)
    buses = list(dict.fromkeys(disk.target.bus for disk in found))
    return sorted(
        found,
        key=lambda d: (buses.index(d.target.bus), disk_index(d.target.dev or "") or 0),
    )


def controllers_in_order(controllers: Iterable[Controller]) -> list[Controller]:
    """Controllers as libvirt keeps them: types by first appearance, then by index.

    Companions of a USB 2 controller name it, so that it must be there before them.
    """
    found = list(controllers)
    types = list(dict.fromkeys(controller.type for controller in found))
    return sorted(found, key=lambda c: (types.index(c.type), c.index or 0, c.startport is not None))
