"""What `Processors`, `Resources`, `SavedState` and `Jobs` do, by libvirt's first procedures.

They have no flags: a running domain is meant if it runs. A new daemon has them, too, since older
clients call nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey
from aiovirt.model.jobs import JobInfo
from aiovirt.model.params import ParamValue, TypedParams

__all__ = ["LegacyWork"]


class LegacyWork(Ability):
    """Operations without flags."""

    @operation
    async def set_vcpu_count(self, domain: DomainKey, count: int) -> None:
        """Change how many virtual processors a running domain has."""
        raise NotImplementedError

    @operation
    async def pin_vcpu(self, domain: DomainKey, vcpu: int, cpus: Iterable[int]) -> None:
        """Say which of the host's processors a virtual one may use."""
        raise NotImplementedError

    @operation
    async def set_memory(self, domain: DomainKey, memory: int) -> None:
        """Change the memory of a running domain, in bytes: a multiple of 1024."""
        raise NotImplementedError

    @operation
    async def set_max_memory(self, domain: DomainKey, memory: int) -> None:
        """Change the memory that a domain may have, in bytes: a multiple of 1024."""
        raise NotImplementedError

    @operation
    async def scheduler_parameters(self, domain: DomainKey) -> Mapping[str, ParamValue]:
        """How processor time is shared out."""
        raise NotImplementedError

    @operation
    async def set_scheduler_parameters(self, domain: DomainKey, params: TypedParams) -> None:
        """Change how processor time is shared out."""
        raise NotImplementedError

    @operation
    async def save(self, domain: DomainKey, path: str) -> None:
        """Write a running domain's memory and configuration into a file, and stop it."""
        raise NotImplementedError

    @operation
    async def restore(self, path: str) -> None:
        """Let the domain of a file go on where it was saved."""
        raise NotImplementedError

    @operation
    async def dump(self, domain: DomainKey, path: str, *, flags: int = 0) -> None:
        """Write a running domain's memory into a file, in libvirt's raw format."""
        raise NotImplementedError

    @operation
    async def job_info(self, domain: DomainKey) -> JobInfo:
        """How far a domain's job is."""
        raise NotImplementedError

    @operation
    async def abort_job(self, domain: DomainKey) -> None:
        """Ask the hypervisor to give the job up."""
        raise NotImplementedError
