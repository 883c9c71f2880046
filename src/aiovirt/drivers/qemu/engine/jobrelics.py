"""What an earlier process has left of block jobs: those that go on are followed, the rest cleared.

A job that has ended while nobody watched has moved its disk perhaps: QEMU's graph tells.
"""

from __future__ import annotations

import logging
from contextlib import suppress

import anyio

from aiovirt.drivers.qemu.engine.backups import adopt_backup
from aiovirt.drivers.qemu.engine.blockjobs import JobName, live_links, settle
from aiovirt.drivers.qemu.engine.chains import mirror_links
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.diskkeys import numbers_of_keys
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.freezing import thaw_left_frozen
from aiovirt.drivers.qemu.engine.graph import ask_graph
from aiovirt.drivers.qemu.engine.leftwork import take_back_work, take_up_work
from aiovirt.drivers.qemu.engine.opening import close_image
from aiovirt.drivers.qemu.engine.qemujobs import CREATION, end_left
from aiovirt.drivers.qemu.store.settings import ANSWER_BOUND_S
from aiovirt.drivers.qemu.store.status import QEMU_FOLDER
from aiovirt.errors import AiovirtError, QMPCommandError
from aiovirt.protocols.qmp.commands import QueryBlockJobs

__all__ = ["catch_up_jobs"]


log = logging.getLogger("aiovirt.qemu")


async def catch_up_jobs(engine: Engine, domain: ManagedDomain, live: LiveDomain) -> None:
    """Follow the jobs that an adopted QEMU is at, and clear away what those that ended left.

    What QEMU refuses keeps nobody from adopting it.

    Raises:
        AiovirtError: QEMU does not answer.
    """
    try:
        await _catch_up(engine, domain, live)
    except QMPCommandError as error:
        log.warning("block jobs of domain %s: %s", domain.name, error)


async def _catch_up(engine: Engine, domain: ManagedDomain, live: LiveDomain) -> None:
    monitor = domain.monitor()
    note = await take_up_work(engine, domain, live)
    names = [JobName.of(job.device) for job in await monitor.call(QueryBlockJobs())]
    jobs = [name for name in names if name is not None]
    for name in jobs:
        live.job_ends.setdefault(str(name), anyio.Event())
    busy = {name.disk for name in jobs if name.word != "backup"}
    for disk in live.config.disks:
        if disk.target.dev not in busy:
            with suppress(AiovirtError):  # of one disk: the others are looked at nevertheless
                await settle(engine, domain, live, disk.target.dev or "")
    await _withdraw_ended(live, {str(name) for name in jobs})
    await adopt_backup(engine, domain, live)
    thaw_left_frozen(engine, domain, live)
    if note is not None:
        engine.tasks.start_soon(take_back_work, engine, domain, live, note)
    with anyio.move_on_after(ANSWER_BOUND_S):  # an image that is being made cannot be closed
        await end_left(monitor, CREATION)
    known = {name.number for name in jobs}
    for disk in live.config.disks:
        known |= {link.number for link in (*live_links(live.config, disk), *mirror_links(disk))}
    there = (await ask_graph(monitor)).numbers() | numbers_of_keys(live.folder / QEMU_FOLDER)
    for number in there - known:
        await close_image(live, monitor, number)


async def _withdraw_ended(live: LiveDomain, running: set[str]) -> None:
    """Let the guest write no more to what jobs have written that have ended meanwhile."""
    if live.profile is not None:
        await live.profile.narrow(lambda user: bool(JobName.of(user)) and user not in running)
