"""The rows of `Jobs`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, flags
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import whole
from aiovirt.bindings.values import enumeration
from aiovirt.interfaces import Jobs
from aiovirt.model.constants import (
    DomainAbortJobFlags,
    DomainDirtyRateCalcFlags,
    DomainGetJobStatsFlags,
)
from aiovirt.model.jobs import JobKind, JobStats
from aiovirt.protocols.libvirt.tables import domain_jobs as p

__all__ = ["ROWS"]

ROWS = (
    bind(
        Jobs.job_stats,
        p.DOMAIN_GET_JOB_STATS,
        DOM,
        flags(DomainGetJobStatsFlags),
        returns=whole(JobStats, kind=("type", enumeration(JobKind))),
    ),
    bind(Jobs.abort_job, p.DOMAIN_ABORT_JOB_FLAGS, DOM, flags(DomainAbortJobFlags)),
    bind(
        Jobs.measure_dirty_rate,
        p.DOMAIN_START_DIRTY_RATE_CALC,
        DOM,
        arg("seconds"),
        flags(DomainDirtyRateCalcFlags),
    ),
)
