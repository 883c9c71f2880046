"""Taking external snapshots: of the disks alone, or with the memory in a file, of one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio import to_thread

from aiovirt.config import SnapshotConfig
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.freezing import frozen
from aiovirt.drivers.qemu.engine.memoryfile import memory_written, unfinished
from aiovirt.drivers.qemu.engine.overlays import (
    Overlay,
    close_overlays,
    go_over,
    make_for,
    remove_files,
    take_overlays,
)
from aiovirt.drivers.qemu.engine.saving import Saving, go_on, head_of
from aiovirt.drivers.qemu.engine.stop import halt
from aiovirt.drivers.qemu.engine.worknotes import NewImage, WorkNote, note_work
from aiovirt.drivers.qemu.store.points import PointStore
from aiovirt.errors import AlreadyExists, ConfigError, InvalidState
from aiovirt.model.domain import DomainState, StateReason

__all__ = ["Taking", "take_external"]


@dataclass(frozen=True)
class Taking:
    """How a snapshot is taken.

    Attributes:
        reuse: Whether the new images are there already.
        live: Whether the guest runs on while its memory is written.
        quiesce: Whether its agent freezes its file systems meanwhile.
        kept: Whether a record of it is kept.
    """

    reuse: bool
    live: bool
    quiesce: bool
    kept: bool


async def take_external(
    engine: Engine,
    domain: ManagedDomain,
    point: SnapshotConfig,
    points: PointStore[SnapshotConfig],
    how: Taking,
) -> None:
    """Let a domain go on in new images, and write its memory into a file if that is wanted.

    What the snapshot leaves open of its disks is filled in.

    Raises:
        ConfigError: There is no such disk, or no name can be found for a new image.
        AlreadyExists: There is such a file.
        InvalidState: It is off and has no memory, or no agent can freeze it.
        HostError: It failed; the domain goes on in the old images.

    Cancellation: the domain goes on in the old images, and no file is left.
    """
    with_memory = point.memory.snapshot == "external"
    _check(domain, point, how, with_memory=with_memory)
    if with_memory:
        await to_thread.run_sync(_check_free, point.memory.file or "", how)
    overlays = take_overlays(domain.config(), point, reuse=how.reuse)
    paths = [] if how.reuse else [each.path for each in overlays]
    if how.kept:
        await points.note_images(paths)
    if domain.live is not None:
        await note_work(domain.live, _note(domain, point, overlays, how))
    try:
        if not how.reuse:
            await make_for(engine, domain, overlays)
        if with_memory:
            # a QEMU that has written its memory lets nothing be put on what it had open before
            await close_overlays(domain, overlays)
            await _with_memory(engine, domain, Path(point.memory.file or ""), overlays, how)
        else:
            async with frozen(domain, wanted=how.quiesce):
                await go_over(engine, domain, overlays, made=not how.reuse)
    except BaseException:
        with anyio.CancelScope(shield=True):
            on = {disk.path for disk in domain.config().disks}
            await close_overlays(domain, [each for each in overlays if each.path not in on])
            gone = [path for path in paths if path not in on]
            await remove_files(gone)
            if how.kept:
                await points.note_images((), gone=gone)
        raise


def _note(
    domain: ManagedDomain,
    point: SnapshotConfig,
    overlays: Sequence[Overlay],
    how: Taking,
) -> WorkNote:
    """What the next process must know of it; who calls forgets it when all is written down."""
    memory = point.memory.file
    files = [str(unfinished(Path(memory)))] if memory else []
    if not how.reuse:
        files += [each.path for each in overlays] + ([memory] if memory else [])
    return WorkNote(
        ran=domain.state is DomainState.RUNNING,
        files=files,
        images=[NewImage(*each) for each in overlays],
        snapshot=point.name,
    )


def _check(domain: ManagedDomain, point: SnapshotConfig, how: Taking, *, with_memory: bool) -> None:
    if with_memory and domain.live is None:
        raise InvalidState(f"domain {domain.name!r} is off: it has no memory to keep")
    if point.memory.snapshot == "internal":
        raise ConfigError(
            "the memory cannot be inside of images while disks go on in others",
            field="memory/@snapshot",
        )
    if how.quiesce and (with_memory or domain.live is None):
        raise InvalidState("only a running domain's disks alone can be quiesced (--disk-only)")


def _check_free(path: str, how: Taking) -> None:
    if not how.reuse and Path(path).exists():
        raise AlreadyExists(f"there is a file {path} already: no memory can be kept there")


async def _with_memory(
    engine: Engine,
    domain: ManagedDomain,
    path: Path,
    overlays: Sequence[Overlay],
    how: Taking,
) -> None:
    live, monitor = domain.running(), domain.monitor()
    ran = domain.state is DomainState.RUNNING
    head = head_of(engine, live, path, Saving(), runs=ran)
    try:
        if ran and not how.live:
            await halt(domain, StateReason.PAUSED_SNAPSHOT)
        elif ran:
            live.pause = StateReason.PAUSED_SNAPSHOT  # QEMU stops it itself when all is written
        async with memory_written(monitor, path, head):
            await go_over(engine, domain, overlays, made=False)
    finally:
        with anyio.CancelScope(shield=True):
            await go_on(domain, ran=ran)
