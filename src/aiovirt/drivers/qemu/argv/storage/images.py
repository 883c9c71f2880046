"""The images that a disk is made of: its own, and those that it is based on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aiovirt.config import Disk, DomainConfig
from aiovirt.config.devices.chain import BackingStore
from aiovirt.config.devices.disk import DiskDriver
from aiovirt.config.devices.sources import DiskAuth, DiskSource
from aiovirt.config.shared.encryption import StorageEncryption

__all__ = [
    "Image",
    "cache_of",
    "chain_of",
    "has_medium",
    "image_number",
    "image_numbers",
    "layers_of",
    "number_layers",
]


@dataclass(frozen=True)
class Image:
    """One image.

    Attributes:
        number: What its block nodes are named by.
        type: What kind of storage it is on.
        source: Where.
        format: Its format.
        driver: How it is read and written.
        cache: The cache mode, or None for QEMU's own.
        read_only: Whether nothing is written to it.
        top: Whether it is the disk's own, which no other is based on.
        device: As what the disk appears in the guest.
        metadata_cache: Bytes of a qcow2 image's tables that are kept in memory.
        encryption: How it is encrypted.
        auth: As whom its server is spoken to.
        ends: Whether it is said that it is based on none.
    """

    number: int
    type: str
    source: DiskSource
    format: str
    driver: DiskDriver
    cache: str | None
    read_only: bool
    top: bool
    device: str
    metadata_cache: int | None = None
    encryption: StorageEncryption | None = None
    auth: DiskAuth | None = None
    ends: bool = False


def cache_of(disk: Disk) -> str | None:
    """The cache mode of a disk, or None for QEMU's own; what several guests write is not cached."""
    mode = disk.driver.cache
    if mode in {None, "default"}:
        return "none" if disk.shareable and not disk.readonly else None
    return mode


def has_medium(disk: Disk) -> bool:
    """Whether there is anything in the drive."""
    source = disk.source
    named = (source.file, source.dev, source.dir, source.protocol, source.namespace, source.volume)
    return any(each is not None for each in named)


def image_number(disk: Disk, place: int) -> int:
    """The number of a disk's image: given when it was started, else its place, from 1."""
    return disk.source.index or place


def image_numbers(config: DomainConfig, free: Iterator[int]) -> list[int]:
    """The numbers of all disks' own images: as `image_number`, but none that is given twice."""
    given = {disk.source.index for disk in config.disks}
    given |= {
        layer.source.index or layer.index for disk in config.disks for layer in layers_of(disk)
    }
    return [
        disk.source.index or (next(free) if place in given else place)
        for place, disk in enumerate(config.disks, start=1)
    ]


def chain_of(disk: Disk, number: int, below: Iterator[int]) -> Iterator[Image]:
    """The images of a disk, its own first.

    Args:
        disk: The disk.
        number: The number of its own image.
        below: Numbers for the images that have none yet.
    """
    yield _own_image(disk, number)
    for layer in layers_of(disk):
        yield Image(
            number=layer.source.index or layer.index or next(below),
            type=layer.type or "file",
            source=layer.source,
            format=layer.format or "raw",
            driver=disk.driver,
            cache=cache_of(disk),
            read_only=True,
            top=False,
            device=disk.device or "disk",
            metadata_cache=layer.metadata_cache,
            encryption=layer.source.encryption or None,
            auth=layer.source.auth or None,
            ends=_ends(layer),
        )


def _own_image(disk: Disk, number: int) -> Image:
    source, driver = disk.source, disk.driver
    return Image(
        number=number,
        type=disk.type or "file",
        source=source,
        format=driver.type or "raw",
        driver=driver,
        cache=cache_of(disk),
        read_only=bool(disk.readonly),
        top=True,
        device=disk.device or "disk",
        metadata_cache=driver.metadata_cache,
        encryption=source.encryption or disk.encryption or None,
        auth=source.auth or disk.auth or None,
        ends=_ends(disk),
    )


def layers_of(disk: Disk) -> Iterator[BackingStore]:
    """The images below a disk's own, as far as they are written down."""
    view: Disk | BackingStore = disk
    while view.backing.format is not None:
        view = view.backing
        yield view


def _ends(view: Disk | BackingStore) -> bool:
    """Whether an empty element says that nothing is below."""
    return bool(view.backing) and view.backing.format is None


def number_layers(config: DomainConfig) -> Iterator[int]:
    """Numbers that no image of a domain has, of those that are written down."""
    taken = {disk.source.index or place for place, disk in enumerate(config.disks, start=1)}
    taken |= {
        number
        for disk in config.disks
        for layer in layers_of(disk)
        if (number := layer.source.index or layer.index)
    }
    number = max(taken, default=0)
    while True:
        number += 1
        yield number
