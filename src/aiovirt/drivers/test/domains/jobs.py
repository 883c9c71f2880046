"""Jobs of domains of the host in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aiovirt.drivers.test.domains.base import DomainAbility
from aiovirt.errors import CallerError, InvalidState
from aiovirt.interfaces import Jobs, immediate
from aiovirt.model.domain import DomainKey
from aiovirt.model.jobs import JobKind, JobStats

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainAbortJobFlags,
        DomainDirtyRateCalcFlags,
        DomainGetJobStatsFlags,
    )

__all__ = ["TestJobs"]

_COMPLETED, _KEEP = 0x1, 0x2
_LONGEST = 60


class TestJobs(DomainAbility, Jobs):
    """What is under way; only a backup takes a while here."""

    __test__ = False

    @immediate
    async def job_stats(
        self, domain: DomainKey, *, flags: DomainGetJobStatsFlags | Literal[0] = 0
    ) -> JobStats:
        """See `Jobs.job_stats`."""
        machine = self.get(domain)
        if flags & _COMPLETED:
            params = machine.finished
            if not flags & _KEEP:
                machine.finished = {}
            return JobStats(JobKind.COMPLETED if params else JobKind.NONE, params)
        machine.running()
        if machine.job is None:
            return JobStats(JobKind.NONE, {})
        return JobStats(JobKind.UNBOUNDED, dict(machine.job.params))

    async def abort_job(
        self, domain: DomainKey, *, flags: DomainAbortJobFlags | Literal[0] = 0
    ) -> None:
        """See `Jobs.abort_job`."""
        del flags
        machine = self.get(domain)
        machine.running()
        if machine.job is None:
            raise InvalidState(f"no job is under way on domain {machine.name!r}")
        machine.job.cancelled.set()

    async def measure_dirty_rate(
        self,
        domain: DomainKey,
        seconds: int,
        *,
        flags: DomainDirtyRateCalcFlags | Literal[0] = 0,
    ) -> None:
        """See `Jobs.measure_dirty_rate`: each guest changes as much."""
        del flags
        if not 1 <= seconds <= _LONGEST:
            raise CallerError(f"it is measured for 1 to {_LONGEST} seconds, not {seconds}")
        self.running(domain).measured = (self.world.now(), seconds)
