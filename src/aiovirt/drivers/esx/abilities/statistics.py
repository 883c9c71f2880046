"""Figures of machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, Literal

from aiovirt.drivers.esx.counters import card_name
from aiovirt.drivers.esx.devices import cards_of
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.machine import OFF, ON, SUSPENDED, Machine
from aiovirt.drivers.esx.measuring import Measured, Measurer
from aiovirt.drivers.esx.session import EsxAbility, Session
from aiovirt.errors import InvalidState, NotFound, Unsupported
from aiovirt.interfaces import Statistics, immediate, refuse_flags
from aiovirt.model.domain import ControlInfo, DomainInfo, DomainKey
from aiovirt.model.flags import fits
from aiovirt.model.params import ParamValue
from aiovirt.model.statistics import DomainStats, StatsGroup, figures_of
from aiovirt.model.statsgroups import BalloonStats, InterfaceCounters, block_totals

if TYPE_CHECKING:
    from aiovirt.model.constants import ConnectGetAllDomainStatsFlags

__all__ = ["EsxStatistics"]

_MIB: Final = 1 << 20

_FILTERS: Final[Sequence[Mapping[int, Callable[[Machine], bool]]]] = (
    {0x1: lambda machine: machine.active, 0x2: lambda machine: not machine.active},
    {0x4: lambda _: True, 0x8: lambda _: False},
    {
        0x10: lambda machine: machine.power == ON,
        0x20: lambda machine: machine.power == SUSPENDED,
        0x40: lambda machine: machine.power == OFF,
        0x80: lambda _: False,
    },
)
"""Flags of `ConnectGetAllDomainStatsFlags`, by group -> what they ask; all are persistent."""

_NOWAIT, _ENFORCE = 0x20000000, 0x80000000
_KNOWN: Final = 0xFF | _NOWAIT | _ENFORCE


class EsxStatistics(EsxAbility, Statistics):
    """What is known of machines, and what their hosts measure.

    Counters are added up from the connection's first look at them on.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._measurer = Measurer(session)

    @immediate
    async def info(self, domain: DomainKey) -> DomainInfo:
        """See `Statistics.info`: from memory, so that the processor time, which is not, is 0."""
        machine = self.session.machines.get(domain)
        size, limit = machine.memory_mib, machine.memory_limit_mib
        return DomainInfo(
            state=self.session.watcher.reason(machine).state,
            max_memory=size * _MIB,
            memory=(size if limit < 0 else min(size, limit)) * _MIB,
            vcpus=machine.vcpus,
            cpu_time_ns=0,
        )

    async def stats(
        self,
        domains: Sequence[DomainKey] | None = None,
        *,
        groups: StatsGroup = StatsGroup.ALL,
        flags: ConnectGetAllDomainStatsFlags | Literal[0] = 0,
    ) -> Sequence[DomainStats]:
        """See `Statistics.stats`: one request asks of 200 machines."""
        refuse_flags(DRIVER, "stats", flags, _KNOWN)
        machines = self.session.machines
        asked = list(machines) if domains is None else [machines.get(key) for key in domains]
        found = [each for each in asked if fits(each, flags, _FILTERS)]
        measured = await self._measurer.measure(found, groups)
        return [self._stats(each, measured.get(each.ref), groups) for each in found]

    def _stats(self, machine: Machine, known: Measured | None, groups: StatsGroup) -> DomainStats:
        reason = self.session.watcher.reason(machine)
        if known is None:
            return DomainStats(machine.key, machine.number, figures_of(reason))
        sums = known.sums
        figures = figures_of(
            reason,
            cpu=sums.cpu() if groups & StatsGroup.CPU else None,
            balloon=_balloon(machine, known) if groups & StatsGroup.BALLOON else None,
            vcpus=sums.vcpus(machine.vcpus) if groups & StatsGroup.VCPU else None,
            interfaces=sums.interfaces() if groups & StatsGroup.INTERFACE else None,
            blocks=sums.blocks() if groups & StatsGroup.BLOCK else None,
            most_vcpus=machine.vcpus,
        )
        return DomainStats(machine.key, machine.number, figures, known.control)

    async def memory_stats(self, domain: DomainKey) -> BalloonStats:
        """See `Statistics.memory_stats`: what the host gives it, and what its guest works with."""
        machine, known = await self._one(domain, StatsGroup.BALLOON)
        return _balloon(machine, known, maximum=False)

    async def block_stats(self, domain: DomainKey, disk: str = "") -> Mapping[str, ParamValue]:
        """See `Statistics.block_stats`; a disk is named by its target."""
        machine, known = await self._one(domain, StatsGroup.BLOCK)
        blocks = known.sums.blocks()
        found = [each for each in blocks if disk in {"", each.name}]
        if not found and disk:
            names = ", ".join(each.name for each in blocks)
            raise NotFound(
                f"{self.session.where} has counted for no disk {disk!r} of domain {machine.name!r}",
                hint=f"there are: {names or 'none'}",
            )
        return block_totals(found)

    async def interface_stats(self, domain: DomainKey, interface: str) -> InterfaceCounters:
        """See `Statistics.interface_stats`: by the MAC address, or VMware's name ``ethernet0``."""
        machine, known = await self._one(domain, StatsGroup.INTERFACE)
        cards = await cards_of(self.session, machine)
        names = {(card.mac_address or "").lower(): card_name(str(card.key)) for card in cards}
        name = names.get(interface.lower(), interface)
        for each in known.sums.interfaces():
            if each.name == name:
                fields = asdict(each)
                del fields["name"]
                return InterfaceCounters(**fields)
        raise NotFound(
            f"{self.session.where} has counted for no interface {interface!r} of domain "
            f"{machine.name!r}",
            hint=f"there are: {', '.join(names) or 'none'}",
        )

    async def cpu_stats(
        self, domain: DomainKey, *, start: int = 0, count: int | None = None
    ) -> Sequence[Mapping[str, ParamValue]]:
        """See `Statistics.cpu_stats`, of all processors together.

        Raises:
            Unsupported: By the host's processors it is not counted.
        """
        if start >= 0 or count not in {None, 1}:
            raise Unsupported(DRIVER, "cpu_stats by the host's processors", "ask for the total")
        _, known = await self._one(domain, StatsGroup.CPU)
        cpu = known.sums.cpu()
        told = {"cpu_time": cpu.time_ns, "system_time": cpu.system_ns}
        return [{name: value for name, value in told.items() if value is not None}]

    @immediate
    async def control_info(self, domain: DomainKey) -> ControlInfo:
        """See `Statistics.control_info`: whether a job of this connection is under way."""
        machine = self.session.machines.get(domain)
        if not machine.active:
            raise _off(machine)
        return self.session.works.control(machine.ref)

    async def _one(self, domain: DomainKey, group: StatsGroup) -> tuple[Machine, Measured]:
        """One machine that runs, measured now.

        Raises:
            InvalidState: It does not.
        """
        machine = self.session.machines.get(domain)
        if machine.power != ON:
            raise _off(machine)
        known = (await self._measurer.measure([machine], group))[machine.ref]
        return machine, known


def _off(machine: Machine) -> InvalidState:
    return InvalidState(
        f"nobody measures domain {machine.name!r}: it does not run",
        hint=f"aiovirt start {machine.name}",
    )


def _balloon(machine: Machine, known: Measured, *, maximum: bool = True) -> BalloonStats:
    quick: Any = known.quick
    size = machine.memory_mib * _MIB
    ballooned = 0 if quick is None else (quick.ballooned_memory or 0)
    return BalloonStats(
        current=size - ballooned * _MIB,
        maximum=size if maximum else None,
        rss=None if quick is None else _bytes(quick.host_memory_usage),
        available=size,
        usable=None if quick is None else _left(machine, quick.guest_memory_usage),
    )


def _bytes(mib: int | None) -> int | None:
    return None if mib is None else mib * _MIB


def _left(machine: Machine, used_mib: int | None) -> int | None:
    """What of its memory the guest has not touched of late."""
    return None if used_mib is None else max(machine.memory_mib - used_mib, 0) * _MIB
