"""Going back to external snapshots, and deleting them, without harm to any other.

A snapshot's state of a disk is the image that the disk was on when it was taken: nobody writes to
that any more.  Going back makes a new image over it; deleting merges what is above into it.
Images that were made for snapshots and that no record and no disk is on any more are removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import anyio
from anyio import to_thread

from aiovirt.config import Disk, DomainConfig, SnapshotConfig
from aiovirt.drivers.qemu.engine.blockjobs import live_links
from aiovirt.drivers.qemu.engine.chains import Link, chain_below, relink
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.merging import merge_live, merge_off
from aiovirt.drivers.qemu.engine.nodes import find_disk
from aiovirt.drivers.qemu.engine.overlays import (
    Overlay,
    make_overlays,
    overlay_name,
    remove_files,
)
from aiovirt.drivers.qemu.store.points import PointStore
from aiovirt.errors import AiovirtError, InvalidState, NotFound

__all__ = ["delete_external", "new_images", "on_images", "remove_unused"]

Points = PointStore[SnapshotConfig]
_MOST_NAMES: Final = 10_000


def _outside(point: SnapshotConfig) -> Iterator[tuple[str, Disk]]:
    """The disks that are in other images since a snapshot, as they were when it was taken.

    Raises:
        InvalidState: Its record does not tell.
    """
    if not point.domain:
        raise InvalidState(
            f"the record of snapshot {point.name!r} does not tell how the domain was"
        )
    for row in point.disks:
        if row.snapshot == "external":
            disk = find_disk(point.domain, row.name or "")
            yield disk.target.dev or "", disk


def _links(domain: ManagedDomain, target: str) -> list[Link]:
    """The images of a disk of the domain as it is; it waits for their storage.

    Raises:
        NotFound: It has no such disk any more.
    """
    config = domain.config()
    disk = find_disk(config, target)
    own = live_links(config, disk)
    if domain.live is not None or len(own) > 1:
        return own
    return [own[0], *chain_below(own[0])]


def _chain(disk: Disk) -> list[str]:
    """The paths of a disk's image and of those behind it, as the images tell."""
    own = Link.at(disk.path or "", disk.driver.type or "raw")
    return [own.path or "", *(link.path or "" for link in chain_below(own))]


# --- going back -----------------------------------------------------------------------------------


def _new_overlays(
    domain: ManagedDomain, point: SnapshotConfig, points: Points
) -> Sequence[Overlay]:
    found: list[Overlay] = []
    for target, disk in _outside(point):
        if domain.config().disks and _is_on(domain, target, disk.path or ""):
            raise InvalidState(
                f"disk {target} is on {disk.path} itself: what snapshot {point.name!r} kept there "
                "has been written over"
            )
        for number in range(1, _MOST_NAMES):
            path = overlay_name(disk, f"{point.name}.{number}")
            if not Path(path).exists() and path not in points.images:
                found.append(Overlay(target, path, "qcow2", 0))
                break
    return found


def _is_on(domain: ManagedDomain, target: str, path: str) -> bool:
    try:
        return find_disk(domain.config(), target).path == path
    except NotFound:
        return False


async def new_images(
    domain: ManagedDomain, point: SnapshotConfig, points: Points
) -> Sequence[Overlay]:
    """Make images over those that a snapshot kept; the domain is not on them yet.

    Raises:
        InvalidState: What it kept is not there any more.
        HostError: An image cannot be made; none is.
    """
    overlays = await to_thread.run_sync(_new_overlays, domain, point, points)
    config = point.domain
    await points.note_images([overlay.path for overlay in overlays])
    await make_overlays(config, overlays)
    return overlays


# --- removing what nobody is on -------------------------------------------------------------------


async def remove_unused(
    domain: ManagedDomain, points: Points, *, without: str | None = None
) -> None:
    """Remove images that were made for snapshots, and that no record and no disk is on any more.

    Args:
        domain: The domain.
        points: The records.
        without: The name of one that is about to go, and does not count.
    """
    if not points.images:
        return
    unused = await to_thread.run_sync(_unused, domain, points, without)
    await remove_files(unused)
    await points.note_images((), gone=unused)


def _unused(domain: ManagedDomain, points: Points, without: str | None) -> list[str]:
    used: set[str] = set()
    configs = [domain.config(), domain.config(inactive=True)]
    configs += [
        point.domain for name, point in points.tree.items() if point.domain and name != without
    ]
    for config in configs:
        for disk in config.disks:
            if disk.path is not None:
                used.update(_chain(disk))
    if domain.live is not None:
        for disk in domain.live.config.disks:
            used.update(link.path or "" for link in live_links(domain.live.config, disk))
    return [path for path in points.images if path not in used]


# --- deleting -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Merge:
    """What is to be merged for one disk.

    Attributes:
        target: The disk.
        links: Its images.
        top: The place of the one that goes: it is merged into the next.
    """

    target: str
    links: Sequence[Link]
    top: int

    @property
    def gone(self) -> Link:
        """The image that goes."""
        return self.links[self.top]

    @property
    def base(self) -> Link:
        """The image that it is merged into."""
        return self.links[self.top + 1]


