"""The typed groups of domain statistics, and the name that each figure has with libvirt.

A figure that is not known is None. Amounts are bytes, times are in the unit of their name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from aiovirt.model.params import ParamValue

__all__ = [
    "BLOCK_FIGURES",
    "BalloonStats",
    "BlockCounters",
    "BlockStats",
    "CpuStats",
    "DirtyRateStats",
    "IOThreadStats",
    "InterfaceCounters",
    "InterfaceStats",
    "MemoryBandwidthStats",
    "MemoryNodeStats",
    "VcpuStats",
    "block_totals",
    "figures_of_group",
    "group_of_figures",
]

G = TypeVar("G")


@dataclass(frozen=True, slots=True)
class CpuStats:
    """Processor time of the domain since its start, in nanoseconds.

    Attributes:
        time_ns: All of it.
        user_ns: That of user code.
        system_ns: That of the kernel.
        haltpoll_success_ns: Time of polling after which there was something to do.
        haltpoll_fail_ns: Time of polling after which there was nothing.
    """

    time_ns: int | None = None
    user_ns: int | None = None
    system_ns: int | None = None
    haltpoll_success_ns: int | None = None
    haltpoll_fail_ns: int | None = None


@dataclass(frozen=True, slots=True)
class BalloonStats:
    """Memory, in bytes; None where the guest does not tell.

    Attributes:
        current: What the guest has now.
        maximum: What it may have.
        rss: Resident memory of the hypervisor process.
        swap_in: What was read from swap.
        swap_out: What was written to swap.
        major_faults: How many page faults needed the disk.
        minor_faults: How many did not.
        unused: What the guest does not use at all.
        available: What the guest's system may use.
        usable: What it could give back without swapping.
        last_update_s: When the guest told it, in seconds of Unix time.
        disk_caches: What it could give back of its caches.
        hugetlb_allocations: How many huge pages it got.
        hugetlb_failures: How many it did not get.
    """

    current: int | None = None
    maximum: int | None = None
    rss: int | None = None
    swap_in: int | None = None
    swap_out: int | None = None
    major_faults: int | None = None
    minor_faults: int | None = None
    unused: int | None = None
    available: int | None = None
    usable: int | None = None
    last_update_s: int | None = None
    disk_caches: int | None = None
    hugetlb_allocations: int | None = None
    hugetlb_failures: int | None = None


@dataclass(frozen=True, slots=True)
class VcpuStats:
    """One virtual processor: its number, and its times in nanoseconds.

    Attributes:
        index: Its number.
        state: libvirt's `virVcpuState`: 0 offline, 1 running, 2 blocked.
        time_ns: Time that it ran.
        wait_ns: Time that it waited for the host's input and output.
        delay_ns: Time that it waited for a processor of the host.
        halted: Whether it halted itself.
    """

    index: int
    state: int | None = None
    time_ns: int | None = None
    wait_ns: int | None = None
    delay_ns: int | None = None
    halted: bool | None = None


@dataclass(frozen=True, slots=True)
class InterfaceCounters:
    """What a network interface has received and sent: bytes, packets, errors and drops.

    It is counted as the guest sees it.
    """

    rx_bytes: int | None = None
    rx_packets: int | None = None
    rx_errors: int | None = None
    rx_drops: int | None = None
    tx_bytes: int | None = None
    tx_packets: int | None = None
    tx_errors: int | None = None
    tx_drops: int | None = None


@dataclass(frozen=True, slots=True)
class InterfaceStats(InterfaceCounters):
    """The counters of a network interface, with its name on the host."""

    name: str = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class BlockStats:
    """One disk: requests, bytes, and total times in nanoseconds; sizes in bytes.

    Attributes:
        name: The disk's target, such as ``vda``.
        path: Where its data is.
        backing_index: The image's place in the chain, if it is not alone.
        rd_reqs: Reads.
        rd_bytes: Bytes that were read.
        rd_times_ns: Time for reading.
        wr_reqs: Writes.
        wr_bytes: Bytes that were written.
        wr_times_ns: Time for writing.
        fl_reqs: Flushes of the cache.
        fl_times_ns: Time for flushing.
        errors: Errors; a Xen host counts them.
        allocation: The offset after the highest byte that was written.
        capacity: What the guest sees.
        physical: What it takes on the host.
        threshold: Beyond this an event is sent.
    """

    name: str = ""
    path: str | None = None
    backing_index: int | None = None
    rd_reqs: int | None = None
    rd_bytes: int | None = None
    rd_times_ns: int | None = None
    wr_reqs: int | None = None
    wr_bytes: int | None = None
    wr_times_ns: int | None = None
    fl_reqs: int | None = None
    fl_times_ns: int | None = None
    errors: int | None = None
    allocation: int | None = None
    capacity: int | None = None
    physical: int | None = None
    threshold: int | None = None


BLOCK_FIGURES: Final = {
    "rd_operations": "rd_reqs",
    "rd_bytes": "rd_bytes",
    "rd_total_times": "rd_times_ns",
    "wr_operations": "wr_reqs",
    "wr_bytes": "wr_bytes",
    "wr_total_times": "wr_times_ns",
    "flush_operations": "fl_reqs",
    "flush_total_times": "fl_times_ns",
}
"""libvirt's names of what one disk is asked for -> fields of `BlockStats`."""


