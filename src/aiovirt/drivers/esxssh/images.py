"""The files of a datastore that are volumes: virtual disks, and images of other media.

A virtual disk is a small file that describes it, ``web1.vmdk``, and files with its data, such as
``web1-flat.vmdk``; only the first is a volume.
"""

from __future__ import annotations

import posixpath
import re
import secrets
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aiovirt.drivers.common.datastores import DISK, MEDIA
from aiovirt.drivers.esxssh.datastores import Datastore
from aiovirt.drivers.esxssh.host import EsxHost
from aiovirt.protocols.esxcli import DatastorePath

__all__ = ["SECTOR", "Image", "list_images"]

SECTOR = 512
DESCRIPTOR = 16 * 1024
"""Bytes of the beginning of a file in which a disk describes itself: it has some hundred."""

BATCH = 64
"""Disks whose descriptions one command shows."""

_DATA = re.compile(r"-(?:flat|delta|sesparse|ctk|rdmp?|s\d{3}|f\d{3})\.vmdk$")
_STAT = re.compile(r"^(\d+) (\d+) (\d+) (/[^\0]*?)/$", re.MULTILINE)
_EXTENT = re.compile(r'^(?:RW|RDONLY) (\d+) (\w+) "(.+)"', re.MULTILINE)
_ADAPTER = re.compile(r'^ddb\.adapterType = "(\w+)"', re.MULTILINE)

_LIST = r"find {root} -type f \( {names} \) -exec stat -c '%s %b %B %n/' {{}} \;"
"""Length, blocks, size of a block, and the path between slashes, for each file."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A part of a disk: its length in bytes, its kind such as ``VMFS``, and its file."""

    size: int
    kind: str
    file: str


@dataclass(frozen=True, slots=True)
class Image:
    """A volume.

    Attributes:
        path: Its file.
        place: The same on the host's file system.
        format: ``vmdk``, ``iso`` or ``raw``.
        capacity: What a guest sees, in bytes.
        allocation: What it takes in the datastore, in bytes.
        length: How long its file, or the files with its data, are.
        extents: The files with a disk's data.
        adapter: The controller that a disk was made for, or None.
    """

    path: DatastorePath
    place: str
    format: str
    capacity: int
    allocation: int
    length: int
    extents: tuple[Extent, ...] = ()
    adapter: str | None = None


@dataclass(slots=True)
class _Files:
    """The files that were found, by their place: their length, and what they take."""

    sizes: dict[str, int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)


async def list_images(
    host: EsxHost, store: Datastore, below: str = "", what: str = "list its volumes"
) -> list[Image]:
    """The volumes of a datastore, sorted by name.

    Args:
        host: The host.
        store: The datastore.
        below: Only what is in this folder of it.
        what: What it is for, for messages.
    """
    files = await _find(host, posixpath.join(store.mount, below), what)
    disks = [place for place in files.sizes if place.endswith(DISK) and not _DATA.search(place)]
    texts = await _describe(host, disks, what)
    images = [_disk(store, place, text, files) for place, text in texts.items()]
    for place in files.sizes:
        kind = MEDIA.get(posixpath.splitext(place)[1].lower())
        if kind is not None:
            images.append(_medium(store, place, kind, files))
    return sorted((each for each in images if each is not None), key=lambda each: each.path.path)


async def _find(host: EsxHost, root: str, what: str) -> _Files:
    endings = (DISK, *MEDIA)
    names = " -o ".join(f"-name {shlex.quote('*' + ending)}" for ending in endings)
    # The slash lets the mount, which may be a link, be entered.
    script = _LIST.format(root=shlex.quote(root.rstrip("/") + "/"), names=names)
    output = await host.link.run(script, what)
    files = _Files()
    for size, blocks, block, place in _STAT.findall(output.text):
        clean = posixpath.normpath(place)
        files.sizes[clean] = int(size)
        files.taken[clean] = int(blocks) * int(block)
    return files


async def _describe(host: EsxHost, disks: list[str], what: str) -> dict[str, str]:
    """How disks describe themselves, by their place."""
    found: dict[str, str] = {}
    for at in range(0, len(disks), BATCH):
        batch = disks[at : at + BATCH]
        mark = f"@{secrets.token_hex(16)}"
        script = "".join(
            f"echo; echo {mark} {n}; head -c {DESCRIPTOR} {shlex.quote(place)}; "
            for n, place in enumerate(batch)
        )
        output = await host.link.run(script, what)
        parts = re.split(rf"^{mark} ([0-9]+)\n", output.text, flags=re.MULTILINE)
        for number, text in zip(parts[1::2], parts[2::2], strict=True):
            found[batch[int(number)]] = text
    return found


def _where(store: Datastore, place: str) -> DatastorePath:
    return DatastorePath(store.name, posixpath.relpath(place, store.mount))


def _disk(store: Datastore, place: str, text: str, files: _Files) -> Image | None:
    """A disk; None for a file that describes none."""
    extents = tuple(
        Extent(int(count) * SECTOR, kind, name) for count, kind, name in _EXTENT.findall(text)
    )
    if not extents:
        return None
    folder = posixpath.dirname(place)
    data = [posixpath.join(folder, extent.file) for extent in extents]
    adapter = _ADAPTER.search(text)
    return Image(
        path=_where(store, place),
        place=place,
        format="vmdk",
        capacity=sum(extent.size for extent in extents),
        allocation=files.taken.get(place, 0) + _sum(files.taken, data),
        length=_sum(files.sizes, data),
        extents=extents,
        adapter=adapter[1] if adapter else None,
    )


def _sum(sizes: Mapping[str, int], places: Iterable[str]) -> int:
    return sum(sizes.get(place, 0) for place in places)


def _medium(store: Datastore, place: str, kind: str, files: _Files) -> Image:
    size = files.sizes[place]
    return Image(_where(store, place), place, kind, size, files.taken[place], size)
