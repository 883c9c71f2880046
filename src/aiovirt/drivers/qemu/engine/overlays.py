"""External snapshots: the domain goes on in new images over the old ones, which keep the moment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import anyio
from anyio import to_thread

from aiovirt.config import Disk, DomainConfig, SnapshotConfig
from aiovirt.config.snapshot import SnapshotDisk
from aiovirt.drivers.qemu.argv.disks import format_node
from aiovirt.drivers.qemu.engine.bitmaps import add_action, ask_bitmaps
from aiovirt.drivers.qemu.engine.blockjobs import (
    Top,
    follow_in_definition,
    live_links,
    top_of,
)
from aiovirt.drivers.qemu.engine.chains import Link, links_of, relink
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.images import image_facts, kind_in_file, make_image
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.nodes import find_disk, next_number
from aiovirt.drivers.qemu.engine.opening import close_image, make_new_image, open_image
from aiovirt.drivers.qemu.engine.snapshots import snapshot_disks
from aiovirt.drivers.qemu.engine.transient import refuse_transient
from aiovirt.errors import AiovirtError, AlreadyExists, ConfigError

__all__ = [
    "Overlay",
    "close_overlays",
    "go_over",
    "make_for",
    "make_overlays",
    "overlay_name",
    "remove_files",
    "take_overlays",
    "write_down",
]

_EXTERNAL: Final = "external"

Make: TypeAlias = Callable[[Disk, "Overlay", str], Awaitable[None]]
"""Makes the image of a disk's overlay; the text is the format of the image behind it."""


class Overlay(NamedTuple):
    """A new image over a disk's old one."""

    target: str
    path: str
    kind: str
    number: int
    type: str = "file"

    def link(self) -> Link:
        """It as the topmost image of a chain."""
        link = Link.at(self.path, self.kind, self.number)
        if self.type == "block":
            link.source.file, link.source.dev = None, self.path
        return replace(link, type=self.type, written=True)


# --- what is to be made ---------------------------------------------------------------------------


def take_overlays(
    config: DomainConfig, snapshot: SnapshotConfig, *, reuse: bool
) -> Sequence[Overlay]:
    """The new images; what the snapshot leaves open of its disks is filled in.

    Raises:
        ConfigError: There is no such disk, or no name can be found for a new image.
        AlreadyExists: There is such a file.
    """
    refuse_transient(config, "no snapshot can be made of it")
    given = {disk.name: disk for disk in snapshot.disks}
    for name in given:
        if name is not None:
            find_disk(config, name)
    found: list[Overlay] = []
    first = next_number(config)
    for disk in snapshot_disks(config):
        row = given.get(disk.target.dev) or given.get(disk.path)
        if row is None:
            kept = disk.snapshot if disk.snapshot in {"no", "manual"} else _EXTERNAL
            snapshot.disks.append(SnapshotDisk(name=disk.target.dev, snapshot=kept))
            row = snapshot.disks[-1]
        if row.snapshot not in {"no", "manual"}:
            path = _settled(disk, row, snapshot.name or "", reuse=reuse)
            kind, number = row.format or "qcow2", first + len(found)
            found.append(Overlay(disk.target.dev or "", path, kind, number, row.type or "file"))
    if not found:
        raise ConfigError("the domain has no disk for a snapshot", field="disks")
    return found


def _settled(disk: Disk, row: SnapshotDisk, name: str, *, reuse: bool) -> str:
    """The path of a new image; what the snapshot leaves open of it is filled in."""
    if row.snapshot == "internal":
        raise ConfigError(
            f"disk {disk.target.dev} cannot keep the snapshot inside while others get new images",
            field="disk/@snapshot",
        )
    row.snapshot = _EXTERNAL
    if row.source.file is None and row.source.dev is None:
        row.type, row.source.file = "file", overlay_name(disk, name)
    row.format = row.format or "qcow2"
    path = row.source.file or row.source.dev or ""
    if not reuse and row.source.dev is None and Path(path).exists():
        raise AlreadyExists(f"there is a file {path} already: no new image can be made there")
    return path


def overlay_name(disk: Disk, name: str) -> str:
    """The path of a new image: the old one's, with a name for a suffix."""
    if disk.type == "block":
        raise ConfigError(
            f"disk {disk.target.dev} is a block device: the snapshot must name an image",
            field="disk/source",
        )
    path = Path(disk.path or "")
    return str(path.with_name(f"{path.stem}.{name}"))


# --- making them ----------------------------------------------------------------------------------


