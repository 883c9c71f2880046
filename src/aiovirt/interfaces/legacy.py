"""Operations about domains in libvirt's first form, as old clients and servers know them.

Each has a younger form, without its limits, in another ability: nothing is lost without these.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiovirt.config import DomainConfig, View
from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey
from aiovirt.model.statsgroups import BlockCounters

__all__ = ["Legacy"]


class Legacy(Ability):
    """See the module; raises what the younger forms raise."""

    @operation
    async def count_active(self) -> int:
        """How many domains are active: `Definition.keys`."""
        raise NotImplementedError

    @operation
    async def active_ids(self, limit: int = 16384) -> Sequence[int]:
        """The numbers of the active domains, `limit` at most: `Definition.keys`."""
        raise NotImplementedError

    @operation
    async def count_inactive(self) -> int:
        """How many domains are defined and not active: `Definition.keys`."""
        raise NotImplementedError

    @operation
    async def inactive_names(self, limit: int = 16384) -> Sequence[str]:
        """The names of the defined domains that are not active: `Definition.keys`."""
        raise NotImplementedError

    @operation
    async def define(self, config: DomainConfig) -> DomainKey:
        """See `Definition.define`."""
        raise NotImplementedError

    @operation
    async def undefine(self, domain: DomainKey) -> None:
        """See `Definition.undefine`."""
        raise NotImplementedError

    @operation
    async def start(self, domain: DomainKey) -> None:
        """See `Lifecycle.start`."""
        raise NotImplementedError

    @operation
    async def shutdown(self, domain: DomainKey) -> None:
        """See `Lifecycle.shutdown`."""
        raise NotImplementedError

    @operation
    async def destroy(self, domain: DomainKey) -> None:
        """See `Lifecycle.destroy`."""
        raise NotImplementedError

    @operation
    async def attach_device(self, domain: DomainKey, device: View | str) -> None:
        """See `Devices.attach_device`: of a running domain."""
        raise NotImplementedError

    @operation
    async def detach_device(self, domain: DomainKey, device: View | str) -> None:
        """See `Devices.detach_device`: of a running domain."""
        raise NotImplementedError

    @operation
    async def block_stats(self, domain: DomainKey, disk: str = "") -> BlockCounters:
        """See `Statistics.block_stats`."""
        raise NotImplementedError
