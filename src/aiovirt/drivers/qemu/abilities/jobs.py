"""The long work that a domain is at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.errors import CallerError, InvalidState, Unsupported
from aiovirt.interfaces import Jobs, refuse_flags
from aiovirt.model.domain import DomainKey, StateReason
from aiovirt.model.jobs import JobKind, JobStats
from aiovirt.protocols.qmp.commands import CalcDirtyRate

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainAbortJobFlags,
        DomainDirtyRateCalcFlags,
        DomainGetJobStatsFlags,
    )

__all__ = ["QemuJobs"]

_COMPLETED, _KEEP = 1, 2
"""Of `DomainGetJobStatsFlags`."""
_POSTCOPY: Final = 1
"""Of `DomainAbortJobFlags`."""
_LONGEST_S: Final = 60
_MODES: Final = {0: "page-sampling", 1: "dirty-bitmap", 2: "dirty-ring"}
"""`DomainDirtyRateCalcFlags` -> QEMU's words."""


class QemuJobs(QemuAbility, Jobs):
    """Saving, dumping, backups: one at a time for each domain."""

    async def job_stats(
        self, domain: DomainKey, *, flags: DomainGetJobStatsFlags | Literal[0] = 0
    ) -> JobStats:
        """See `Jobs.job_stats`."""
        managed = self._registry.get(domain)
        if flags & _COMPLETED:
            ended = managed.ended_job
            if not flags & _KEEP:
                managed.ended_job = None
            return ended or JobStats(JobKind.NONE, {})
        managed.running()
        return await managed.job.stats() if managed.job else JobStats(JobKind.NONE, {})

    async def abort_job(
        self, domain: DomainKey, *, flags: DomainAbortJobFlags | Literal[0] = 0
    ) -> None:
        """See `Jobs.abort_job`."""
        managed = self._registry.get(domain)
        refuse_flags(self.driver_name, "abort_job", flags, _POSTCOPY)
        if flags & _POSTCOPY and managed.reason is StateReason.PAUSED_POSTCOPY:
            async with self._engine.works.work():  # it waits to be gone on with then
                await managed.monitor().execute("migrate-pause")
            return
        if managed.job is None:
            managed.refuse_two()
            if not managed.give_up_move():
                raise InvalidState(f"domain {managed.name!r} is at no job")
            return
        async with self._engine.works.work():
            await managed.job.abort()

    async def measure_dirty_rate(
        self,
        domain: DomainKey,
        seconds: int,
        *,
        flags: DomainDirtyRateCalcFlags | Literal[0] = 0,
    ) -> None:
        """See `Jobs.measure_dirty_rate`."""
        if not 1 <= seconds <= _LONGEST_S:
            raise CallerError(f"{seconds} s is no time of 1 to {_LONGEST_S} s")
        mode = _MODES.get(int(flags))
        if mode is None:
            raise Unsupported(self.driver_name, f"measure_dirty_rate with the flags {flags:#x}")
        managed = self._registry.get(domain)
        async with self._engine.works.work():
            await managed.monitor().call(CalcDirtyRate(seconds, mode=mode))
