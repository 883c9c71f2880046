"""The images that disks are on: how large they are, and which lies below which. State only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.test.numbers import no_such_part
from aiovirt.drivers.test.world import World
from aiovirt.model.blocks import BlockInfo

__all__ = ["Image", "Images", "disk_of", "source_of"]

CAPACITY = 20 * 1024**3
"""The size of an image that nobody has said anything of, in bytes."""

ALLOCATION = 1024**3
"""How much of it is used."""


@dataclass(eq=False, slots=True)
class Image:
    """An image.

    Attributes:
        path: Where it is.
        capacity: The size that a guest sees, in bytes.
        allocation: The bytes of it that are used.
        backing: The path of the image below it, or None.
    """

    path: str
    capacity: int = CAPACITY
    allocation: int = ALLOCATION
    backing: str | None = None


class Images:
    """All images of the host; a room of the world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._known: dict[str, Image] = {}

    def at(self, path: str) -> Image:
        """The image at a path: there is one wherever one is looked for."""
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = self._first_seen(path)
        return found

    def _first_seen(self, path: str) -> Image:
        if path not in self.world.files:
            return Image(path)
        file = self.world.files.find(path)
        return Image(path, max(file.size, 512), file.allocation)

    def put_over(self, path: str, backing: str) -> Image:
        """Make an empty image over another."""
        made = self._known[path] = Image(path, self.at(backing).capacity, 0, backing)
        return made

    def copy(self, path: str, source: str, *, backing: str | None = None) -> Image:
        """Make an image with the data of another."""
        old = self.at(source)
        made = self._known[path] = Image(path, old.capacity, old.allocation, backing)
        return made

    def chain(self, path: str) -> Iterator[Image]:
        """An image and those below it."""
        seen: set[str] = set()
        at: str | None = path
        while at is not None and at not in seen:
            seen.add(at)
            image = self.at(at)
            yield image
            at = image.backing

    def info(self, path: str) -> BlockInfo:
        """Its sizes."""
        image = self.at(path)
        return BlockInfo(image.capacity, image.allocation, image.allocation)


def source_of(disk: Disk) -> str | None:
    """What a disk is on: a path, a volume, or a name on the network; None for an empty drive."""
    source = disk.source
    if source.pool and source.volume:
        return f"{source.pool}/{source.volume}"
    return disk.path or source.name


def disk_of(config: DomainConfig, name: str) -> Disk:
    """The disk of that target, or on that image.

    Raises:
        NotFound: There is none.
    """
    for disk in config.disks:
        if name and name in {disk.target.dev, source_of(disk)}:
            return disk
    raise no_such_part(f"domain {config.name!r} has no disk {name!r}")
