"""Statistics of a domain as values. Groups and names follow libvirt's domain statistics.

A domain's figures are one mapping with libvirt's names, such as ``net.0.rx.bytes``; typed groups
are made from it when they are asked for, so that the figures of many domains cost little.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Flag
from typing import TypeVar

from aiovirt.model.domain import ControlState, DomainKey, DomainState, StateReason, state_reason
from aiovirt.model.params import ParamValue
from aiovirt.model.statsgroups import (
    BalloonStats,
    BlockStats,
    CpuStats,
    DirtyRateStats,
    InterfaceStats,
    IOThreadStats,
    MemoryBandwidthStats,
    MemoryNodeStats,
    VcpuStats,
    figures_of_group,
    group_of_figures,
)

__all__ = ["ANSWERS", "DomainStats", "StatsGroup", "figures_of", "work_figures"]

G = TypeVar("G")

ANSWERS = ControlState()
"""That a hypervisor answers, as far as anybody knows."""

_MIB = 1024**2


class StatsGroup(Flag):
    """Which statistics are wanted; the numbers are those of libvirt's `virDomainStatsTypes`."""

    STATE = 0x1
    CPU = 0x2
    BALLOON = 0x4
    VCPU = 0x8
    INTERFACE = 0x10
    BLOCK = 0x20
    PERF = 0x40
    IOTHREAD = 0x80
    MEMORY = 0x100
    DIRTY_RATE = 0x200
    VM = 0x400
    ALL = 0x7FF


@dataclass(frozen=True, slots=True)
class DomainStats:
    """The statistics of one domain, taken in one pass.

    A group is None when it was not asked for, when the domain is not active, or when its
    hypervisor did not answer in time; `control` then says so where a driver knows it.

    Attributes:
        key: Which domain.
        id: The number of the running instance, or None when it is not active.
        figures: All that is known, with the names and units of `virsh domstats`: memory
            (``balloon.*``) in KiB, times in nanoseconds, all else in bytes.
        control: Whether the hypervisor answers for it.
    """

    key: DomainKey
    id: int | None
    figures: Mapping[str, ParamValue]
    control: ControlState = ANSWERS

    @property
    def reason(self) -> StateReason:
        """The state, with its reason."""
        return state_reason(self.figures.get("state.state", 0), self.figures.get("state.reason", 0))

    @property
    def state(self) -> DomainState:
        """The state without its reason."""
        return self.reason.state

    @property
    def cpu(self) -> CpuStats | None:
        """Processor time."""
        return self._group(CpuStats, "cpu.")

    @property
    def balloon(self) -> BalloonStats | None:
        """Memory."""
        return self._group(BalloonStats, "balloon.")

    @property
    def vcpus(self) -> tuple[VcpuStats, ...] | None:
        """Virtual processors, those that are plugged in."""
        return self._groups(VcpuStats, "vcpu", "current")

    @property
    def interfaces(self) -> tuple[InterfaceStats, ...] | None:
        """Network interfaces."""
        return self._groups(InterfaceStats, "net")

    @property
    def blocks(self) -> tuple[BlockStats, ...] | None:
        """Disks; with the flag `BACKING` each image of their chains."""
        return self._groups(BlockStats, "block")

    @property
    def iothreads(self) -> tuple[IOThreadStats, ...] | None:
        """IO threads."""
        return self._groups(IOThreadStats, "iothread")

    @property
    def perf(self) -> Mapping[str, ParamValue]:
        """The performance events that are turned on, by name."""
        return self._below("perf.")

    @property
    def vm(self) -> Mapping[str, ParamValue]:
        """What the hypervisor counts of the machine, such as ``remote_tlb_flush.sum``."""
        return self._below("vm.")

    @property
    def memory_bandwidth(self) -> tuple[MemoryBandwidthStats, ...] | None:
        """The monitors of memory bandwidth."""
        prefix = "memory.bandwidth.monitor"
        if f"{prefix}.count" not in self.figures:
            return None
        return tuple(
            group_of_figures(
                MemoryBandwidthStats,
                self.figures,
                f"{prefix}.{number}.",
                nodes=tuple(
                    group_of_figures(MemoryNodeStats, self.figures, f"{prefix}.{number}.node.{at}.")
                    for at in self._numbers(f"{prefix}.{number}.node.")
                ),
            )
            for number in self._numbers(f"{prefix}.")
        )

    @property
    def dirty_rate(self) -> DirtyRateStats | None:
        """How fast the guest writes to its memory, from the last measurement."""
        prefix = "dirtyrate."
        if not self._has(prefix):
            return None
        vcpus = {
            number: int(str(self.figures[f"{prefix}vcpu.{number}.megabytes_per_second"])) * _MIB
            for number in self._numbers(f"{prefix}vcpu.")
        }
        return group_of_figures(DirtyRateStats, self.figures, prefix, vcpus=vcpus)

    def _has(self, prefix: str) -> bool:
        return any(name.startswith(prefix) for name in self.figures)

    def _below(self, prefix: str) -> Mapping[str, ParamValue]:
        return {
            name.removeprefix(prefix): value
            for name, value in self.figures.items()
            if name.startswith(prefix)
        }

    def _numbers(self, prefix: str) -> list[int]:
        """The numbers that follow a prefix."""
        heads = {name.partition(".")[0] for name in self._below(prefix)}
        return sorted(int(head) for head in heads if head.isdecimal())

    def _group(self, kind: type[G], prefix: str) -> G | None:
        return group_of_figures(kind, self.figures, prefix) if self._has(prefix) else None

    def _groups(self, kind: type[G], prefix: str, count: str = "count") -> tuple[G, ...] | None:
        if f"{prefix}.{count}" not in self.figures:
            return None
        given = {"index": 0} if kind in {VcpuStats, IOThreadStats} else {}
        return tuple(
            group_of_figures(
                kind, self.figures, f"{prefix}.{number}.", **dict.fromkeys(given, number)
            )
            for number in self._numbers(f"{prefix}.")
        )