def block_totals(
    disks: Iterable[BlockStats], names: Mapping[str, str] = BLOCK_FIGURES
) -> dict[str, ParamValue]:
    """What disks have in all, by libvirt's names for the figures of one."""
    found = list(disks)
    return {name: sum(getattr(one, field) or 0 for one in found) for name, field in names.items()}


@dataclass(frozen=True, slots=True)
class BlockCounters:
    """What a disk has read and written: requests, bytes, and errors; -1 is not counted."""

    rd_req: int
    rd_bytes: int
    wr_req: int
    wr_bytes: int
    errs: int


@dataclass(frozen=True, slots=True)
class IOThreadStats:
    """How an IO thread polls.

    Attributes:
        index: Its number.
        poll_max_ns: How long it polls at most, in nanoseconds.
        poll_grow: The factor by which polling gets longer; 0 leaves it to the hypervisor.
        poll_shrink: The divisor by which it gets shorter; 0 leaves it to the hypervisor.
    """

    index: int
    poll_max_ns: int | None = None
    poll_grow: int | None = None
    poll_shrink: int | None = None


@dataclass(frozen=True, slots=True)
class MemoryNodeStats:
    """What went over the memory bus of one node of the host: all bytes, and those of its own."""

    id: int | None = None
    local_bytes: int | None = None
    total_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class MemoryBandwidthStats:
    """One monitor of memory bandwidth.

    Attributes:
        name: Its name.
        vcpus: Which virtual processors it watches, such as ``0-3``.
        nodes: What it counted, for each node of the host.
    """

    name: str = ""
    vcpus: str = ""
    nodes: tuple[MemoryNodeStats, ...] = ()


@dataclass(frozen=True, slots=True)
class DirtyRateStats:
    """How fast a guest writes to its memory.

    Attributes:
        status: libvirt's `virDomainDirtyRateStatus`: 0 not begun, 1 under way, 2 measured.
        start_s: When the measurement began, in seconds.
        period_s: How long it took, in seconds.
        mode: How it was measured: ``page-sampling``, ``dirty-bitmap`` or ``dirty-ring``.
        rate: Bytes in a second.
        vcpus: Bytes in a second of each virtual processor, by its number.
    """

    status: int | None = None
    start_s: int | None = None
    period_s: int | None = None
    mode: str | None = None
    rate: int | None = None
    vcpus: Mapping[int, int] = field(default_factory=dict)


# --- the names ------------------------------------------------------------------------------------

