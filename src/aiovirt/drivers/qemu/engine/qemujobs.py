"""Jobs of QEMU that are waited for: snapshots inside of images, and images that it makes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import anyio

from aiovirt.clients.qmp import EventStream
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.errors import HostError, QMPCommandError
from aiovirt.protocols.qmp.commands import Job, JobDismiss, QueryJobs

__all__ = ["CREATION", "SETTLE_BOUND_S", "end_left", "run_job"]

CREATION: Final = "create"
"""The kind of the jobs that make images."""

_CONCLUDED: Final = "concluded"
_DONE: Final = (_CONCLUDED, "null")
_PENDING: Final = "pending"
_ABORTING: Final = "aborting"
"""Each job that has done its work is the former for a moment, each that fails the latter:
job_transition_to_pending and job_update_rc of QEMU's job.c."""
_SNAPSHOTS: Final = "snapshot-"
_KINDS: Final = {"blockdev-create": CREATION}
"""What the types of the jobs of a command begin with, where that is not `_SNAPSHOTS`."""

SETTLE_BOUND_S: Final = 60.0
"""How long the end of a job is waited for whose caller has given up: a guest's memory is long."""


async def run_job(
    monitor: BoundedMonitor,
    command: str,
    name: str,
    arguments: Mapping[str, object],
    *,
    done_all_the_same: Callable[[], Awaitable[object]] | None = None,
    begun: anyio.Event | None = None,
) -> None:
    """Run a command that is a job, and wait for its end.

    One of its kind at a time: what another process began, which was killed meanwhile, is waited
    for first.

    Args:
        monitor: The monitor.
        command: The command.
        name: What the job is called; with a number behind it, so that no two have one id.
        arguments: Of the command.
        done_all_the_same: Called when the job is done though its caller has given up.
        begun: Set when the job can be taken back no more.

    Raises:
        HostError: The job failed, in QEMU's words.
        RemoteError: It could not begin.

    Cancellation: QEMU takes no such job back, so its end is waited for, within a bound.
    """
    kind = _KINDS.get(command, _SNAPSHOTS)
    if kind not in monitor.jobs_alone:
        await end_left(monitor, kind)
    monitor.jobs_begun += 1
    name = f"{name}-{monitor.jobs_begun}"  # QEMU may still tell of the one before
    async with monitor.qmp.events("JOB_STATUS_CHANGE") as told:
        monitor.jobs_alone.discard(kind)
        with anyio.CancelScope(shield=True):
            if begun is not None:
                begun.set()
            await monitor.execute(command, {"job-id": name, **arguments})
        seen: set[object] = set()
        try:
            await _ended(told, name, seen)
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(SETTLE_BOUND_S, shield=True):
                await _ended(told, name, seen)
                if await _failure(monitor, kind, name) is None and done_all_the_same is not None:
                    await done_all_the_same()
            raise
        with anyio.CancelScope(shield=True):
            if _PENDING in seen and _ABORTING not in seen:
                await monitor.post(JobDismiss(name))
                monitor.jobs_alone.add(kind)  # what is asked next, QEMU answers after that
                return
            failure = await _failure(monitor, kind, name)
            if failure is not None:
                raise HostError(f"QEMU could not do {command}: {failure}")


async def end_left(monitor: BoundedMonitor, kind: str) -> None:
    """Wait for the jobs of a kind that nobody follows any more, and have QEMU forget them."""
    async with monitor.qmp.events("JOB_STATUS_CHANGE") as told:
        for job in await monitor.call(QueryJobs()):
            if job.type.startswith(kind):
                if job.status != _CONCLUDED:
                    await _ended(told, job.id, set())
                await monitor.call_each(JobDismiss(job.id))


async def _failure(monitor: BoundedMonitor, kind: str, name: str) -> str | None:
    """Why a job that has ended has failed, or None; QEMU forgets it, if it has not yet."""
    jobs, _ = await monitor.call_each(QueryJobs(), JobDismiss(name))
    monitor.jobs_alone.add(kind)
    if isinstance(jobs, QMPCommandError):
        raise jobs
    found: Sequence[Job] = jobs
    return next((job.error for job in found if job.id == name and job.error), None)


async def _ended(told: EventStream, name: str, seen: set[object]) -> None:
    """Wait for a job's end; `seen` gets its states on the way."""
    async for event in told:
        if event.data.get("id") == name:
            seen.add(event.data.get("status"))
            if event.data.get("status") in _DONE:
                return
