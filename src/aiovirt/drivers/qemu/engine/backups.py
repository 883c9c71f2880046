"""Copies of a running domain's disks, all from one moment: written by QEMU, or read by others.

A push backup ends when all is copied.  A pull backup lets others read the disks as they were, from
QEMU's NBD server, until it is given up; what is written meanwhile goes to scratch images first.
What is under way stands in a file of the domain's folder, so that another process can go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.lowlevel
from anyio import to_thread

from aiovirt.clients.qmp import EventStream
from aiovirt.config import BackupConfig, Disk
from aiovirt.drivers.qemu.argv.disks import format_node
from aiovirt.drivers.qemu.engine.backupplan import PULL, Part, parts_of
from aiovirt.drivers.qemu.engine.bitmaps import add_action, ask_bitmaps, merge_action
from aiovirt.drivers.qemu.engine.blockjobs import JobName, top_of
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.moves import Work
from aiovirt.drivers.qemu.engine.nbd import open_exports, stop_exports
from aiovirt.drivers.qemu.engine.nodes import find_disk
from aiovirt.drivers.qemu.engine.opening import close_image, make_new_image, open_image
from aiovirt.drivers.qemu.engine.overlays import remove_files
from aiovirt.drivers.qemu.engine.snapshots import check_idle
from aiovirt.errors import (
    AiovirtError,
    AlreadyExists,
    ConfigError,
    ConnectionLost,
    InvalidState,
    NotFound,
)
from aiovirt.host.files import remove_durably, write_atomically
from aiovirt.model.constants import DomainJobOperation
from aiovirt.model.events import JobCompletedEvent
from aiovirt.model.jobs import JobKind, JobStats
from aiovirt.model.params import ParamType, ParamValue, Typed
from aiovirt.protocols.qmp.commands import QueryBlockJobs

__all__ = ["NO_CHECKPOINT", "BackupJob", "Noted", "adopt_backup", "begin_backup"]

_ENDS: Final = ("BLOCK_JOB_COMPLETED", "BLOCK_JOB_CANCELLED")
_NOTE: Final = "backup.xml"
_MADE: Final = "backup.made"


def _of_no_disk() -> BackupConfig:
    return BackupConfig()


@dataclass
class BackupJob(Work):
    """A backup under way: one job of QEMU's for each disk.

    Attributes:
        config: What is copied, with what was filled in.
        monitor: QEMU's.
        parts: What is done for each disk.
        made: The files that were made for it.
        noted: The disks that have bitmaps of a checkpoint since it began, with their names.
        given_up: Whether somebody gave it up.
        failed: What went wrong, or None.
        copied: By part that has ended how many bytes it had to copy, and did.
    """

    config: BackupConfig = field(default_factory=_of_no_disk)
    monitor: BoundedMonitor | None = None
    parts: Sequence[Part] = ()
    made: list[str] = field(default_factory=list)
    noted: Sequence[tuple[Disk, str]] = ()
    given_up: bool = False
    failed: str | None = None
    copied: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def pulled(self) -> bool:
        """Whether others read it."""
        return self.config.mode == PULL

    async def abort(self) -> None:
        """See `Job.abort`."""
        self.given_up = True
        for part in self.parts:
            if self.monitor is not None:
                with suppress(AiovirtError):
                    arguments = {"device": str(part.job), "force": True}
                    await self.monitor.execute("block-job-cancel", arguments)

    async def stats(self) -> JobStats:
        """See `Job.stats`."""
        found = dict(self.copied)
        ours = {str(part.job) for part in self.parts}
        if self.monitor is not None:
            with suppress(AiovirtError):
                for job in await self.monitor.call(QueryBlockJobs()):
                    if job.device in ours:
                        found[job.device] = (job.len_, job.offset)
        total, done = (sum(each) for each in zip((0, 0), *found.values(), strict=True))
        sizes = {"disk_total": total, "disk_processed": done, "disk_remaining": total - done}
        if self.pulled:  # others read it: what grows is what the guest overwrites
            sizes = {"disk_temp_total": total, "disk_temp_used": await _occupied(self.made)}
        figures: dict[str, ParamValue] = {
            **self.figures(),
            **{name: Typed(ParamType.ULLONG, max(size, 0)) for name, size in sizes.items()},
        }
        return JobStats(JobKind.UNBOUNDED, figures)


@dataclass(frozen=True)
class Noted:
    """A checkpoint that is made at the moment of a backup.

    Attributes:
        disks: The disks whose writes are noted from then on, with the names of their bitmaps.
        record: A block in which its bitmaps may be made; one that fails leaves no record of it.
    """

    disks: Sequence[tuple[Disk, str]]
    record: AbstractAsyncContextManager[None]


NO_CHECKPOINT: Final = Noted((), nullcontext())


async def _occupied(paths: Sequence[str]) -> int:
    """What files occupy, in bytes; those that are gone count for nothing."""

    def look() -> int:
        total = 0
        for path in paths:
            with suppress(OSError):
                total += Path(path).stat().st_blocks * 512  # stat(2): in units of 512 bytes
        return total

    return await to_thread.run_sync(look)


async def begin_backup(
    engine: Engine,
    domain: ManagedDomain,
    config: BackupConfig,
    noted: Noted,
    *,
    reuse: bool,
) -> None:
    """Begin to copy disks; the job goes on by itself.

    Args:
        engine: The driver.
        domain: Which domain.
        config: What is copied to where; what it leaves open is filled in.
        noted: The checkpoint that is made at the same moment, or `NO_CHECKPOINT`.
        reuse: Whether the images to copy to are there.

    Raises:
        InvalidState: The domain is at another job, or others shall read what was written since a
            checkpoint that does not tell it any more.
        AlreadyExists: There is such a file.
        HostError: An image cannot be made.

    Cancellation: nothing has begun, and no file is left.
    """
    check_idle(domain)
    live, monitor = domain.running(), domain.monitor()
    parts = parts_of(live.config, config, await ask_bitmaps(monitor))
    job = BackupJob(DomainJobOperation.BACKUP, config=config, monitor=monitor, parts=parts)
    domain.job = job
    async with AsyncExitStack() as recording, AsyncExitStack() as stack:
        told = await stack.enter_async_context(monitor.qmp.events(*_ENDS))
        try:
            await _begin(engine, live, job, noted, recording, reuse=reuse)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await job.abort()
                await _clear(live, job, monitor, failed=True)
                await _drop_bitmaps(live, job.noted)
            domain.job = None
            raise
        rest = stack.pop_all()
    engine.tasks.start_soon(_follow, engine, domain, live, job, _Listening(monitor, told, rest))


@dataclass(frozen=True)
class _Listening:
    """Events that are heard since before a backup began."""

    monitor: BoundedMonitor
    told: EventStream
    stack: AsyncExitStack


async def _begin(
    engine: Engine,
    live: LiveDomain,
    job: BackupJob,
    noted: Noted,
    recording: AsyncExitStack,
    *,
    reuse: bool,
) -> None:
    monitor = _connected(live)
    actions: list[dict[str, object]] = []
    for disk, bitmap in noted.disks:
        actions.append(add_action((await top_of(monitor, live.config, disk)).node, bitmap))
    if not reuse:
        job.made += await to_thread.run_sync(_to_be_made, job)
    await _note_made(live, job)
    for part in job.parts:
        top = await top_of(monitor, live.config, find_disk(live.config, part.target))
        await _make(engine, live, job, part, top.image.image.virtual_size, reuse=reuse)
        actions += _actions(part, pulled=job.pulled)
    await _note(live, job)
    await recording.enter_async_context(noted.record)
    await anyio.lowlevel.checkpoint_if_cancelled()
    with anyio.CancelScope(shield=True):
        await monitor.execute("transaction", {"actions": actions})
    job.noted = noted.disks
    if job.pulled:
        await open_exports(engine, monitor, job.config, job.parts)


def _connected(live: LiveDomain) -> BoundedMonitor:
    """QEMU's monitor.

    Raises:
        ConnectionLost: It was closed.
    """
    if live.monitor is None:
        raise ConnectionLost("the monitor was closed", maybe_done=False)
    return live.monitor


def _to_be_made(job: BackupJob) -> list[str]:
    """The files that are to be made.

    Raises:
        AlreadyExists: One is there.
    """
    found = [part.image.path or "" for part in job.parts if part.image.type == "file"]
    for path in found:
        if Path(path).exists():
            raise AlreadyExists(f"there is a file {path} already: no backup can be made there")
    return found


async def _make(
    engine: Engine, live: LiveDomain, job: BackupJob, part: Part, size: int, *, reuse: bool
) -> None:
    """Make the image that a part writes to, and have QEMU open it."""
    kind = part.image.driver.type or "raw"
    made = not reuse and (part.image.type == "file" or kind != "raw")
    if made:
        await make_new_image(engine, live, part.image, part.number, size)
    backing = part.node if job.pulled else True
    monitor = _connected(live)
    image, number = part.image, part.number
    await open_image(engine, live, monitor, image, number, backing=backing, made=made)


def _actions(part: Part, *, pulled: bool) -> list[dict[str, object]]:
    """The parts of the transaction for one disk."""
    actions: list[dict[str, object]] = []
    data: dict[str, object] = {
        "job-id": str(part.job),
        "device": part.node,
        "target": format_node(part.number),
        "sync": "none" if pulled else "full",
    }
    if part.since is not None:
        actions.append(add_action(part.node, part.bitmap, persistent=False, disabled=True))
        actions.append(merge_action(part.node, part.bitmap, part.sources, part.since))
        if not pulled:
            data |= {"sync": "bitmap", "bitmap": part.bitmap, "bitmap-mode": "never"}
    return [*actions, {"type": "blockdev-backup", "data": data}]


async def _drop_bitmaps(live: LiveDomain, checkpoint: Sequence[tuple[Disk, str]]) -> None:
    """Let the images forget a checkpoint that was to be made with a backup."""
    for disk, bitmap in checkpoint:
        with suppress(AiovirtError):
            monitor = _connected(live)
            node = (await top_of(monitor, live.config, disk)).node
            await monitor.execute("block-dirty-bitmap-remove", {"node": node, "name": bitmap})


async def _note_made(live: LiveDomain, job: BackupJob) -> None:
    """Write down what is being made: without more it is of no use to the next process."""
    made = "\0".join(job.made).encode()
    await write_atomically(live.folder / _MADE, made, durable=False)


async def _note(live: LiveDomain, job: BackupJob) -> None:
    """Write down what is under way, for the next process."""
    text = job.config.to_xml(secure=True).encode()
    await write_atomically(live.folder / _NOTE, text, durable=False)


# --- the end --------------------------------------------------------------------------------------


async def _follow(
    engine: Engine,
    domain: ManagedDomain,
    live: LiveDomain,
    job: BackupJob,
    first: _Listening | None = None,
) -> None:
    """Wait until all parts have ended, tidy up, and tell."""
    ended = False
    if first is not None:
        async with first.stack:
            with suppress(AiovirtError):
                ended = await _watch(first.monitor, first.told, job, new=True)
    if not ended:
        await _until_ended(live, job)
    params = (await job.stats()).params
    failed = job.given_up or job.failed is not None or live.ended.is_set()
    with anyio.CancelScope(shield=True):
        await _clear(live, job, live.monitor, failed=failed and not job.pulled)
    if domain.job is job:
        domain.job = None
    if job.failed is not None:
        params = {**params, "errmsg": Typed(ParamType.STRING, job.failed)}
    domain.ended_job = JobStats(_kind(live, job), params)
    engine.publish(JobCompletedEvent(time=engine.now(), domain=domain.key, params=params))


def _kind(live: LiveDomain, job: BackupJob) -> JobKind:
    if job.failed is not None:
        return JobKind.FAILED
    gone = job.given_up or live.ended.is_set()
    return JobKind.CANCELLED if gone else JobKind.COMPLETED


async def _until_ended(live: LiveDomain, job: BackupJob) -> None:
    """Return when no part is under way any more, or QEMU has ended; a part that fails ends all."""
    while not live.ended.is_set():
        monitor = live.monitor
        if monitor is None:
            with anyio.move_on_after(_LOOK_S):
                await live.ended.wait()
            continue
        job.monitor = monitor
        with suppress(AiovirtError):
            async with monitor.qmp.events(*_ENDS) as told:
                if await _watch(monitor, told, job):
                    return


_LOOK_S: Final = 0.5
"""How long to wait for a monitor that is being reached anew."""


async def _watch(
    monitor: BoundedMonitor, told: EventStream, job: BackupJob, *, new: bool = False
) -> bool:
    """Follow the parts on one connection; whether they have ended.

    Raises:
        ConnectionLost: It broke.
    """
    left = {str(part.job) for part in job.parts}
    if not new:
        left &= {each.device for each in await monitor.call(QueryBlockJobs())}
    while left:
        event = await anext(told, None)
        if event is None:
            raise ConnectionLost("the monitor was closed", maybe_done=True)
        device = str(event.data.get("device"))
        if device not in left:
            continue
        left.discard(device)
        size: Any = event.data.get("len", 0)
        offset: Any = event.data.get("offset", 0)
        job.copied[device] = (int(size), int(offset))
        error: Any = event.data.get("error")
        if error:
            job.failed = f"{device}: {error}"
        if (error or event.name == "BLOCK_JOB_CANCELLED") and not job.given_up:
            await job.abort()
    return True


async def _clear(
    live: LiveDomain, job: BackupJob, monitor: BoundedMonitor | None, *, failed: bool
) -> None:
    """Let QEMU forget all of it; scratch images go, and what was made of one that failed."""
    if monitor is not None:
        with suppress(AiovirtError):
            if job.pulled:
                await stop_exports(monitor, job.config)
            for part in job.parts:
                await _drop(live, monitor, part)
    if failed or job.pulled:
        await remove_files(job.made)
    for name in (_NOTE, _MADE):
        with suppress(AiovirtError):
            await remove_durably(live.folder / name)


async def _drop(live: LiveDomain, monitor: BoundedMonitor, part: Part) -> None:
    """Let QEMU forget what one disk's part had."""
    await close_image(live, monitor, part.number)
    if part.since is not None:
        with suppress(AiovirtError):
            arguments = {"node": part.node, "name": part.bitmap}
            await monitor.execute("block-dirty-bitmap-remove", arguments)


