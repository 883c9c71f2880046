"""What a domain may use of its host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiovirt.interfaces import Resources
from aiovirt.model.domain import DomainKey
from aiovirt.model.flags import flag_set
from aiovirt.model.params import ParamValue, TypedParams
from aiovirt.model.tuning import Scheduler, SecurityLabel
from aiovirt.objects._domain_processors import impact
from aiovirt.objects._handle import Handle

__all__ = ["DomainResources"]


class DomainResources(Handle[DomainKey]):
    """The part of `Domain` about limits and weights.

    Parameters bear libvirt's names and units. With `live` the running domain is meant, with
    `config` what it is started with the next time; without either the running one if it runs.
    """

    @property
    def _resources(self) -> Resources:
        return self._driver.ability(Resources)

    async def max_memory(self) -> int:
        """The memory that it may have, in bytes; 0 where there is no limit."""
        return await self._resources.max_memory(self.key)

    async def set_memory(
        self, memory: int, *, maximum: bool = False, live: bool = False, config: bool = False
    ) -> None:
        """Change its memory; a running guest gives back what it can, later.

        Args:
            memory: Bytes, a multiple of 1024, such as `GiB(1)`.
            maximum: The memory that it may have instead.
            live: Of the running domain.
            config: Of its configuration.
        """
        flags = flag_set("DomainMemoryModFlags", 0, maximum=maximum, live=live, config=config)
        await self._resources.set_memory(self.key, memory, flags=flags)

    async def set_memory_stats_period(
        self, period_s: int, *, live: bool = False, config: bool = False
    ) -> None:
        """Say how often the guest tells its memory's figures, in seconds; 0 for never."""
        flags = impact(live=live, config=config)
        await self._resources.set_memory_stats_period(self.key, period_s, flags=flags)

    async def scheduler(self) -> Scheduler:
        """What shares out processor time."""
        return await self._resources.scheduler(self.key)

    async def scheduler_parameters(
        self, *, live: bool = False, config: bool = False
    ) -> Mapping[str, ParamValue]:
        """How processor time is shared out: ``cpu_shares``, ``vcpu_quota`` and so on."""
        flags = impact(live=live, config=config)
        return await self._resources.scheduler_parameters(self.key, flags=flags)

    async def set_scheduler_parameters(
        self, params: TypedParams, *, live: bool = False, config: bool = False
    ) -> None:
        """Change how processor time is shared out."""
        flags = impact(live=live, config=config)
        await self._resources.set_scheduler_parameters(self.key, params, flags=flags)

    async def blkio_parameters(
        self, *, live: bool = False, config: bool = False
    ) -> Mapping[str, ParamValue]:
        """How the host's disks are shared: ``weight``, ``device_weight`` and so on."""
        flags = impact(live=live, config=config)
        return await self._resources.blkio_parameters(self.key, flags=flags)

    async def set_blkio_parameters(
        self, params: TypedParams, *, live: bool = False, config: bool = False
    ) -> None:
        """Change how the host's disks are shared."""
        flags = impact(live=live, config=config)
        await self._resources.set_blkio_parameters(self.key, params, flags=flags)

    async def memory_parameters(
        self, *, live: bool = False, config: bool = False
    ) -> Mapping[str, ParamValue]:
        """Limits of memory: ``hard_limit``, ``soft_limit``, ``swap_hard_limit``, in KiB."""
        flags = impact(live=live, config=config)
        return await self._resources.memory_parameters(self.key, flags=flags)

    async def set_memory_parameters(
        self, params: TypedParams, *, live: bool = False, config: bool = False
    ) -> None:
        """Change limits of memory."""
        flags = impact(live=live, config=config)
        await self._resources.set_memory_parameters(self.key, params, flags=flags)

    async def numa_parameters(
        self, *, live: bool = False, config: bool = False
    ) -> Mapping[str, ParamValue]:
        """On which of the host's nodes its memory is: ``numa_mode``, ``numa_nodeset``."""
        flags = impact(live=live, config=config)
        return await self._resources.numa_parameters(self.key, flags=flags)

    async def set_numa_parameters(
        self, params: TypedParams, *, live: bool = False, config: bool = False
    ) -> None:
        """Change on which of the host's nodes its memory is."""
        flags = impact(live=live, config=config)
        await self._resources.set_numa_parameters(self.key, params, flags=flags)

    async def interface_parameters(
        self, interface: str, *, live: bool = False, config: bool = False
    ) -> Mapping[str, ParamValue]:
        """How fast an interface may be: ``inbound.average`` and so on, in KiB/s and KiB.

        Args:
            interface: The name of its device on the host, or its MAC address.
            live: Of the running domain.
            config: Of its configuration.
        """
        flags = impact(live=live, config=config)
        return await self._resources.interface_parameters(self.key, interface, flags=flags)

    async def set_interface_parameters(
        self, interface: str, params: TypedParams, *, live: bool = False, config: bool = False
    ) -> None:
        """Change how fast an interface may be."""
        flags = impact(live=live, config=config)
        await self._resources.set_interface_parameters(self.key, interface, params, flags=flags)

    async def perf_events(
        self, *, live: bool = False, config: bool = False
    ) -> Mapping[str, ParamValue]:
        """Which of the host's performance events are counted, by their names."""
        flags = impact(live=live, config=config)
        return await self._resources.perf_events(self.key, flags=flags)

    async def set_perf_events(
        self, params: Mapping[str, bool], *, live: bool = False, config: bool = False
    ) -> None:
        """Change which of the host's performance events are counted."""
        flags = impact(live=live, config=config)
        await self._resources.set_perf_events(self.key, params, flags=flags)

    async def launch_security(self) -> Mapping[str, ParamValue]:
        """What it was started with, if its memory is encrypted: its measurement and so on."""
        return await self._resources.launch_security(self.key)

    async def set_launch_security(self, params: TypedParams) -> None:
        """Put a secret into its encrypted memory, before it runs."""
        await self._resources.set_launch_security(self.key, params)

    async def security_label(self) -> SecurityLabel:
        """The label of its process by the first security model."""
        return await self._resources.security_label(self.key)

    async def security_labels(self) -> Sequence[SecurityLabel]:
        """The labels of its process by all security models."""
        return await self._resources.security_labels(self.key)
