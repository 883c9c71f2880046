"""The long work that a domain is at: a migration, a backup, saving its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey
from aiovirt.model.jobs import JobStats

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainAbortJobFlags,
        DomainDirtyRateCalcFlags,
        DomainGetJobStatsFlags,
    )

__all__ = ["Jobs"]


class Jobs(Ability):
    """Looking at a domain's job and giving it up."""

    @operation
    async def job_stats(
        self, domain: DomainKey, *, flags: DomainGetJobStatsFlags | Literal[0] = 0
    ) -> JobStats:
        """How far the job is; its kind is `NONE` when there is none.

        Args:
            domain: Which domain.
            flags: libvirt's: `COMPLETED` asks for the last one that ended, and forgets it.
        """
        raise NotImplementedError

    @operation
    async def abort_job(
        self, domain: DomainKey, *, flags: DomainAbortJobFlags | Literal[0] = 0
    ) -> None:
        """Ask the hypervisor to give the job up; whoever waits for it gets an error.

        Raises:
            InvalidState: There is none, or it cannot be given up any more.
        """
        raise NotImplementedError

    @operation
    async def measure_dirty_rate(
        self,
        domain: DomainKey,
        seconds: int,
        *,
        flags: DomainDirtyRateCalcFlags | Literal[0] = 0,
    ) -> None:
        """Begin to measure how much memory the guest changes; the statistics tell the result.

        Args:
            domain: Which domain.
            seconds: For how long, from 1 to 60.
            flags: By which method.

        Raises:
            InvalidState: It does not run.
        """
        raise NotImplementedError
