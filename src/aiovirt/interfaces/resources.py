"""What a domain may use of its host: memory, processor time, disks, network; its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey
from aiovirt.model.params import ParamValue, TypedParams
from aiovirt.model.tuning import Scheduler, SecurityLabel

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainMemoryModFlags, DomainModificationImpact

__all__ = ["Resources"]


class Resources(Ability):
    """Looking at limits and weights, and changing them.

    Parameters bear libvirt's names and units, which are not always bytes. Flags say whether the
    running domain, its configuration, or both are meant; without them it is the running one if it
    runs. Every operation raises `NotFound` for a domain that is not there, and `InvalidState`
    where what the flags mean is not there.
    """

    @operation
    async def max_memory(self, domain: DomainKey) -> int:
        """The memory that it may have, in bytes; 0 where there is no limit."""
        raise NotImplementedError

    @operation
    async def set_memory(
        self, domain: DomainKey, memory: int, *, flags: DomainMemoryModFlags | Literal[0] = 0
    ) -> None:
        """Change its memory, as the flags say: a running guest gives back what it can.

        Args:
            domain: Which domain.
            memory: Bytes, a multiple of 1024.
            flags: `MAXIMUM` for the memory that it may have.
        """
        raise NotImplementedError

    @operation
    async def set_memory_stats_period(
        self,
        domain: DomainKey,
        period_s: int,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Say how often the guest tells its memory's figures, in seconds; 0 for never."""
        raise NotImplementedError

    @operation
    async def scheduler(self, domain: DomainKey) -> Scheduler:
        """What shares out processor time."""
        raise NotImplementedError

    @operation
    async def scheduler_parameters(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """How processor time is shared out: ``cpu_shares``, ``vcpu_quota`` and so on."""
        raise NotImplementedError

    @operation
    async def set_scheduler_parameters(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Change how processor time is shared out."""
        raise NotImplementedError

    @operation
    async def blkio_parameters(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """How the host's disks are shared: ``weight``, ``device_weight`` and so on."""
        raise NotImplementedError

    @operation
    async def set_blkio_parameters(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Change how the host's disks are shared."""
        raise NotImplementedError

    @operation
    async def memory_parameters(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """Limits of memory: ``hard_limit``, ``soft_limit``, ``swap_hard_limit``, in KiB."""
        raise NotImplementedError

    @operation
    async def set_memory_parameters(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Change limits of memory."""
        raise NotImplementedError

    @operation
    async def numa_parameters(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """On which of the host's nodes memory is: ``numa_mode`` (a number), ``numa_nodeset``."""
        raise NotImplementedError

    @operation
    async def set_numa_parameters(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Change on which of the host's nodes memory is."""
        raise NotImplementedError

    @operation
    async def interface_parameters(
        self,
        domain: DomainKey,
        interface: str,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> Mapping[str, ParamValue]:
        """How fast an interface may be: ``inbound.average`` … in KiB/s and KiB.

        Args:
            domain: Which domain.
            interface: The name of its device on the host, or its MAC address.
            flags: Which of the two is meant.
        """
        raise NotImplementedError

    @operation
    async def set_interface_parameters(
        self,
        domain: DomainKey,
        interface: str,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Change how fast an interface may be."""
        raise NotImplementedError

    @operation
    async def perf_events(
        self, domain: DomainKey, *, flags: DomainModificationImpact | Literal[0] = 0
    ) -> Mapping[str, ParamValue]:
        """Which of the host's performance events are counted, by their names."""
        raise NotImplementedError

    @operation
    async def set_perf_events(
        self,
        domain: DomainKey,
        params: TypedParams,
        *,
        flags: DomainModificationImpact | Literal[0] = 0,
    ) -> None:
        """Change which of the host's performance events are counted."""
        raise NotImplementedError

    @operation
    async def launch_security(self, domain: DomainKey) -> Mapping[str, ParamValue]:
        """What a guest with encrypted memory was started with: its measurement and so on.

        Some hosts tell nothing of a guest that has none, others refuse.

        Raises:
            Unsupported: It has no encrypted memory.
        """
        raise NotImplementedError

    @operation
    async def set_launch_security(self, domain: DomainKey, params: TypedParams) -> None:
        """Put a secret into encrypted memory: ``sev-secret``, ``sev-secret-header``.

        Raises:
            Unsupported: It has no encrypted memory.
            InvalidState: It runs already.
        """
        raise NotImplementedError

    @operation
    async def security_label(self, domain: DomainKey) -> SecurityLabel:
        """The label of its process by the first security model."""
        raise NotImplementedError

    @operation
    async def security_labels(self, domain: DomainKey) -> Sequence[SecurityLabel]:
        """The labels of its process by all security models."""
        raise NotImplementedError
