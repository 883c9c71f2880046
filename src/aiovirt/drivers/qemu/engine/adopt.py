"""Taking over the domains that an earlier process of this root left running.

QEMU's pidfile is locked by QEMU itself for as long as it lives, so the kernel, not a file, tells
which process is a domain's.
"""

from __future__ import annotations

import errno
import logging
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from aiovirt._tasks import open_task_group
from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.devices import assign_aliases
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import (
    ENDINGS,
    FollowUp,
    LiveDomain,
    ManagedDomain,
    MovePhase,
)
from aiovirt.drivers.qemu.engine.supervisor import Supervisor, unannounced
from aiovirt.drivers.qemu.process.groups import noted_group
from aiovirt.drivers.qemu.process.ownprofile import noted_profile
from aiovirt.drivers.qemu.process.undo import clear_away
from aiovirt.drivers.qemu.store.settings import ADOPT_BOUND_S
from aiovirt.drivers.qemu.store.status import Status, process_in, read_status
from aiovirt.errors import AiovirtError, NotFound
from aiovirt.model.domain import DomainKey, StateReason
from aiovirt.processes import DaemonProcess

__all__ = ["adopt_all"]

log = logging.getLogger("aiovirt.qemu")

_SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""Errors that say nothing of the file that was to be read."""


class _Found(NamedTuple):
    """What there is in a folder.

    Attributes:
        folder: The folder.
        process: The QEMU that runs there, or None.
        lost: Whether what it says of its domain is damaged, or cannot be read.
        status: What it says; None if that is lost, or if a start was cut off before it was said.
        config: The configuration in the status.
    """

    folder: Path
    process: DaemonProcess | None
    lost: bool = False
    status: Status | None = None
    config: DomainConfig = DomainConfig()


async def adopt_all(engine: Engine) -> None:
    """Adopt each running guest of the root, and tell of those that died meanwhile.

    Returns when each guest answers, or is marked as one that does not.

    Raises:
        HostError: The host lacks what that takes, such as descriptors. All guests go on running.
    """
    async with AsyncExitStack() as stack, open_task_group() as tasks:
        found = []
        for folder in engine.root.run_folders():
            process = process_in(folder)
            if process is not None:
                stack.push_async_callback(process.aclose)
            found.append(_look(folder, process))
        stack.pop_all()  # from here on, each is adopted, ended or let alone
        for each in found:
            if each.status is not None:
                engine.registry.keep_id(each.status.id)
        for each in found:
            tasks.start_soon(_adopt_or_leave, engine, each)


def _look(folder: Path, process: DaemonProcess | None) -> _Found:
    try:
        status = read_status(folder)
        config = DomainConfig.parse(status.xml) if status else DomainConfig()
    except AiovirtError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in _SCARCE:
            raise
        log.warning("%s: %s", folder, error)
        return _Found(folder, process, lost=True)
    return _Found(folder, process, status=status, config=config)


async def _adopt_or_leave(engine: Engine, found: _Found) -> None:
    """Adopt what runs in a folder, or clean it away; none keeps the others from it."""
    try:
        if found.process is None:
            await _clean_away(engine, found)
        elif found.lost:
            await _adopt_by_definition(engine, found.folder, found.process)
        elif found.status is None or found.status.phase == "starting" or _awaited(found.status):
            await _end_unfinished(found.folder, found.process)
            _remove_images(found.status)
        else:
            await _adopt(engine, found.folder, found.status, found.config, found.process)
    except AiovirtError as error:
        log.warning("what runs in %s is not adopted: %s", found.folder, error)
        if found.process is not None:
            await found.process.aclose()  # nobody took it over


async def _adopt(
    engine: Engine, folder: Path, status: Status, config: DomainConfig, process: DaemonProcess
) -> None:
    """Take a domain over; a transient one is made anew from its status."""
    domain = _defined(engine, folder)
    if domain is None:
        if config.uuid is None or str(config.uuid) != folder.name:
            await _leave(folder, process)
            return
        domain = ManagedDomain(DomainKey(config.uuid, config.name or ""), None)
        engine.registry.add(domain)
    await _take_over(engine, domain, _live(status, config, folder, process), status.reason)


async def _adopt_by_definition(engine: Engine, folder: Path, process: DaemonProcess) -> None:
    """Take over a domain whose status is lost: its definition is the best guess of what runs."""
    domain = _defined(engine, folder)
    if domain is None or domain.definition is None:
        await _leave(folder, process)
        return
    config = domain.definition.copy()
    assign_aliases(config)
    config.id = engine.registry.new_id()
    status = Status("running", config.id, "", time.time())
    live = _live(status, config, folder, process)
    live.guessed = True
    await _take_over(engine, domain, live, status.reason)


async def _end_unfinished(folder: Path, process: DaemonProcess) -> None:
    """End the QEMU of a start that was cut off: nobody was told that it runs."""
    log.warning("%s: ending the QEMU of an unfinished start (pid %d)", folder, process.pid)
    async with process:
        await process.terminate(grace_s=0)
    await clear_away(folder)


async def _leave(folder: Path, process: DaemonProcess) -> None:
    """Let a QEMU alone that nothing is known of."""
    log.warning("%s: a QEMU of no known domain runs there (pid %d)", folder, process.pid)
    await process.aclose()


def _awaited(status: Status) -> bool:
    """Whether a guest was to come from another host: who brought it has lost us, and takes it."""
    return status.move == MovePhase.AWAITED.value


def _remove_images(status: Status | None) -> None:
    """Remove the images that were made for a guest that did not come."""
    if status is not None and _awaited(status):
        for path in status.made:
            Path(path).unlink(missing_ok=True)


def _defined(engine: Engine, folder: Path) -> ManagedDomain | None:
    """The defined domain of a folder."""
    with suppress(NotFound, ValueError):
        return engine.registry.by_uuid(UUID(folder.name))
    return None


async def _clean_away(engine: Engine, found: _Found) -> None:
    """Remove what a domain left that ended while nobody watched, and tell of its end."""
    await clear_away(found.folder)
    _remove_images(found.status)
    status = Status("running", 0, "", 0) if found.lost else found.status
    if status is None or status.phase == "starting":
        return
    domain = _defined(engine, found.folder)
    if domain is None and found.config.uuid is not None:
        domain = ManagedDomain(DomainKey(found.config.uuid, found.config.name or ""), None)
    if domain is None:
        return
    known = StateReason.__members__.get(status.ending or "")
    before = StateReason.__members__.get(status.reason, StateReason.RUNNING_UNKNOWN)
    domain.reason, detail = (known, ENDINGS[known]) if known in ENDINGS else unannounced(before)
    log.info("domain %s has ended while nobody watched", domain.name)
    engine.tell(domain, detail, synthetic=True)


def _live(status: Status, config: DomainConfig, folder: Path, process: DaemonProcess) -> LiveDomain:
    """The running instance that a status tells of."""
    live = LiveDomain(
        id=status.id,
        config=config,
        folder=folder,
        process=process,
        started_at=status.started_at,
        group=noted_group(folder),
        profile=noted_profile(folder),
        rebooting=status.rebooting,
        booted=True,
        ran=status.ran,
    )
    with suppress(ValueError):
        live.move = MovePhase(status.move)
    with suppress(ValueError):
        live.follow_up = FollowUp(status.follow_up)
    if live.follow_up is FollowUp.QUIT:
        live.ending = StateReason.__members__.get(status.ending or "")
    return live


async def _take_over(engine: Engine, domain: ManagedDomain, live: LiveDomain, reason: str) -> None:
    """Follow a running QEMU as if we had started it."""
    # One that runs has gone on from the file that was kept for it, which a cut off start left.
    engine.root.managed_save(domain.key.uuid).unlink(missing_ok=True)
    domain.live = live
    domain.reason = StateReason.__members__.get(reason, StateReason.RUNNING_UNKNOWN)
    engine.registry.keep_id(live.id)
    supervisor = Supervisor(engine, domain, live)
    engine.tasks.start_soon(supervisor.adopt)
    await supervisor.connected(ADOPT_BOUND_S)
    log.info("domain %s is taken over as it runs (pid %d)", domain.name, live.process.pid)
