"""Saving a running guest into a file, and letting one go on from it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import msgspec

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.devices import drop_live
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.memoryfile import (
    compression_for,
    memory_written,
    read_memory,
    unfinished,
)
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.moves import MemoryJob, at_work
from aiovirt.drivers.qemu.engine.snapshots import check_idle
from aiovirt.drivers.qemu.engine.start import Launching, start_in_turn
from aiovirt.drivers.qemu.engine.stop import end, goes_on, halt
from aiovirt.drivers.qemu.engine.transient import refuse_transient
from aiovirt.drivers.qemu.engine.worknotes import WorkNote, forget_work, note_work, noted_work
from aiovirt.drivers.qemu.store.saved import SavedHead, open_saved
from aiovirt.errors import AiovirtError, HostError
from aiovirt.host.files import remove_durably
from aiovirt.model.constants import DomainJobOperation
from aiovirt.model.domain import DomainState, StateReason
from aiovirt.model.events import LifecycleDetail
from aiovirt.protocols.qmp.commands import Cont

__all__ = [
    "Saving",
    "go_on",
    "head_of",
    "restore_in_turn",
    "save",
    "start_saved",
    "tell_restored",
]


@dataclass(frozen=True)
class Saving:
    """How a guest is saved.

    Attributes:
        config: What is kept in place of its own configuration.
        running: Whether it runs when it is restored; None for whether it runs now.
        bypass_cache: Whether the file is written past the host's cache.
    """

    config: DomainConfig | None = None
    running: bool | None = None
    bypass_cache: bool = False


def head_of(engine: Engine, live: LiveDomain, path: Path, how: Saving, *, runs: bool) -> SavedHead:
    """What stands before the memory of a running guest in a file.

    Raises:
        Unsupported: The host has no program for the file's format.
    """
    compression = compression_for(path, engine.settings.save_image_format)
    kept = (how.config or live.config).copy()
    drop_live(kept)
    running = runs if how.running is None else how.running
    return SavedHead(kept.to_xml(secure=True), running, compression)


async def save(engine: Engine, domain: ManagedDomain, path: Path, how: Saving) -> None:
    """Write a running guest into a file, and end it.

    Args:
        engine: The driver.
        domain: Which domain.
        path: The file, which then is whole; what it ends with may say a format, such as ``.gz``.
        how: What is kept, and how.

    Raises:
        InvalidState: It does not run, or somebody gave the job up.
        HostError: The file cannot be written. The guest goes on.
        Unsupported: The host has no program for the file's format.

    Cancellation: the guest goes on, and no file is left; once that is whole, it is saved.
    """
    async with domain.changes:
        live, monitor = domain.running(), domain.monitor()
        refuse_transient(live.config, f"domain {domain.name!r} cannot be saved")
        job = MemoryJob(DomainJobOperation.SAVE, monitor=monitor)
        runs = domain.state is DomainState.RUNNING
        head = head_of(engine, live, path, how, runs=runs)
        check_idle(domain)
        rest = str(unfinished(path))
        note = WorkNote(ran=runs, files=[rest])
        written = memory_written(
            monitor,
            path,
            head,
            bypass_cache=how.bypass_cache,
            before_removal=partial(_undecided, live, note),
        )
        async with noted_work(live, note):
            async with _standing_still(domain, job, ran=runs), written:
                await note_work(live, msgspec.structs.replace(note, commits=rest))
            with anyio.CancelScope(shield=True):
                await end(engine, domain, ending=StateReason.SHUTOFF_SAVED)


@asynccontextmanager
async def _standing_still(
    domain: ManagedDomain, job: MemoryJob, *, ran: bool
) -> AsyncIterator[None]:
    """A block in which a guest stands still to be saved: if that fails, it goes on."""
    try:
        async with at_work(domain, job):
            await halt(domain, StateReason.PAUSED_SAVE)
            yield
    except BaseException:
        with anyio.CancelScope(shield=True):
            await go_on(domain, ran=ran)
        raise


async def _undecided(live: LiveDomain, note: WorkNote) -> None:
    """Note that a file which is about to be removed is not gone because the guest is saved."""
    try:
        await note_work(live, note)
    except HostError:  # the disk is full: without a note the guest goes on just so
        forget_work(live)


async def go_on(domain: ManagedDomain, *, ran: bool) -> None:
    """Let a guest go on that stood still for something that has failed; returns when it is told.

    Else whoever does something with it next could take it for one that is to stand still.
    """
    if ran and domain.live is not None:
        with suppress(AiovirtError):
            await domain.monitor().call(Cont())
            await goes_on(domain)


# --- and back ---------------------------------------------------------------------------------


async def restore_in_turn(
    engine: Engine,
    domain: ManagedDomain,
    path: Path,
    *,
    config: DomainConfig | None = None,
    paused: bool | None = None,
) -> bool:
    """Let a domain whose turn the caller has go on from a file; gives whether it stands still.

    Raises:
        NotFound: There is no such file.
        ConfigError: It is none of this driver's.
        HostError: QEMU cannot read it. The domain is off.
    """
    head, file = open_saved(path)
    with file:
        wanted = not head.running if paused is None else paused

        async def bring_in(monitor: BoundedMonitor) -> None:
            await read_memory(monitor, file, head)

        how = Launching(
            config or DomainConfig.parse(head.xml),
            paused=wanted,
            before_first_step=bring_in,
            incoming=True,
            reason_running=StateReason.RUNNING_RESTORED,
        )
        await start_in_turn(engine, domain, how)
    return wanted


def tell_restored(engine: Engine, domain: ManagedDomain, *, paused: bool) -> None:
    """Tell that a domain goes on from a file."""
    engine.tell(domain, LifecycleDetail.STARTED_RESTORED)
    if paused:
        engine.tell(domain, LifecycleDetail.SUSPENDED_RESTORED)


async def start_saved(engine: Engine, domain: ManagedDomain, *, paused: bool, forget: bool) -> bool:
    """Let a domain go on from the file that is kept for it; gives whether there was one.

    Args:
        engine: The driver.
        domain: Which domain.
        paused: Let it stand still, even if it ran.
        forget: Throw the file away, and do nothing else.
    """
    path = engine.root.managed_save(domain.key.uuid)
    if not path.exists():
        return False
    async with domain.changes:
        if domain.live is not None:
            return False  # whoever starts it is told so
        if forget:
            await remove_durably(path)
            return False
        still = await restore_in_turn(engine, domain, path, paused=True if paused else None)
        with anyio.CancelScope(shield=True):
            await remove_durably(path)
    tell_restored(engine, domain, paused=still)
    return True
