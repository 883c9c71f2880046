"""Counters of machines, added up from the samples that hosts measure every 20 seconds.

Hosts tell what was in each 20 seconds, libvirt's clients want sums that only grow.  So what comes
is added up from the first look on, which takes the newest sample; a machine that is started anew
counts from 0.  It asks nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from aiovirt.drivers.common.vmx.places import Place, names_of
from aiovirt.drivers.esx.machine import Machine
from aiovirt.model.statistics import StatsGroup
from aiovirt.model.statsgroups import BlockStats, CpuStats, InterfaceStats, VcpuStats
from aiovirt.protocols.vsphere.tables.performance import (
    PerfCounterInfo,
    PerfEntityMetric,
    PerfMetricIntSeries,
)

__all__ = ["GROUPS", "Counter", "Sums", "card_name", "names_of_counters", "wanted"]

_MS: Final = 1_000_000
_KIB: Final = 1024
_CARDS: Final = 4000
"""The key of a machine's first network card."""


class Counter(NamedTuple):
    """One of the hosts' counters.

    Attributes:
        group: Which statistics it belongs to.
        field: The field there.
        factor: What its unit is in the field's.
        rate: Whether it is told by the second.
    """

    group: StatsGroup
    field: str
    factor: int = 1
    rate: bool = False


_G = StatsGroup

COUNTERS: Final[Mapping[str, Counter]] = {
    "cpu.used.summation": Counter(_G.CPU, "time_ns", _MS),
    "cpu.system.summation": Counter(_G.CPU, "system_ns", _MS),
    "cpu.ready.summation": Counter(_G.VCPU, "delay_ns", _MS),
    "net.received.average": Counter(_G.INTERFACE, "rx_bytes", _KIB, rate=True),
    "net.transmitted.average": Counter(_G.INTERFACE, "tx_bytes", _KIB, rate=True),
    "net.packetsRx.summation": Counter(_G.INTERFACE, "rx_packets"),
    "net.packetsTx.summation": Counter(_G.INTERFACE, "tx_packets"),
    "net.droppedRx.summation": Counter(_G.INTERFACE, "rx_drops"),
    "net.droppedTx.summation": Counter(_G.INTERFACE, "tx_drops"),
    "virtualDisk.read.average": Counter(_G.BLOCK, "rd_bytes", _KIB, rate=True),
    "virtualDisk.write.average": Counter(_G.BLOCK, "wr_bytes", _KIB, rate=True),
    "virtualDisk.numberReadAveraged.average": Counter(_G.BLOCK, "rd_reqs", rate=True),
    "virtualDisk.numberWriteAveraged.average": Counter(_G.BLOCK, "wr_reqs", rate=True),
}
"""What is asked for, by group, name and kind of sum (vSphere API, performance counters)."""

GROUPS: Final = _G.CPU | _G.VCPU | _G.INTERFACE | _G.BLOCK
"""The statistics that need counters."""


def names_of_counters(infos: tuple[PerfCounterInfo, ...]) -> dict[int, str]:
    """The counters that a server has of those above, by its numbers."""
    named = {
        info.key: f"{info.group_info.key}.{info.name_info.key}.{info.rollup_type}" for info in infos
    }
    return {key: name for key, name in named.items() if name in COUNTERS}


def wanted(known: Mapping[int, str], groups: StatsGroup) -> list[int]:
    """The numbers of what groups need.  Processors are told by those of all of them together."""
    asked = groups | _G.CPU if groups & _G.VCPU else groups
    return [key for key, name in known.items() if COUNTERS[name].group & asked]


