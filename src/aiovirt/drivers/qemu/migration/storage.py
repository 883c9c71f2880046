"""A moving guest's disks: the destination serves its images by NBD, the source mirrors to them.

A mirror goes on until the guest stands still for the last of its memory; then it is ended, and the
two images are the same.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import anyio

from aiovirt.clients.qmp import EventStream
from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.argv.disks import format_node
from aiovirt.drivers.qemu.engine.blockjobs import top_of
from aiovirt.drivers.qemu.engine.images import make_image
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.nodes import find_disk, number_of
from aiovirt.drivers.qemu.migration.encryption import CREDENTIALS
from aiovirt.drivers.qemu.migration.parameters import COPY_NEWEST, SYNCHRONOUS, TLS, Wishes
from aiovirt.drivers.qemu.migration.places import Place
from aiovirt.drivers.qemu.migration.watching import mirrors_of
from aiovirt.drivers.qemu.store.settings import Owner
from aiovirt.errors import AiovirtError, ConfigError, ConnectionLost, HostError, Unresponsive
from aiovirt.protocols.qmp.commands import BlockdevAdd, BlockdevDel, QueryBlockJobs

__all__ = [
    "MIRROR_EVENTS",
    "Mirrors",
    "clean_mirrors",
    "copied",
    "export",
    "make_images",
    "mirrored",
    "remove_images",
    "serve",
    "sizes",
    "stop_serving",
    "target_of",
]

MIRROR_EVENTS: Final = (
    "BLOCK_JOB_READY",
    "BLOCK_JOB_COMPLETED",
    "BLOCK_JOB_CANCELLED",
    "BLOCK_JOB_ERROR",
)
_OVER: Final = ("BLOCK_JOB_COMPLETED", "BLOCK_JOB_CANCELLED")
_END_BOUND_S: Final = 60.0


def copied(config: DomainConfig, wishes: Wishes) -> list[Disk]:
    """The disks that are copied: those that were named, or all that the guest alone writes.

    Raises:
        NotFound: One that was named is not there.
        ConfigError: One is an empty drive.
    """
    if not wishes.copies:
        return []
    if not wishes.disks:
        disks = config.disks
        return [disk for disk in disks if disk.path and not disk.readonly and not disk.shareable]
    named = [find_disk(config, name) for name in wishes.disks]
    for disk in named:
        if disk.path is None:
            raise ConfigError(f"the drive {disk.target.dev} is empty: it cannot be copied")
    return named


def target_of(disk: Disk) -> str:
    """Where a guest sees a disk."""
    return disk.target.dev or ""


def _export(disk: Disk) -> str:
    """What libvirt calls the export of a disk."""
    return f"drive-{disk.alias}"


# --- the destination ----------------------------------------------------------------------------


async def make_images(
    disks: Sequence[Disk],
    sizes: Mapping[str, int],
    wishes: Wishes,
    owner: Owner | None,
    made: list[Path],
) -> None:
    """Make the images that are not there; each is noted in `made` before it is begun.

    Raises:
        ConfigError: One cannot be made.
        HostError: The disk is full, or the folder is not there.
    """
    for disk in disks:
        path = Path(disk.path or "")
        if disk.type != "file" or await anyio.Path(path).exists():
            continue
        if wishes.flags & COPY_NEWEST or target_of(disk) not in sizes:
            raise ConfigError(
                f"the image {path} of the disk {target_of(disk)} is not there",
                field="source",
                hint="make it first, over the same image that it has behind it at the source",
            )
        made.append(path)
        await make_image(str(path), disk.driver.type or "raw", sizes[target_of(disk)])
        if owner is not None:
            os.chown(path, owner.uid, owner.gid)


def remove_images(made: list[Path]) -> None:
    """Remove images of a guest that did not arrive."""
    while made:
        with suppress(OSError):
            made.pop().unlink(missing_ok=True)


async def serve(monitor: BoundedMonitor, flags: int, place: Place) -> None:
    """Listen for the source, which is to write to the images that are exported then.

    Raises:
        QMPCommandError: Somebody has that place.
    """
    secret = {"tls-creds": CREDENTIALS} if flags & TLS else {}
    await monitor.execute("nbd-server-start", {"addr": place.listening, **secret})


async def export(monitor: BoundedMonitor, config: DomainConfig, disks: Sequence[Disk]) -> None:
    """Let the source write to the images of a guest that is awaited."""
    for disk in disks:
        node = format_node(number_of(config, disk))
        await monitor.execute(
            "block-export-add",
            {
                "type": "nbd",
                "id": f"move-{target_of(disk)}",
                "node-name": node,
                "name": _export(disk),
                "writable": True,
            },
        )


async def stop_serving(monitor: BoundedMonitor) -> None:
    """End that; a QEMU that serves nothing is no error."""
    with suppress(AiovirtError):
        await monitor.execute("nbd-server-stop")


# --- the source ---------------------------------------------------------------------------------


async def sizes(
    monitor: BoundedMonitor, config: DomainConfig, disks: Sequence[Disk]
) -> dict[str, int]:
    """How large each disk is for its guest, by its target."""
    return {
        target_of(disk): (await top_of(monitor, config, disk)).image.image.virtual_size
        for disk in disks
    }


class Mirrors:
    """The mirrors of a guest that moves."""

    def __init__(self, monitor: BoundedMonitor, disks: Sequence[Disk]) -> None:
        self._monitor = monitor
        self._names = {f"move-{target_of(disk)}" for disk in disks}
        self._disks = disks

    async def start(
        self, config: DomainConfig, wishes: Wishes, place: Place, told: EventStream
    ) -> None:
        """Begin them; returns when each has all, and follows what the guest writes.

        Raises:
            HostError: One has failed.
        """
        for disk in self._disks:
            await self._start(config, wishes, place, disk)
        await self._until(told, self._names, "BLOCK_JOB_READY")

    async def _start(self, config: DomainConfig, wishes: Wishes, place: Place, disk: Disk) -> None:
        name = f"move-{target_of(disk)}"
        await self._monitor.allowed("migrate", {"uri": place.for_qemu})
        await self._monitor.call(BlockdevAdd("nbd", name, _server(wishes, place, disk)))
        top = await top_of(self._monitor, config, disk)
        arguments: dict[str, object] = {
            "job-id": name,
            "device": top.node,
            "target": name,
            "sync": "top" if wishes.flags & COPY_NEWEST else "full",
            "on-target-error": "report",
        }
        if wishes.flags & SYNCHRONOUS:
            arguments["copy-mode"] = "write-blocking"
        if wishes.bandwidth:
            arguments["speed"] = wishes.bandwidth << 20
        await self._monitor.execute("blockdev-mirror", arguments)

    def failed(self, name: str, data: Mapping[str, object]) -> str | None:
        """What is wrong with one of ours, by an event; None when nothing is."""
        device = str(data.get("device"))
        if device not in self._names:
            return None
        if name == "BLOCK_JOB_ERROR" or (name in _OVER and data.get("error")):
            return f"copying {device.removeprefix('move-')} failed: {data.get('error', 'an error')}"
        return None

    async def finish(self, told: EventStream) -> None:
        """End them, now that the guest writes no more; returns when the copies are whole.

        Raises:
            HostError: One has failed.
        """
        for name in self._names:
            await self._monitor.execute("block-job-cancel", {"device": name})
        with anyio.move_on_after(_END_BOUND_S):
            await self._until(told, self._names, *_OVER)
            return
        raise Unresponsive(f"the copies of the disks were not whole within {_END_BOUND_S:g} s")

    async def _until(self, told: EventStream, names: set[str], *events: str) -> None:
        """Wait until one of these events was told of each."""
        left = set(names)
        if not left:
            return
        async for event in told:
            problem = self.failed(event.name, event.data)
            if problem is not None:
                raise HostError(problem)
            if event.name in events:
                left.discard(str(event.data.get("device")))
            if not left:
                return
        raise ConnectionLost("QEMU ended while its disks were copied", maybe_done=False)


def _server(wishes: Wishes, place: Place, disk: Disk) -> dict[str, object]:
    """How a disk of the destination is reached."""
    server: dict[str, object] = {"server": place.address, "export": _export(disk)}
    if wishes.flags & TLS:
        server["tls-creds"] = CREDENTIALS
        server["tls-hostname"] = wishes.tls_destination or place.host
    return server


@asynccontextmanager
async def mirrored(monitor: BoundedMonitor, disks: Sequence[Disk]) -> AsyncIterator[Mirrors]:
    """A block in which disks are mirrored; nothing of that is left after it."""
    try:
        yield Mirrors(monitor, disks)
    finally:
        if disks:
            with anyio.CancelScope(shield=True):
                await clean_mirrors(monitor, disks)


async def clean_mirrors(monitor: BoundedMonitor, disks: Sequence[Disk]) -> None:
    """Break off what mirrors are left, and have QEMU forget where they went."""
    with suppress(AiovirtError), anyio.move_on_after(_END_BOUND_S):
        async with monitor.qmp.events(*_OVER) as told:
            await _break_off(monitor, told)
    for disk in disks:
        with suppress(AiovirtError):
            await monitor.call(BlockdevDel(f"move-{target_of(disk)}"))


async def _break_off(monitor: BoundedMonitor, told: EventStream) -> None:
    """End all mirrors, whole or not; returns when they have ended."""
    left = {job.device for job in mirrors_of(await monitor.call(QueryBlockJobs()))}
    for name in left:
        with suppress(AiovirtError):
            await monitor.execute("block-job-cancel", {"device": name, "force": True})
    if not left:
        return
    async for event in told:
        left.discard(str(event.data.get("device")))
        if not left:
            return