def figures_of(
    reason: StateReason,
    *,
    cpu: CpuStats | None = None,
    balloon: BalloonStats | None = None,
    vcpus: Sequence[VcpuStats] | None = None,
    interfaces: Sequence[InterfaceStats] | None = None,
    blocks: Sequence[BlockStats] | None = None,
    most_vcpus: int | None = None,
) -> dict[str, ParamValue]:
    """The figures of groups, for a driver that takes them itself; what is not known is left out.

    `most_vcpus` is how many virtual processors there may be, beside those that there are.
    """
    figures: dict[str, ParamValue] = {
        "state.state": int(reason.state),
        "state.reason": reason.number,
    }
    for prefix, group in (("cpu.", cpu), ("balloon.", balloon)):
        figures.update(figures_of_group(prefix, group))
    if vcpus is not None:
        figures["vcpu.current"] = len(vcpus)
        if most_vcpus is not None:
            figures["vcpu.maximum"] = most_vcpus
        for vcpu in vcpus:
            figures.update(figures_of_group(f"vcpu.{vcpu.index}.", vcpu))
    figures.update(_of_rows("net", interfaces))
    figures.update(_of_rows("block", blocks))
    return figures


def work_figures(
    iothreads: Sequence[IOThreadStats] | None, dirty_rate: DirtyRateStats | None
) -> Iterator[tuple[str, ParamValue]]:
    """The same of I/O threads and of how fast a guest writes to its memory."""
    if iothreads is not None:
        yield "iothread.count", len(iothreads)
        for thread in iothreads:
            yield from figures_of_group(f"iothread.{thread.index}.", thread)
    yield from figures_of_group("dirtyrate.", dirty_rate)
    for number, rate in (dirty_rate.vcpus if dirty_rate else {}).items():
        yield f"dirtyrate.vcpu.{number}.megabytes_per_second", rate // _MIB


def _of_rows(prefix: str, rows: Sequence[object] | None) -> Iterator[tuple[str, ParamValue]]:
    if rows is None:
        return
    yield f"{prefix}.count", len(rows)
    for number, row in enumerate(rows):
        yield from figures_of_group(f"{prefix}.{number}.", row)