_KIB = 1024
_MIB = 1024**2

_DIRECTIONS = {
    f"{way}_{what}": f"{way}.{word}"
    for way in ("rx", "tx")
    for what, word in (
        ("bytes", "bytes"),
        ("packets", "pkts"),
        ("errors", "errs"),
        ("drops", "drop"),
    )
}
_REQUESTS = {
    f"{way}_{what}": f"{way}.{word}"
    for way in ("rd", "wr", "fl")
    for what, word in (("reqs", "reqs"), ("bytes", "bytes"), ("times_ns", "times"))
    if (way, what) != ("fl", "bytes")
}

_NAMES: Mapping[type[Any], Mapping[str, str]] = {
    CpuStats: {
        "time_ns": "time",
        "user_ns": "user",
        "system_ns": "system",
        "haltpoll_success_ns": "haltpoll.success.time",
        "haltpoll_fail_ns": "haltpoll.fail.time",
    },
    BalloonStats: {
        "current": "current",
        "maximum": "maximum",
        "swap_in": "swap_in",
        "swap_out": "swap_out",
        "major_faults": "major_fault",
        "minor_faults": "minor_fault",
        "unused": "unused",
        "available": "available",
        "rss": "rss",
        "usable": "usable",
        "last_update_s": "last-update",
        "disk_caches": "disk_caches",
        "hugetlb_allocations": "hugetlb_pgalloc",
        "hugetlb_failures": "hugetlb_pgfail",
    },
    VcpuStats: {
        "state": "state",
        "time_ns": "time",
        "wait_ns": "wait",
        "delay_ns": "delay",
        "halted": "halted",
    },
    InterfaceStats: {"name": "name", **_DIRECTIONS},
    BlockStats: {
        "name": "name",
        "path": "path",
        "backing_index": "backingIndex",
        **_REQUESTS,
        "errors": "errors",
        "allocation": "allocation",
        "capacity": "capacity",
        "physical": "physical",
        "threshold": "threshold",
    },
    IOThreadStats: {
        "poll_max_ns": "poll-max-ns",
        "poll_grow": "poll-grow",
        "poll_shrink": "poll-shrink",
    },
    MemoryNodeStats: {"id": "id", "local_bytes": "bytes.local", "total_bytes": "bytes.total"},
    MemoryBandwidthStats: {"name": "name", "vcpus": "vcpus"},
    DirtyRateStats: {
        "status": "calc_status",
        "start_s": "calc_start_time",
        "period_s": "calc_period",
        "mode": "calc_mode",
        "rate": "megabytes_per_second",
    },
}

_AMOUNTS = {"current", "maximum", "swap_in", "swap_out", "unused", "available", "rss", "usable"}

_UNITS: Mapping[type[Any], Mapping[str, int]] = {
    BalloonStats: dict.fromkeys(_AMOUNTS | {"disk_caches"}, _KIB),
    DirtyRateStats: {"rate": _MIB},
}
"""How many of our units one of libvirt's is, where that is not one."""


def group_of_figures(
    kind: type[G], figures: Mapping[str, ParamValue], prefix: str, **given: object
) -> G:
    """The typed group whose figures have that prefix; further fields are given."""
    values: dict[str, Any] = dict(given)
    units = _UNITS.get(kind, {})
    for name, word in _NAMES[kind].items():
        value = figures.get(f"{prefix}{word}")
        if value is not None:
            values[name] = (
                value * units[name] if name in units and isinstance(value, int) else value
            )
    return kind(**values)


def figures_of_group(prefix: str, group: object | None) -> Iterator[tuple[str, ParamValue]]:
    """Name and figure of all that is known of a group."""
    units = _UNITS.get(type(group), {})
    for name, word in _NAMES.get(type(group), {}).items():
        value = getattr(group, name)
        if value is not None:
            yield f"{prefix}{word}", value // units[name] if name in units else value