async def make_overlays(
    config: DomainConfig, overlays: Sequence[Overlay], make: Make | None = None
) -> None:
    """Make the images; none stays when one cannot be made.

    Args:
        config: The domain, on its old images.
        overlays: The new ones.
        make: What makes one; None for a domain that is off.

    Raises:
        HostError: One cannot.
    """
    try:
        for overlay in overlays:
            disk = find_disk(config, overlay.target)
            encryption = links_of(disk, 0)[0].source.encryption or None
            kind = kind_in_file(disk.driver.type or "raw", encryption)
            await (make or _make)(disk, overlay, kind)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await remove_files([overlay.path for overlay in overlays])
        raise


async def _make(disk: Disk, overlay: Overlay, kind: str) -> None:
    facts = await image_facts(disk.path or "", kind)
    backing = (disk.path or "", kind)
    await make_image(overlay.path, overlay.kind, facts.virtual_size, backing=backing)


async def make_for(engine: Engine, domain: ManagedDomain, overlays: Sequence[Overlay]) -> None:
    """Make the images for a domain as it is; errors as `make_overlays`.

    A QEMU that runs has opened some of it then, also when this fails: `close_overlays`.
    """
    live = domain.live

    async def make(disk: Disk, overlay: Overlay, kind: str) -> None:
        top = await top_of(domain.monitor(), domain.running().config, disk)
        new, backing = _moved(disk, overlay), (disk.path or "", kind)
        size = top.image.image.virtual_size
        await make_new_image(engine, domain.running(), new, overlay.number, size, backing=backing)

    await make_overlays(domain.config(), overlays, make if live is not None else None)


def _moved(disk: Disk, overlay: Overlay) -> Disk:
    """The disk, on its new image alone."""
    new = disk.copy()
    relink(new, [overlay.link()])
    return new


async def remove_files(paths: Sequence[str]) -> None:
    """Remove files; one that is not there, or no file, is no error."""

    def work() -> None:
        for path in map(Path, paths):
            with suppress(OSError):
                if path.is_file():
                    path.unlink()

    await to_thread.run_sync(work)


async def close_overlays(domain: ManagedDomain, overlays: Sequence[Overlay]) -> None:
    """Have a QEMU that runs close images that it does not go on in."""
    if domain.live is not None:
        with suppress(AiovirtError):
            for overlay in overlays:
                await close_image(domain.live, domain.monitor(), overlay.number)


async def go_over(
    engine: Engine, domain: ManagedDomain, overlays: Sequence[Overlay], *, made: bool
) -> None:
    """Let the domain go on in images, in all from the same moment.

    Args:
        engine: The driver.
        domain: The domain.
        overlays: The images.
        made: Whether `make_for` has just made them.

    Raises:
        RemoteError: QEMU refused; the domain goes on in the old images.
    """
    live = domain.live
    if live is not None:
        await _switch(engine, live, domain.monitor(), overlays, made=made)
    with anyio.CancelScope(shield=True):
        await write_down(engine, domain, live, overlays)


async def _switch(
    engine: Engine,
    live: LiveDomain,
    monitor: BoundedMonitor,
    overlays: Sequence[Overlay],
    *,
    made: bool,
) -> None:
    actions: list[dict[str, object]] = []
    for overlay in overlays:
        disk = find_disk(live.config, overlay.target)
        top = await top_of(monitor, live.config, disk)
        new = _moved(disk, overlay)
        await open_image(engine, live, monitor, new, overlay.number, backing=True, made=made)
        node = format_node(overlay.number)
        data: dict[str, object] = {"node": top.node, "overlay": node}
        actions.append({"type": "blockdev-snapshot", "data": data})
        noted = await _noted(monitor, top) if overlay.kind == "qcow2" else []
        actions += [add_action(node, bitmap) for bitmap in noted]
    with anyio.CancelScope(shield=True):  # who gives up now must know whether it was done
        await monitor.execute("transaction", {"actions": actions})


async def _noted(monitor: BoundedMonitor, top: Top) -> list[str]:
    """The bitmaps of a disk's image that are kept and note what is written."""
    if top.image.node_name == top.node:
        return [each.name for each in top.image.dirty_bitmaps if each.name and each.whole]
    return (await ask_bitmaps(monitor)).whole(top.node)  # what was told is of a filter above it


async def write_down(
    engine: Engine,
    domain: ManagedDomain,
    live: LiveDomain | None,
    overlays: Sequence[Overlay],
) -> None:
    """Write that the disks of a domain are on new images, if it does not stand there yet."""
    for overlay in overlays:
        disk = find_disk(domain.config(), overlay.target)
        before = disk.path
        if before == overlay.path:
            continue
        behind = live_links(domain.config(), disk) if live is not None else links_of(disk, 0)
        links = [overlay.link(), *(replace(link, written=False) for link in behind)]
        if live is not None:
            relink(disk, links)
            domain.touched()
            domain.updated = True
            await engine.save_status(domain, live)
        await follow_in_definition(engine, domain, overlay.target, before, links)
