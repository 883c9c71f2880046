"""What QEMU tells of a move, at either end, and giving one up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import anyio

from aiovirt.clients.qmp import EventStream
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain, MovePhase
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.moves import MemoryJob
from aiovirt.drivers.qemu.engine.numbers import numbered
from aiovirt.errors import AiovirtError, HostError, InvalidState
from aiovirt.model.constants import ErrorNumber
from aiovirt.model.jobs import JobKind, JobStats
from aiovirt.model.params import ParamType, ParamValue, Typed
from aiovirt.protocols.qmp.commands import BlockJob, QueryBlockJobs

__all__ = [
    "BROKEN",
    "ENDED",
    "POSTCOPY_STATES",
    "MoveJob",
    "connected",
    "give_up",
    "given_up",
    "in_all",
    "is_over_there",
    "known_capabilities",
    "mirrors_of",
    "state_of",
    "until_arrived",
    "until_over",
]

ENDED: Final = ("completed", "failed", "cancelled")
BROKEN: Final = "postcopy-paused"
"""The connection broke after the guest had begun to run at the destination."""
POSTCOPY_STATES: Final = ("postcopy-active", BROKEN, "postcopy-recover")
"""Those in which the guest can go on nowhere but at the destination."""
_UNDER_WAY: Final = frozenset({"setup", "active", "device", "pre-switchover", "cancelling"})
_MIRROR: Final = "move-"
_GIVE_UP_S: Final = 10.0
_LOOK_S: Final = 0.2
"""Between two looks at what tells nobody of it."""


@dataclass
class MoveJob(MemoryJob):
    """The job of a domain that moves: its memory, and its disks beside it.

    Attributes:
        cannot: Why it cannot be given up any more, or None.
    """

    cannot: str | None = None

    async def stats(self) -> JobStats:
        """See `Job.stats`."""
        told = await super().stats()
        jobs: list[BlockJob] = []
        if self.monitor is not None:
            with suppress(AiovirtError):
                jobs = mirrors_of(await self.monitor.call(QueryBlockJobs()))
        return JobStats(JobKind.UNBOUNDED, in_all({**told.params, **_disk_figures(jobs)}))

    async def abort(self) -> None:
        """See `Job.abort`."""
        if self.cannot is not None:
            error = InvalidState(self.cannot, hint="look at the destination")
            raise numbered(error, ErrorNumber.ERR_OPERATION_INVALID)
        await super().abort()


def mirrors_of(jobs: list[BlockJob]) -> list[BlockJob]:
    """Those of all block jobs that copy a disk to another host."""
    return [job for job in jobs if job.device.startswith(_MIRROR)]


def _disk_figures(jobs: list[BlockJob]) -> dict[str, ParamValue]:
    total, done = sum(job.len_ for job in jobs), sum(job.offset for job in jobs)
    disk = {"total": total, "processed": done, "remaining": total - done}
    return {f"disk_{word}": Typed(ParamType.ULLONG, size) for word, size in disk.items()}


def in_all(figures: Mapping[str, ParamValue]) -> dict[str, ParamValue]:
    """The figures of a move, with the sums of memory and disks."""
    found = dict(figures)
    for word in ("total", "processed", "remaining"):
        parts = [figures.get(f"{part}_{word}") for part in ("memory", "disk")]
        sizes = [int(part.value) for part in parts if isinstance(part, Typed)]
        found[f"data_{word}"] = Typed(ParamType.ULLONG, sum(sizes))
    return found


async def state_of(monitor: BoundedMonitor) -> Mapping[str, Any]:
    """What QEMU says of its move; empty of one that has none."""
    told: Any = await monitor.execute("query-migrate")
    return told if isinstance(told, dict) else {}


async def known_capabilities(monitor: BoundedMonitor) -> frozenset[str]:
    """The capabilities that this QEMU has."""
    told: Any = await monitor.execute("query-migrate-capabilities")
    return frozenset(row["capability"] for row in told)


async def until_arrived(
    domain: ManagedDomain, monitor: BoundedMonitor, *, enough: Collection[str] = ()
) -> str:
    """Wait until a destination has all of a guest; QEMU's word for how far it is.

    Args:
        domain: Which guest.
        monitor: Its QEMU's.
        enough: The states beside that of having all that end this, too.

    Raises:
        HostError: It does not get it.
    """
    wanted = {"completed", *enough}
    async with monitor.qmp.events("MIGRATION") as told:
        status = (await state_of(monitor)).get("status")
        if status not in {*ENDED, BROKEN, *wanted}:
            async for event in told:
                status = event.data.get("status")
                if status in {*ENDED, BROKEN, *wanted}:
                    break
    if status not in wanted:
        raise HostError(f"domain {domain.name!r} has not arrived: QEMU says {status or 'nothing'}")
    return str(status)


async def connected(live: LiveDomain) -> BoundedMonitor | None:
    """Wait until a guest's QEMU can be asked; None when it has ended."""
    while live.monitor is None and not live.ended.is_set():  # noqa: ASYNC110 - nothing tells
        await anyio.sleep(_LOOK_S)
    return None if live.ended.is_set() else live.monitor


async def until_over(live: LiveDomain) -> str | None:
    """Wait for the end of a post-copy, or for its break; QEMU's word for it, None if it ended.

    A line to QEMU that breaks says nothing of the guest: it is asked again.
    """
    while (monitor := await connected(live)) is not None:
        with suppress(AiovirtError):
            status = await _over(monitor)
            if status is not None:
                return status
        await anyio.sleep(_LOOK_S)
    return None


async def _over(monitor: BoundedMonitor) -> str | None:
    """The same, by one line to QEMU; None when that has ended."""
    async with monitor.qmp.events("MIGRATION") as told:
        status = (await state_of(monitor)).get("status")
        if status in {*ENDED, BROKEN}:
            return str(status)
        async for event in told:
            if event.data.get("status") in {*ENDED, BROKEN}:
                return str(event.data.get("status"))
    return None


async def give_up(monitor: BoundedMonitor) -> None:
    """Have a source's QEMU give its move up; returns when it has, or cannot be asked."""
    with suppress(AiovirtError), anyio.move_on_after(_GIVE_UP_S):
        async with monitor.qmp.events("MIGRATION") as told:
            await _cancel(monitor, told)


async def _cancel(monitor: BoundedMonitor, told: EventStream) -> None:
    if (await state_of(monitor)).get("status") not in _UNDER_WAY:
        return
    await monitor.execute("migrate_cancel")
    if (await state_of(monitor)).get("status") not in _UNDER_WAY:
        return
    async for event in told:
        if event.data.get("status") in ENDED:
            return


async def given_up(live: LiveDomain) -> str | None:
    """Have QEMU give a move up; its word for what became of it, None when it has ended.

    As long as it does not answer, nobody knows where the guest goes on: it is asked again.
    """
    while (monitor := await connected(live)) is not None:
        with suppress(AiovirtError):
            await give_up(monitor)
            return str((await state_of(monitor)).get("status"))
        await anyio.sleep(_LOOK_S)
    return None


def is_over_there(live: LiveDomain, status: str) -> bool:
    """Whether a guest whose move broke off goes on nowhere but at the destination.

    Args:
        live: What is left of it here.
        status: QEMU's word for its move.
    """
    switched = live.move is MovePhase.SWITCHING and status == "completed"
    return switched or status in POSTCOPY_STATES
