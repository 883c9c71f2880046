"""Merging one image of a disk's chain into the next below: it returns when that is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import anyio

from aiovirt.clients.qmp import EventStream
from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.engine.blockjobs import JobName, live_links
from aiovirt.drivers.qemu.engine.chains import Link, relink
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.images import qemu_img
from aiovirt.drivers.qemu.engine.imagework import Commit, begin_commit, check_no_job, give_up
from aiovirt.drivers.qemu.engine.impact import redefine
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.nodes import find_disk
from aiovirt.errors import HostError

__all__ = ["merge_live", "merge_off"]

_ENDED: Final = ("concluded", "null", "aborting")


async def merge_live(
    engine: Engine, domain: ManagedDomain, target: str, links: Sequence[Link], top: int
) -> None:
    """Merge an image of a running guest's disk into the one below, and wait for the end.

    Raises:
        InvalidState: The disk has another job.
        HostError: QEMU could not; the chain is as it was.

    Cancellation: QEMU gives it up, and the chain is as it was.
    """
    live = domain.running()
    disk = find_disk(live.config, target)
    await check_no_job(domain, disk)
    commit = Commit(links, top, top + 1, delete=False, relative=False)
    name = JobName("commit" if top else "activecommit", target)
    monitor = domain.monitor()
    async with monitor.qmp.events("JOB_STATUS_CHANGE") as told:
        await begin_commit(engine, domain, disk, commit, 0)
        ended = live.job_ends.get(str(name))
        try:
            await _to_the_end(monitor, told, str(name))
            if ended is not None:
                await ended.wait()
        except BaseException:
            with anyio.CancelScope(shield=True):
                await give_up(live, monitor, name)
            raise
    left = live_links(live.config, find_disk(live.config, target))
    if links[top].number in {link.number for link in left}:
        raise HostError(f"QEMU could not merge {links[top].path} into {links[top + 1].path}")


async def _to_the_end(monitor: BoundedMonitor, told: EventStream, name: str) -> None:
    """Let a job go over when it is ready, and return when it has ended."""
    async for event in told:
        if event.data.get("id") != name:
            continue
        if event.data.get("status") == "ready":
            await monitor.execute("job-complete", {"id": name})
        elif event.data.get("status") in _ENDED:
            return


async def merge_off(
    engine: Engine, domain: ManagedDomain, target: str, links: Sequence[Link], top: int
) -> None:
    """Merge an image of a domain that is off into the one below.

    The image that goes stays whole until nobody is on it: whenever this breaks off, nothing is
    lost.

    Raises:
        HostError: ``qemu-img`` could not.
    """
    gone, base = links[top], links[top + 1]
    await qemu_img("commit", "-q", "-d", "-f", gone.format, gone.path or "")
    if top:
        above = links[top - 1]
        await qemu_img(
            *("rebase", "-q", "-u", "-f", above.format),
            *("-b", base.path or "", "-F", base.format, above.path or ""),
        )
    else:
        change = partial(_relink, target, replace(base, number=0))
        await redefine(engine, domain, change, happened=True)


def _relink(target: str, link: Link, config: DomainConfig) -> None:
    relink(find_disk(config, target), [replace(link, written=True)])
