"""Chains of images: a disk's own, the one behind it, and so on, as a live configuration has them.

Each image has a number, by which its block nodes are named.  It says which images there are and
rewrites the XML; QEMU is asked by others.  A chain that somebody wrote has its numbers in its
sources; one that was read from the images has them in its ``backingStore``, and is not kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from aiovirt.config import Disk, DiskSource, DomainConfig
from aiovirt.config.devices.chain import BackingStore, DiskMirror, Layer
from aiovirt.drivers.qemu.argv.storage.images import layers_of, number_layers
from aiovirt.drivers.qemu.storage.headers import Header, header_of
from aiovirt.errors import InvalidState, NotFound
from aiovirt.model.units import Bytes

__all__ = [
    "Link",
    "chain_below",
    "is_chained",
    "link_named",
    "links_of",
    "mirror_links",
    "read_chains",
    "relink",
    "show_mirror",
    "write_chains",
]

_CHAINED: Final = "qcow2"
"""The format of images that can have others behind them."""
_LONGEST_CHAIN: Final = 200
"""As libvirt has it: a chain that comes back to itself must end somewhere."""
_ELSEWHERE: Final = re.compile(r"[a-z+]+:")
"""How a name begins that is no path: ``nbd:``, ``json:``."""
_NAMED: Final = re.compile(r"(?P<target>[a-z]+\d*)\[(?P<number>\d+)\]")


@dataclass(frozen=True)
class Link:
    """One image of a chain.

    Attributes:
        number: What its block nodes are named by.
        type: What kind of storage it is on.
        format: Its format.
        source: Where it is.
        metadata_cache: Bytes of its tables that are kept in memory.
        written: Whether somebody wrote it into the definition.
    """

    number: int
    type: str
    format: str
    source: DiskSource
    metadata_cache: Bytes | None = None
    written: bool = False

    @property
    def path(self) -> str | None:
        """The path of the file or the device; None of what is elsewhere."""
        return self.source.file or self.source.dev

    @classmethod
    def at(cls, path: str, kind: str, number: int = 0) -> Link:
        """An image in a file."""
        return cls(number, "file", kind, DiskSource(file=path))


# --- reading and writing them in XML --------------------------------------------------------------


def links_of(disk: Disk, number: int) -> list[Link]:
    """A disk's images, its own first, as far as they are known; that has the number."""
    driver, source = disk.driver, disk.source.copy()
    if disk.encryption and not source.encryption:  # it may stand there or here: it is the image's
        source.encryption = disk.encryption.copy()
    if disk.auth and not source.auth:
        source.auth = disk.auth.copy()
    own = Link(
        number,
        disk.type or "file",
        driver.type or "raw",
        source,
        driver.metadata_cache,
        written=True,
    )
    return [own, *map(_link, layers_of(disk))]


def _link(layer: Layer) -> Link:
    given = layer.source.index
    number = given or (layer.index if isinstance(layer, BackingStore) else None) or 0
    source = layer.source.copy()
    return Link(
        number,
        layer.type or "file",
        layer.format or "raw",
        source,
        layer.metadata_cache,
        written=given is not None,
    )


def mirror_links(disk: Disk) -> list[Link]:
    """The images that a job copies to, the topmost first; none where there is no such job."""
    if not disk.mirror:
        return []
    found: list[Link] = []
    view: Layer = disk.mirror
    while view.format is not None:
        found.append(_link(view))
        view = view.backing
    return found


def relink(disk: Disk, links: Sequence[Link]) -> None:
    """Write that a disk has these images, its own first."""
    own = links[0]
    disk.type, disk.driver.type = own.type, own.format
    disk.driver.metadata_cache = own.metadata_cache
    disk.source = own.source.copy()
    disk.source.index = own.number or None
    disk.encryption = disk.auth = None  # of another image, if not in the source
    disk.backing = _backing(links[1:])


def _backing(links: Sequence[Link]) -> BackingStore | None:
    """The element of images behind one; None where there are none."""
    found: BackingStore | None = None
    for link in reversed(links):
        source = link.source.copy()
        source.index = (link.number or None) if link.written else None
        found = BackingStore(
            type=link.type,
            index=None if link.written else (link.number or None),
            format=link.format,
            metadata_cache=link.metadata_cache,
            source=source,
            backing=found if found is not None else BackingStore(),
        )
    return found