def _merges(domain: ManagedDomain, point: SnapshotConfig, points: Points) -> list[_Merge]:
    found: list[_Merge] = []
    for target, disk in _outside(point):
        try:
            links = _links(domain, target)
        except NotFound:
            continue
        paths = [link.path for link in links]
        place = paths.index(disk.path) if disk.path in paths else 0
        if place:
            merge = _Merge(target, links, place - 1)
            _check_alone(merge, point, points.tree)
            found.append(merge)
        else:
            _check_leaf(disk, point, points.tree)
    return found


def _others(
    target: str, point: SnapshotConfig, tree: Mapping[str, SnapshotConfig], kind: str = "external"
) -> Iterator[tuple[str, Disk]]:
    """The disk in the records of other snapshots that keep it so."""
    for other in tree.values():
        if other is point or not other.domain:
            continue
        for row in other.disks:
            if row.snapshot == kind:
                disk = find_disk(other.domain, row.name or "")
                if disk.target.dev == target:
                    yield other.name or "", disk


def _check_alone(merge: _Merge, point: SnapshotConfig, tree: Mapping[str, SnapshotConfig]) -> None:
    """See that no other snapshot needs the image that changes, or the one that goes.

    Raises:
        InvalidState: One does.
    """
    line = {link.path for link in merge.links}
    for name, disk in _others(merge.target, point, tree):
        same = disk.path == merge.base.path
        aside = disk.path not in line and {merge.base.path, merge.gone.path} & set(_chain(disk))
        if same or aside:
            raise _needed(point, name, merge.base, merge.target)
    for name, disk in _others(merge.target, point, tree, "internal"):
        if disk.path == merge.gone.path:
            raise _needed(point, name, merge.gone, merge.target)


def _needed(point: SnapshotConfig, name: str, image: Link, target: str) -> InvalidState:
    return InvalidState(
        f"snapshot {point.name!r} cannot be deleted: snapshot {name!r} needs the image "
        f"{image.path} of disk {target} as it is",
        hint=f"delete snapshot {name!r} first",
    )


def _check_leaf(disk: Disk, point: SnapshotConfig, tree: Mapping[str, SnapshotConfig]) -> None:
    """See that no other snapshot was made from one that the domain does not come from.

    Raises:
        InvalidState: One was: what it has must be merged, and nobody is on it.
    """
    for name, other in _others(disk.target.dev or "", point, tree):
        if disk.path != other.path and disk.path in _chain(other):
            raise InvalidState(
                f"snapshot {point.name!r} cannot be deleted: snapshot {name!r} was made from it, "
                "and the domain does not come from it now",
                hint=f"revert to snapshot {name!r} first, or delete that",
            )


async def delete_external(
    engine: Engine, domain: ManagedDomain, points: Points, point: SnapshotConfig
) -> None:
    """Have the images forget a snapshot: what was written since it goes into its image.

    Raises:
        InvalidState: Another snapshot would lose its data.
        HostError: QEMU or an image cannot; what was merged stays so, and nothing is lost.

    Cancellation: the disk that is merged just then stays as it was; nothing is lost.
    """
    merges = await to_thread.run_sync(_merges, domain, point, points)
    for merge in merges:
        if merge.gone.path is not None:
            await points.note_images([merge.gone.path])  # also for the next process
        try:
            if domain.live is not None:
                await merge_live(engine, domain, merge.target, merge.links, merge.top)
            else:
                await merge_off(engine, domain, merge.target, merge.links, merge.top)
        finally:
            with anyio.CancelScope(shield=True):  # it may be done although it was given up
                if await to_thread.run_sync(_is_done, domain, merge):
                    await _rewrite(points, point, merge)
    if point.memory.snapshot == "external" and point.memory.file:
        await remove_files([point.memory.file])


def _is_done(domain: ManagedDomain, merge: _Merge) -> bool:
    with suppress(AiovirtError):
        return merge.gone.path not in {link.path for link in _links(domain, merge.target)}
    return False


async def _rewrite(points: Points, point: SnapshotConfig, merge: _Merge) -> None:
    """Let the records of those made from the image that goes name the one that has its data."""
    into = replace(merge.base, number=0, written=True)
    for other in list(points.tree.values()):
        if other is point or not other.domain:
            continue
        changed = False
        for config in (other.domain, other.inactive):
            for disk in config.disks if config else ():
                if disk.target.dev == merge.target and disk.path == merge.gone.path:
                    relink(disk, [into])
                    changed = True
        if changed:
            await points.put(other)


def on_images(config: DomainConfig, overlays: Sequence[Overlay]) -> DomainConfig:
    """A configuration whose disks are on new images."""
    changed = config.copy()
    for overlay in overlays:
        relink(find_disk(changed, overlay.target), [overlay.link()])
    return changed
