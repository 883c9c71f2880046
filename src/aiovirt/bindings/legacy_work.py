"""The rows of `LegacyWork`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, flags, room
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, whole
from aiovirt.bindings.values import CPU_MAP, PLAIN, enumeration, scaled
from aiovirt.interfaces import LegacyWork
from aiovirt.model.constants import DomainCoreDumpFlags
from aiovirt.model.jobs import JobInfo, JobKind
from aiovirt.protocols.libvirt.tables import domain_jobs as jobs
from aiovirt.protocols.libvirt.tables import domain_tuning as p

__all__ = ["ROWS"]

KIB = arg("memory", value=scaled(1024))

ROWS = (
    bind(LegacyWork.set_vcpu_count, p.DOMAIN_SET_VCPUS, DOM, arg("count", "nvcpus")),
    bind(LegacyWork.pin_vcpu, p.DOMAIN_PIN_VCPU, DOM, arg("vcpu"), arg("cpus", "cpumap", CPU_MAP)),
    bind(LegacyWork.set_memory, p.DOMAIN_SET_MEMORY, DOM, KIB),
    bind(LegacyWork.set_max_memory, p.DOMAIN_SET_MAX_MEMORY, DOM, KIB),
    bind(
        LegacyWork.scheduler_parameters,
        p.DOMAIN_GET_SCHEDULER_PARAMETERS,
        DOM,
        room("nparams", 16),
        returns=field("params"),
    ),
    bind(
        LegacyWork.set_scheduler_parameters,
        p.DOMAIN_SET_SCHEDULER_PARAMETERS,
        DOM,
        arg("params"),
    ),
    bind(LegacyWork.save, jobs.DOMAIN_SAVE, DOM, arg("path", "to")),
    bind(LegacyWork.restore, jobs.DOMAIN_RESTORE, arg("path", "from_")),
    bind(
        LegacyWork.dump,
        jobs.DOMAIN_CORE_DUMP,
        DOM,
        arg("path", "to"),
        flags(DomainCoreDumpFlags),
    ),
    bind(
        LegacyWork.job_info,
        jobs.DOMAIN_GET_JOB_INFO,
        DOM,
        returns=whole(
            JobInfo,
            kind=("type", enumeration(JobKind)),
            memory_total=("mem_total", PLAIN),
            memory_processed=("mem_processed", PLAIN),
            memory_remaining=("mem_remaining", PLAIN),
        ),
    ),
    bind(LegacyWork.abort_job, jobs.DOMAIN_ABORT_JOB, DOM),
)