def show_mirror(disk: Disk, links: Sequence[Link], job: str) -> None:
    """Write what a job copies to; of no images, that there is no such job."""
    if not links:
        disk.mirror = None
        return
    own = links[0]
    source = own.source.copy()
    source.index = own.number or None
    disk.mirror = DiskMirror(
        type=own.type,
        job=job,
        format=own.format,
        metadata_cache=own.metadata_cache,
        source=source,
        backing=_backing(links[1:]),
    )


def link_named(disk: Disk, links: Sequence[Link], name: str) -> int:
    """The place in a chain of the image that a path means, or ``vda[2]``.

    Raises:
        NotFound: It is not in the chain.
    """
    found = _NAMED.fullmatch(name)
    for place, link in enumerate(links):
        if name == link.path or (place == 0 and name == disk.target.dev):
            return place
        if found and found["target"] == disk.target.dev and int(found["number"]) == link.number:
            return place
    known = ", ".join(f"{disk.target.dev}[{link.number}] {link.path or ''}" for link in links)
    raise NotFound(
        f"{name} is no image of the chain of disk {disk.target.dev}", hint=f"there is {known}"
    )


# --- reading them from the images -----------------------------------------------------------------


def read_chains(config: DomainConfig) -> Mapping[str, Sequence[Link]]:
    """The images behind those that do not say what is behind them, for each disk's target.

    It waits for the images' storage, and changes nothing.

    Raises:
        InvalidState: An image does not say which format the one behind it has: a guest that writes
            into a raw image must not choose what its host opens.
    """
    found: dict[str, Sequence[Link]] = {}
    for disk in config.disks:
        own = disk.source.file or disk.source.dev
        behind = list(_behind(own, _CHAINED)) if own and is_chained(disk) else []
        if behind:
            found[disk.target.dev or ""] = behind
    return found


def is_chained(disk: Disk) -> bool:
    """Whether only a disk's image can tell what is behind it; that of another has nothing."""
    on_host = disk.type in {"file", "block"} and bool(disk.source.file or disk.source.dev)
    return on_host and not disk.backing and disk.driver.type == _CHAINED


def _behind(path: str, kind: str) -> Iterator[Link]:
    for _ in range(_LONGEST_CHAIN):
        header = _header(path, kind)
        if header is None or header.backing is None or _ELSEWHERE.match(header.backing):
            return  # what is on servers is left to QEMU
        behind = str(Path(path).parent / header.backing)
        kind = header.backing_format or _guessed(path, behind)
        device = Path(behind).is_block_device()
        source = DiskSource(dev=behind) if device else DiskSource(file=behind)
        yield Link(0, "block" if device else "file", kind, source)
        path = behind
    raise InvalidState(f"the chain of images behind {path} has no end")


def chain_below(link: Link) -> list[Link]:
    """The images behind one, as they tell; errors as `read_chains`. It waits for their storage."""
    return [] if link.path is None else list(_behind(link.path, link.format))


def _header(path: str, kind: str) -> Header | None:
    """What an image says; None of one that says nothing, or is not there: QEMU will tell."""
    if kind != _CHAINED:
        return None
    try:
        found = header_of(path)
    except OSError:
        return None
    return found if found.format == kind else None


def _guessed(path: str, behind: str) -> str:
    """The format of an image of which nobody says it: it can only be raw.

    Raises:
        InvalidState: It looks like another.
    """
    try:
        found = header_of(behind).format
    except OSError:
        found = "raw"
    if found not in {"raw", "iso"}:
        raise InvalidState(
            f"the image {path} does not say which format {behind} behind it has",
            hint=f"write it there: qemu-img rebase -u -b {behind} -F {found} {path}",
        )
    return "raw"


def write_chains(config: DomainConfig, chains: Mapping[str, Sequence[Link]]) -> None:
    """Give each image of a configuration that is about to run its number, and write the chains."""
    free = number_layers(config)
    for disk in config.disks:
        links = links_of(disk, disk.source.index or 0)
        behind = [*links[1:], *chains.get(disk.target.dev or "", ())]
        if behind:
            written = bool(links[1:])
            numbered = [
                replace(link, number=link.number or next(free), written=written) for link in behind
            ]
            relink(disk, [links[0], *numbered])
