"""The figures of a running domain in memory: made up, the same at the same time on each host.

They grow with the time that the guest runs, so that rates can be computed of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from aiovirt.config import Disk, Interface
from aiovirt.drivers.test.domains.images import Images, source_of
from aiovirt.drivers.test.domains.machine import Live, Machine
from aiovirt.drivers.test.domains.perf import perf_on
from aiovirt.drivers.test.world import World
from aiovirt.model.domain import DomainState
from aiovirt.model.params import ParamValue
from aiovirt.model.statistics import StatsGroup, figures_of
from aiovirt.model.statsgroups import (
    BalloonStats,
    BlockStats,
    CpuStats,
    InterfaceStats,
    VcpuStats,
)
from aiovirt.model.tuning import PERF_EVENTS

__all__ = ["Figures"]

_NS: Final = 1_000_000_000
_DIRTIED: Final = 4
"""How many MiB of its memory every guest changes in a second."""

_LAST_UPDATE: Final = 627319920
"""When every guest told of its memory last: the second that libvirt's test driver has, too."""


class Figures:
    """The figures of one running domain at one time."""

    def __init__(self, world: World, machine: Machine, live: Live) -> None:
        self.machine = machine
        self.live = live
        self.config = live.config
        self._images = world.room(Images)
        self.now = world.now()
        self.seconds = max(self.now - live.started_at, 0.0)

    def of(self, groups: StatsGroup, *, backing: bool = False) -> dict[str, ParamValue]:
        """Those of some groups, by libvirt's names."""
        figures = figures_of(
            self.machine.reason,
            cpu=self.cpu() if StatsGroup.CPU in groups else None,
            balloon=self.balloon() if StatsGroup.BALLOON in groups else None,
            vcpus=self.vcpus() if StatsGroup.VCPU in groups else None,
            interfaces=self.interfaces() if StatsGroup.INTERFACE in groups else None,
            blocks=self.blocks(backing=backing) if StatsGroup.BLOCK in groups else None,
        )
        for group, more in _MORE.items():
            if group in groups:
                figures.update(more(self))
        return figures

    def cpu_time(self) -> int:
        """Processor time of the instance, in nanoseconds: each processor is busy a tenth."""
        return int(self.seconds * _NS * len(self.vcpus()) / 10)

    def cpu(self) -> CpuStats:
        """Processor time."""
        time = self.cpu_time()
        return CpuStats(time, time * 6 // 10, time * 4 // 10)

    def balloon(self) -> BalloonStats:
        """Memory: the guest uses half of what it has."""
        most = int(self.config.memory or 0)
        current = int(self.config.current_memory or most)
        return BalloonStats(
            current=current,
            maximum=most,
            rss=current // 2,
            swap_in=0,
            swap_out=0,
            major_faults=0,
            minor_faults=0,
            unused=current // 2,
            available=current,
            usable=current // 2,
            last_update_s=_LAST_UPDATE,
            disk_caches=current // 8,
            hugetlb_allocations=0,
            hugetlb_failures=0,
        )

    def vcpus(self) -> tuple[VcpuStats, ...]:
        """The processors that are plugged in."""
        count = self.config.vcpu.current or self.config.vcpus or 1
        state = 1 if self.machine.reason.state is DomainState.RUNNING else 0
        time = int(self.seconds * _NS / 10)
        return tuple(VcpuStats(number, state, time, 0, 0) for number in range(count))

    def interfaces(self) -> tuple[InterfaceStats, ...]:
        """The network interfaces that have a device on the host."""
        cards = [card for card in self.config.interfaces if card.target_dev]
        return tuple(self.interface(card, number) for number, card in enumerate(cards))

    def interface(self, card: Interface, number: int) -> InterfaceStats:
        """One of them."""
        packets = int(self.seconds * 10) + number
        return InterfaceStats(
            rx_bytes=packets * 100,
            rx_packets=packets,
            rx_errors=0,
            rx_drops=0,
            tx_bytes=packets * 80,
            tx_packets=packets * 9 // 10,
            tx_errors=0,
            tx_drops=0,
            name=card.target_dev or "",
        )

    def blocks(self, *, backing: bool = False) -> tuple[BlockStats, ...]:
        """The disks; with `backing` each image of their chains."""
        found = []
        for disk in self.config.disks:
            path = source_of(disk)
            found.append(self.block(disk))
            below = list(self._images.chain(path))[1:] if backing and path else []
            found += [
                BlockStats(disk.target.dev or "", image.path, backing_index=depth)
                for depth, image in enumerate(below, 1)
            ]
        return tuple(found)

    def block(self, disk: Disk) -> BlockStats:
        """One disk."""
        path = source_of(disk)
        info = self._images.info(path) if path else None
        reads, writes = int(self.seconds * 5), int(self.seconds * 2)
        return BlockStats(
            disk.target.dev or "",
            path,
            rd_reqs=reads,
            rd_bytes=reads * 4096,
            rd_times_ns=reads * 100_000,
            wr_reqs=writes,
            wr_bytes=writes * 8192,
            wr_times_ns=writes * 200_000,
            fl_reqs=writes // 2,
            fl_times_ns=writes * 50_000,
            allocation=info.allocation if info else None,
            capacity=info.capacity if info else None,
            physical=info.physical if info else None,
            threshold=self.live.thresholds.get(disk.target.dev or ""),
        )


def _most_vcpus(figures: Figures) -> Mapping[str, ParamValue]:
    return {"vcpu.maximum": figures.config.vcpus or 1}


def _iothreads(figures: Figures) -> Mapping[str, ParamValue]:
    count = figures.config.iothreads or 0
    found: dict[str, ParamValue] = {"iothread.count": count}
    for number in range(1, count + 1):
        for name, value in (("max-ns", 32768), ("grow", 0), ("shrink", 0)):
            found[f"iothread.{number}.poll-{name}"] = value
    return found


def _perf(figures: Figures) -> Mapping[str, ParamValue]:
    events = int(figures.seconds * 1000)
    return {f"perf.{name}": events for name in PERF_EVENTS if perf_on(figures.config, name)}


def _dirty_rate(figures: Figures) -> Mapping[str, ParamValue]:
    if figures.live.measured is None:
        return {}
    begun, seconds = figures.live.measured
    done = figures.now >= begun + seconds
    found: dict[str, ParamValue] = {
        "dirtyrate.calc_status": 2 if done else 1,
        "dirtyrate.calc_start_time": int(begun),
        "dirtyrate.calc_period": seconds,
        "dirtyrate.calc_mode": "page-sampling",
    }
    return {**found, "dirtyrate.megabytes_per_second": _DIRTIED} if done else found


_MORE: Mapping[StatsGroup, Callable[[Figures], Mapping[str, ParamValue]]] = {
    StatsGroup.VCPU: _most_vcpus,
    StatsGroup.IOTHREAD: _iothreads,
    StatsGroup.PERF: _perf,
    StatsGroup.DIRTY_RATE: _dirty_rate,
}
"""Groups of which `figures_of` does not know all."""
