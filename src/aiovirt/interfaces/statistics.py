"""Figures of domains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import ControlInfo, DomainInfo, DomainKey
from aiovirt.model.params import ParamValue
from aiovirt.model.statistics import DomainStats, StatsGroup
from aiovirt.model.statsgroups import BalloonStats, InterfaceCounters

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectGetAllDomainStatsFlags

__all__ = ["Statistics"]


class Statistics(Ability):
    """Asking all domains at once; one that does not answer is marked and holds up nobody."""

    @operation
    async def info(self, domain: DomainKey) -> DomainInfo:
        """State, memory, processors and processor time of one domain.

        Raises:
            NotFound: There is no such domain.
        """
        raise NotImplementedError

    @operation
    async def stats(
        self,
        domains: Sequence[DomainKey] | None = None,
        *,
        groups: StatsGroup = StatsGroup.ALL,
        flags: ConnectGetAllDomainStatsFlags | Literal[0] = 0,
    ) -> Sequence[DomainStats]:
        """The statistics of these domains, or of all, in the order asked for (or by name).

        A domain whose hypervisor does not answer within the driver's bound is there too: its
        `control` says so, and the groups that need the answer are None.

        Args:
            domains: Which; all if None.
            groups: What is asked; the state always is there.
            flags: libvirt's filters, which narrow `domains`; `NOWAIT`, `BACKING`, `ENFORCE_STATS`.

        Raises:
            NotFound: A domain that was asked for is not there.
        """
        raise NotImplementedError

    @operation
    async def memory_stats(self, domain: DomainKey) -> BalloonStats:
        """What the guest and its hypervisor say of its memory; `maximum` is not among it."""
        raise NotImplementedError

    @operation
    async def block_stats(self, domain: DomainKey, disk: str = "") -> Mapping[str, ParamValue]:
        """What a disk has read and written, by libvirt's names, such as ``rd_bytes``.

        Args:
            domain: Which domain.
            disk: The disk's target, or the path of its image; all disks together if empty.

        Raises:
            InvalidState: The domain is not running.
            NotFound: It has no such disk.
        """
        raise NotImplementedError

    @operation
    async def interface_stats(self, domain: DomainKey, interface: str) -> InterfaceCounters:
        """What a network interface has received and sent.

        Args:
            domain: Which domain.
            interface: Its name on the host, or its MAC address.

        Raises:
            InvalidState: The domain is not running.
            NotFound: It has no such interface, or nobody counts for it.
        """
        raise NotImplementedError

    @operation
    async def cpu_stats(
        self, domain: DomainKey, *, start: int = 0, count: int | None = None
    ) -> Sequence[Mapping[str, ParamValue]]:
        """Processor time by the host's processors, in nanoseconds, by libvirt's names.

        Args:
            domain: Which domain.
            start: The first processor; -1 gives one entry for all of them together.
            count: How many; all from `start` if None.

        Raises:
            InvalidState: The domain is not running.
        """
        raise NotImplementedError

    @operation
    async def control_info(self, domain: DomainKey) -> ControlInfo:
        """Whether the hypervisor process can be asked now; it is not asked for this."""
        raise NotImplementedError
