"""Moving a guest's memory out of a QEMU into a file, or into one out of a file."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import anyio

from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.store.settings import ANSWER_BOUND_S
from aiovirt.errors import (
    AiovirtError,
    HostError,
    InvalidState,
    QMPCommandError,
    Unresponsive,
)
from aiovirt.model.constants import DomainJobOperation
from aiovirt.model.jobs import JobKind, JobStats
from aiovirt.model.params import ParamType, ParamValue, Typed

__all__ = ["MemoryJob", "Work", "at_work", "receive_memory", "send_memory", "stop_sending"]

_FD: Final = "aiovirt-memory"
_FASTEST: Final = 2**63 - 1
RECEIVE_BOUND_S: Final = 600.0
"""How long a QEMU may take to read its memory from a file."""
_ENDED: Final = ("completed", "failed", "cancelled")
_ONCE: Final = "paused due to previous migration"
"""What QEMU says of a guest that has not run since the end of a move, or since one was given up at
its very end (migration_iteration_finish in its migration/migration.c)."""
_UNDER_WAY: Final = ("setup", "active", "device", "pre-switchover", "cancelling")


@dataclass
class Work:
    """A job of which nothing is known but when it began, and how it is given up."""

    operation: DomainJobOperation
    began: float = field(default_factory=time.monotonic)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    async def stats(self) -> JobStats:
        """See `Job.stats`."""
        return JobStats(JobKind.UNBOUNDED, self.figures())

    async def abort(self) -> None:
        """See `Job.abort`."""
        self.scope.cancel()

    def figures(self) -> dict[str, ParamValue]:
        """What is known of every job."""
        elapsed = int((time.monotonic() - self.began) * 1000)
        return {
            "operation": Typed(ParamType.INT, int(self.operation)),
            "time_elapsed": Typed(ParamType.ULLONG, elapsed),
        }


@dataclass
class MemoryJob(Work):
    """A job that moves memory: QEMU tells how far it is."""

    monitor: BoundedMonitor | None = None

    async def stats(self) -> JobStats:
        """See `Job.stats`."""
        told: Any = None
        if self.monitor is not None:
            with suppress(AiovirtError):
                told = await self.monitor.execute("query-migrate")
        told = told if isinstance(told, dict) else {}
        ram = told.get("ram", {})
        figures = {**self.figures(), **_amounts(ram), **_pages(ram), **_times(told)}
        return JobStats(JobKind.UNBOUNDED, figures)


def _amounts(ram: Mapping[str, Any]) -> dict[str, ParamValue]:
    names = {"total": "total", "processed": "transferred", "remaining": "remaining"}
    return {
        f"{prefix}_{name}": Typed(ParamType.ULLONG, int(ram.get(word, 0)))
        for prefix in ("data", "memory")
        for name, word in names.items()
    }


_PAGES: Final = {
    "constant": "duplicate",
    "normal": "normal",
    "normal_bytes": "normal-bytes",
    "dirty_rate": "dirty-pages-rate",
    "iteration": "dirty-sync-count",
    "page_size": "page-size",
    "postcopy_requests": "postcopy-requests",
}
"""libvirt's names, and those of QEMU's `MigrationStats`."""
_BITS: Final = 1_000_000 / 8


def _pages(ram: Mapping[str, Any]) -> dict[str, ParamValue]:
    """What QEMU tells of pages; its speed is in Mbit/s."""
    found = {name: int(ram[word]) for name, word in _PAGES.items() if word in ram}
    if "mbps" in ram:
        found["bps"] = int(ram["mbps"] * _BITS)
    return {f"memory_{name}": Typed(ParamType.ULLONG, value) for name, value in found.items()}


def _times(told: Mapping[str, Any]) -> dict[str, ParamValue]:
    """What QEMU tells of times beside that of the whole, in milliseconds."""
    downtime = told.get("downtime", told.get("expected-downtime"))
    found = {"downtime": downtime, "setup_time": told.get("setup-time")}
    return {
        name: Typed(ParamType.ULLONG, int(value))
        for name, value in found.items()
        if value is not None
    }


@asynccontextmanager
async def at_work(domain: ManagedDomain, job: Work) -> AsyncIterator[None]:
    """A block that is a job of the domain, which others may give up.

    Raises:
        InvalidState: Somebody did.
    """
    domain.job = job
    try:
        with job.scope:
            yield
            with anyio.CancelScope(shield=True):  # it is done, and cannot be given up any more
                domain.ended_job = JobStats(JobKind.COMPLETED, (await job.stats()).params)
    finally:
        domain.job = None
    if job.scope.cancelled_caught:
        raise InvalidState(f"the job of domain {domain.name!r} was given up")


async def send_memory(monitor: BoundedMonitor, descriptor: int) -> None:
    """Have QEMU write the guest's memory and devices to a file; the guest stands still.

    Raises:
        InvalidState: It has stood still since that was done, or given up at its end, before.
        HostError: It could not.

    Cancellation: QEMU gives it up.
    """
    await monitor.execute("getfd", {"fdname": _FD}, fds=[descriptor])
    await monitor.execute("migrate-set-parameters", {"max-bandwidth": _FASTEST})
    try:
        await _until_moved(monitor, "migrate", {"uri": f"fd:{_FD}"})
    except BaseException as error:
        with anyio.CancelScope(shield=True), suppress(AiovirtError):
            await monitor.execute("migrate_cancel")
        if isinstance(error, QMPCommandError) and _ONCE in error.description:
            raise InvalidState(
                "the guest stands still since its memory was written out before, and QEMU does "
                "that once only",
                hint="let it go on (resume), and pause it again if it is to stand still",
            ) from error
        raise


async def stop_sending(monitor: BoundedMonitor) -> None:
    """Give up a move that nobody follows any more, and wait for its end; none is no error.

    Raises:
        Unresponsive: QEMU does not give it up.
    """
    async with monitor.qmp.events("MIGRATION") as told:
        found: Any = await monitor.execute("query-migrate")
        if found.get("status") not in _UNDER_WAY:
            return
        await monitor.execute("migrate_cancel")
        with anyio.move_on_after(ANSWER_BOUND_S):
            async for event in told:
                if event.data.get("status") in _ENDED:
                    return
        raise Unresponsive(f"QEMU did not give its move up within {ANSWER_BOUND_S:g} s")


async def receive_memory(monitor: BoundedMonitor, descriptor: int) -> None:
    """Have a QEMU that waits for it read the guest's memory and devices from a file.

    Raises:
        HostError: It could not.
    """
    await monitor.execute("getfd", {"fdname": _FD}, fds=[descriptor])
    await _until_moved(monitor, "migrate-incoming", {"uri": f"fd:{_FD}"})


async def _until_moved(
    monitor: BoundedMonitor, command: str, arguments: Mapping[str, object]
) -> None:
    """Begin a move, and wait until QEMU tells of its end."""
    events = {"capability": "events", "state": True}
    await monitor.execute("migrate-set-capabilities", {"capabilities": [events]})
    async with monitor.qmp.events("MIGRATION") as told:
        await monitor.execute(command, arguments, bound_s=RECEIVE_BOUND_S)
        async for event in told:
            if event.data.get("status") in _ENDED:
                break
    found: Any = await monitor.execute("query-migrate")
    if found.get("status") != "completed":
        reason = found.get("error-desc") or found.get("status")
        raise HostError(f"QEMU could not move the guest's memory: {reason}")