async def adopt_backup(engine: Engine, domain: ManagedDomain, live: LiveDomain) -> None:
    """Go on with the backup that an earlier process has begun, or clear away what is left of it.

    Raises:
        AiovirtError: QEMU does not answer.
    """
    if domain.job is not None:
        return
    try:
        made = (await to_thread.run_sync((live.folder / _MADE).read_text)).split("\0")
    except OSError:
        return
    try:
        text = await to_thread.run_sync((live.folder / _NOTE).read_bytes)
    except OSError:  # it has not begun
        await remove_files(made)
        await remove_durably(live.folder / _MADE)
        return
    monitor = domain.monitor()
    config = BackupConfig.parse(text)
    parts: Sequence[Part] = ()
    with suppress(ConfigError, InvalidState, NotFound):  # then all that is left is cleared away
        numbers = await _numbers(monitor)
        parts = parts_of(live.config, config, await ask_bitmaps(monitor), numbers=numbers)
    job = BackupJob(DomainJobOperation.BACKUP, config=config, monitor=monitor, parts=parts)
    job.made = [path for path in made if path]
    domain.job = job
    engine.tasks.start_soon(_follow, engine, domain, live, job)


async def _numbers(monitor: BoundedMonitor) -> dict[str, int]:
    """The numbers of the images of a backup under way, by the disks' targets."""
    names = [JobName.of(job.device) for job in await monitor.call(QueryBlockJobs())]
    return {name.disk: name.number for name in names if name and name.word == "backup"}
