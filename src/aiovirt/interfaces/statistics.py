"""Figures of domains."""

from __future__ import annotations

from collections.abc import Sequence

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainInfo, DomainKey
from aiovirt.model.statistics import DomainStats, StatsGroup

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
    ) -> Sequence[DomainStats]:
        """The statistics of these domains, or of all, in the order asked for (or by name).

        A domain whose hypervisor does not answer within the driver's bound is there too: its
        `record.control` says so, and the groups that need the answer are None.

        Raises:
            NotFound: A domain that was asked for is not there.
        """
        raise NotImplementedError
