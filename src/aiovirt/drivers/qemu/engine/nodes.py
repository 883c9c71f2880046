"""Disks of a running guest, and the block nodes of their images."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.argv.disks import format_node, image_number
from aiovirt.drivers.qemu.argv.storage.images import has_medium
from aiovirt.drivers.qemu.engine.chains import links_of, mirror_links
from aiovirt.errors import InvalidState, NotFound

__all__ = [
    "chain_numbers",
    "disk_of_node",
    "find_disk",
    "image_of",
    "next_number",
    "node_of",
    "number_images",
    "number_of",
]

_NODE = re.compile(r"libvirt-(\d+)-")  # as `argv.disks` names them, by the image's number


def disk_of_node(config: DomainConfig, text: str) -> Disk | None:
    """The disk whose block node is the first that is named in a text, or None."""
    found = _NODE.search(text)
    number = int(found[1]) if found else 0
    for place, disk in enumerate(config.disks, start=1):
        if number and number in {image_number(disk, place), *chain_numbers(disk)}:
            return disk
    return None


def chain_numbers(disk: Disk) -> Iterator[int]:
    """The numbers of the images behind a disk's that are known."""
    for link in links_of(disk, 0)[1:]:
        yield link.number


def next_number(config: DomainConfig) -> int:
    """A number that no image of a running domain has."""
    taken = {
        number
        for place, disk in enumerate(config.disks, start=1)
        for number in (
            image_number(disk, place),
            *chain_numbers(disk),
            *(link.number for link in mirror_links(disk)),
        )
    }
    return max(taken, default=0) + 1


def number_images(config: DomainConfig) -> None:
    """Give each image of a configuration that is about to run its number."""
    for place, disk in enumerate(config.disks, start=1):
        if has_medium(disk):
            disk.source.index = place


def find_disk(config: DomainConfig, name: str) -> Disk:
    """The disk of that target, or with that image.

    Raises:
        NotFound: There is none.
    """
    for disk in config.disks:
        if name in {disk.target.dev, disk.path, disk.alias}:
            return disk
    known = ", ".join(disk.target.dev or "" for disk in config.disks)
    raise NotFound(f"there is no disk {name!r}", hint=f"there is {known}" if known else None)


def node_of(config: DomainConfig, disk: Disk) -> str:
    """The block node of the format of a disk's image.

    Raises:
        InvalidState: The drive is empty.
    """
    if not has_medium(disk):
        raise InvalidState(f"the drive {disk.target.dev} is empty")
    return format_node(number_of(config, disk))


def number_of(config: DomainConfig, disk: Disk) -> int:
    """The number of a disk's image."""
    places = {each.target.dev: place for place, each in enumerate(config.disks, start=1)}
    return image_number(disk, places.get(disk.target.dev, 0))


def image_of(disk: Disk) -> str:
    """The path of a disk's image or device; empty where it has none."""
    return disk.source.file or disk.source.dev or ""