@dataclass(slots=True)
class Sums:
    """What a machine's counters have come to.

    Attributes:
        booted: When the machine was started that they are of.
        until: The time of the last sample of each counter that was added, by the server's clock.
        totals: The sum of each counter and instance: a processor, a disk, a card; "" for all.
    """

    booted: datetime | None = None
    until: dict[str, datetime] = field(default_factory=dict)
    totals: dict[tuple[str, str], int] = field(default_factory=dict)

    def begin(self, machine: Machine) -> None:
        """Count from 0 if the machine is not that which was counted."""
        if machine.booted != self.booted:
            self.booted = machine.booted
            self.until.clear()
            self.totals.clear()

    def add(self, metric: PerfEntityMetric, names: Mapping[int, str]) -> None:
        """Add what has come since."""
        last = dict(self.until)
        times = [(each.timestamp, each.interval) for each in metric.sample_info]
        for series in metric.value:
            name = names.get(series.id.counter_id)
            if name is None or not isinstance(series, PerfMetricIntSeries):
                continue
            after, at = last.get(name), (name, series.id.instance)
            counter = COUNTERS[name]
            for (time, interval), value in zip(times, series.value, strict=False):
                # A host that has no figure of a moment says -1.
                if value >= 0 and (after is None or time > after):
                    amount = value * counter.factor * (interval if counter.rate else 1)
                    self.totals[at] = self.totals.get(at, 0) + amount
            if times:
                self.until[name] = max(times[-1][0], after or times[-1][0])

    def since(self, names: list[str]) -> datetime | None:
        """The time from which on samples of counters are new; None where some never were."""
        known = [self.until.get(name) for name in names]
        found = [each for each in known if each is not None]
        return min(found) if len(found) == len(known) and found else None

    # --- as libvirt's groups --------------------------------------------------------------------

    def cpu(self) -> CpuStats:
        """Processor time of all processors."""
        return CpuStats(**self._whole(_G.CPU))

    def vcpus(self, count: int) -> list[VcpuStats]:
        """Each processor: what it used, and what it waited for one of the host's."""
        times = self._rows(_G.CPU)
        delays = self._rows(_G.VCPU)
        return [
            VcpuStats(
                index=number,
                state=1,
                time_ns=times.get(str(number), {}).get("time_ns"),
                delay_ns=delays.get(str(number), {}).get("delay_ns"),
            )
            for number in range(count)
        ]

    def interfaces(self) -> list[InterfaceStats]:
        """The network cards, by VMware's names: ``ethernet0``."""
        rows = sorted(self._rows(_G.INTERFACE).items())
        return [InterfaceStats(**row, name=card_name(key)) for key, row in rows if key.isdigit()]

    def blocks(self) -> list[BlockStats]:
        """The disks, by the names of their targets."""
        rows = self._rows(_G.BLOCK)
        places = {place: rows[key] for key in rows if (place := Place.of(key)) is not None}
        names = names_of(places, unique=True)
        return [_block(names[place], places[place]) for place in sorted(places)]

    def _rows(self, group: StatsGroup) -> dict[str, dict[str, int]]:
        """The fields of a group for each instance that there is."""
        rows: dict[str, dict[str, int]] = {}
        for (name, instance), total in self.totals.items():
            counter = COUNTERS[name]
            if counter.group is group and instance:
                rows.setdefault(instance, {})[counter.field] = total
        return rows

    def _whole(self, group: StatsGroup) -> dict[str, int]:
        """The fields of a group for all instances together."""
        return dict(self._wholes(group))

    def _wholes(self, group: StatsGroup) -> Iterator[tuple[str, int]]:
        for name, counter in COUNTERS.items():
            if counter.group is not group:
                continue
            parts = {at: total for (each, at), total in self.totals.items() if each == name}
            if parts:
                yield counter.field, parts.get("", sum(parts.values()))


def _block(name: str, row: Mapping[str, int]) -> BlockStats:
    return BlockStats(
        name=name,
        rd_bytes=row.get("rd_bytes"),
        wr_bytes=row.get("wr_bytes"),
        rd_reqs=row.get("rd_reqs"),
        wr_reqs=row.get("wr_reqs"),
    )


def card_name(key: str) -> str:
    """VMware's name of the network card with a key: 4000 is ``ethernet0``."""
    return f"ethernet{int(key) - _CARDS}" if int(key) >= _CARDS else f"vmnic{key}"
