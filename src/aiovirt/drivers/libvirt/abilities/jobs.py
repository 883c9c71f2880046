"""The long work of a domain: giving it up, as each daemon knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aiovirt.bindings.values import DOMAIN
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.interfaces import Jobs
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.libvirt.tables import domain_jobs as p

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainAbortJobFlags

__all__ = ["LibvirtJobs"]


class LibvirtJobs(LibvirtAbility, Jobs):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def abort_job(
        self, domain: DomainKey, *, flags: DomainAbortJobFlags | Literal[0] = 0
    ) -> None:
        """See `Jobs.abort_job`; without flags by the procedure that old daemons know, too."""
        dom = DOMAIN.send(domain)
        if flags:
            args = p.DomainAbortJobFlagsArgs(dom, int(flags))
            await self._link.call(p.DOMAIN_ABORT_JOB_FLAGS, args, operation="abort_job")
        else:
            await self._link.call(
                p.DOMAIN_ABORT_JOB, p.DomainAbortJobArgs(dom), operation="abort_job"
            )
