"""The long work that machines are at, as far as this connection has begun it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.interfaces import Jobs, immediate, refuse_flags
from aiovirt.model.domain import DomainKey
from aiovirt.model.jobs import JobKind, JobStats

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainAbortJobFlags, DomainGetJobStatsFlags

__all__ = ["EsxJobs"]


class EsxJobs(EsxAbility, Jobs):
    """Snapshots, moves and copies; the server tells hundredths of the whole."""

    @immediate
    async def job_stats(
        self, domain: DomainKey, *, flags: DomainGetJobStatsFlags | Literal[0] = 0
    ) -> JobStats:
        """See `Jobs.job_stats`."""
        refuse_flags(DRIVER, "job_stats", flags)
        work = self.session.works.of(self.session.machines.get(domain).ref)
        return JobStats(JobKind.NONE, {}) if work is None else work.stats()

    @immediate
    async def abort_job(
        self, domain: DomainKey, *, flags: DomainAbortJobFlags | Literal[0] = 0
    ) -> None:
        """See `Jobs.abort_job`: the task is cancelled on the server, where it can be."""
        refuse_flags(DRIVER, "abort_job", flags)
        machine = self.session.machines.get(domain)
        self.session.works.give_up(machine.ref, f"domain {machine.name!r}")
