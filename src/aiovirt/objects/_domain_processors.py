"""A domain's virtual processors and I/O threads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiovirt.interfaces import Processors
from aiovirt.model.domain import DomainKey
from aiovirt.model.flags import flag_set
from aiovirt.model.params import ParamValue
from aiovirt.model.tuning import IOThread, Vcpu
from aiovirt.objects._handle import Handle

__all__ = ["DomainProcessors", "impact"]


def impact(*, live: bool, config: bool) -> Any:  # noqa: ANN401  # flags by their name
    """libvirt's flags of what is meant: the running domain, its configuration, or both."""
    return flag_set("DomainModificationImpact", 0, live=live, config=config)


class DomainProcessors(Handle[DomainKey]):
    """The part of `Domain` about processors.

    With `live` the running domain is meant, with `config` what it is started with the next time,
    with both of them both; without either the running one if it runs, else the configuration.
    """

    @property
    def _processors(self) -> Processors:
        return self._driver.ability(Processors)

    async def host_cpu_count(self) -> int:
        """How many processors its host has, those that are off among them."""
        return await self._processors.host_cpu_count()

    async def vcpus(self) -> Sequence[Vcpu]:
        """Its virtual processors, while it runs: time, state and place of each."""
        return await self._processors.vcpus(self.key)

    async def vcpu_count(
        self,
        *,
        maximum: bool = False,
        guest: bool = False,
        live: bool = False,
        config: bool = False,
    ) -> int:
        """How many virtual processors it has.

        Args:
            maximum: How many it may have instead.
            guest: How many its guest uses instead; its agent is asked.
            live: Of the running domain.
            config: Of its configuration.
        """
        flags = flag_set(
            "DomainVcpuFlags", 0, maximum=maximum, guest=guest, live=live, config=config
        )
        return await self._processors.vcpu_count(self.key, flags=flags)

    async def max_vcpus(self) -> int:
        """How many virtual processors it may have at most."""
        return await self._processors.max_vcpus(self.key)

    async def set_vcpu_count(
        self,
        count: int,
        *,
        maximum: bool = False,
        guest: bool = False,
        hotpluggable: bool = False,
        live: bool = False,
        config: bool = False,
    ) -> None:
        """Change how many virtual processors it has.

        Args:
            count: How many.
            maximum: How many it may have instead; only in its configuration.
            guest: How many its guest uses instead; its agent is told.
            hotpluggable: Let those that are added be taken away again.
            live: Of the running domain.
            config: Of its configuration.
        """
        flags = flag_set(
            "DomainVcpuFlags",
            0,
            maximum=maximum,
            guest=guest,
            hotpluggable=hotpluggable,
            live=live,
            config=config,
        )
        await self._processors.set_vcpu_count(self.key, count, flags=flags)

    async def set_vcpu(
        self, vcpus: Iterable[int], *, enable: bool = True, live: bool = False, config: bool = False
    ) -> None:
        """Plug these virtual processors in, or out.

        Args:
            vcpus: Their numbers.
            enable: Whether in or out.
            live: Of the running domain.
            config: Of its configuration.
        """
        flags = impact(live=live, config=config)
        await self._processors.set_vcpu(self.key, vcpus, enable=enable, flags=flags)

    async def vcpu_pins(
        self, *, live: bool = False, config: bool = False
    ) -> Mapping[int, frozenset[int]]:
        """The host's processors that each virtual one may use, by its number."""
        flags = impact(live=live, config=config)
        return await self._processors.vcpu_pins(self.key, flags=flags)

    async def pin_vcpu(
        self, vcpu: int, cpus: Iterable[int], *, live: bool = False, config: bool = False
    ) -> None:
        """Say which of the host's processors a virtual one may use.

        await vm.pin_vcpu(0, {2, 3}, live=True, config=True)
        """
        flags = impact(live=live, config=config)
        await self._processors.pin_vcpu(self.key, vcpu, cpus, flags=flags)

    async def emulator_pin(self, *, live: bool = False, config: bool = False) -> frozenset[int]:
        """The host's processors that the hypervisor's own threads may use."""
        flags = impact(live=live, config=config)
        return await self._processors.emulator_pin(self.key, flags=flags)

    async def pin_emulator(
        self, cpus: Iterable[int], *, live: bool = False, config: bool = False
    ) -> None:
        """Say which of the host's processors the hypervisor's own threads may use."""
        flags = impact(live=live, config=config)
        await self._processors.pin_emulator(self.key, cpus, flags=flags)

    async def iothreads(self, *, live: bool = False, config: bool = False) -> Sequence[IOThread]:
        """Its I/O threads, with the host's processors that they may use."""
        flags = impact(live=live, config=config)
        return await self._processors.iothreads(self.key, flags=flags)

    async def pin_iothread(
        self, iothread: int, cpus: Iterable[int], *, live: bool = False, config: bool = False
    ) -> None:
        """Say which of the host's processors an I/O thread may use."""
        flags = impact(live=live, config=config)
        await self._processors.pin_iothread(self.key, iothread, cpus, flags=flags)

    async def add_iothread(
        self, iothread: int, *, live: bool = False, config: bool = False
    ) -> None:
        """Add an I/O thread of that number, which is above 0."""
        flags = impact(live=live, config=config)
        await self._processors.add_iothread(self.key, iothread, flags=flags)

    async def delete_iothread(
        self, iothread: int, *, live: bool = False, config: bool = False
    ) -> None:
        """Take an I/O thread away that no disk uses."""
        flags = impact(live=live, config=config)
        await self._processors.delete_iothread(self.key, iothread, flags=flags)

    async def set_iothread(
        self, iothread: int, *, live: bool = False, config: bool = False, **params: ParamValue
    ) -> None:
        """Change how an I/O thread polls.

        Args:
            iothread: Its number.
            live: Of the running domain.
            config: Of its configuration.
            params: libvirt's: ``poll_max_ns``, ``poll_grow``, ``poll_shrink``,
                ``thread_pool_min``, ``thread_pool_max``.
        """
        flags = impact(live=live, config=config)
        await self._processors.set_iothread(self.key, iothread, params, flags=flags)
