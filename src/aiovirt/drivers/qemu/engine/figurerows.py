"""What QEMU and the host tell of a running domain, in libvirt's figures. Nothing here waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.nodes import chain_numbers, image_of
from aiovirt.errors import NotFound
from aiovirt.host.procfs import (
    interface_counters,
    process_rss,
    process_time_ns,
    process_times,
    thread_time_ns,
    thread_waits,
)
from aiovirt.model.params import ParamValue
from aiovirt.model.statsgroups import (
    BalloonStats,
    BlockStats,
    CpuStats,
    DirtyRateStats,
    InterfaceStats,
    IOThreadStats,
    VcpuStats,
)
from aiovirt.protocols.qmp import commands
from aiovirt.protocols.qmp.commands import (
    BlockDevice,
    BlockDeviceStats,
    BlockNode,
    DirtyRate,
    ImageInfo,
    IOThreadInfo,
    StatsOfOne,
    StatsSchema,
)

__all__ = [
    "Answers",
    "alias_in",
    "balloon",
    "blocks",
    "cpu",
    "dirty_rate",
    "interfaces",
    "iothreads",
    "kvm_figures",
    "vcpus",
]

_MIB = 1024**2
_RUNNING = 1
"""libvirt's `virVcpuState` of a processor that is on."""


@dataclass
class Answers:
    """What QEMU answered; None is what was not asked, not answered in time, or refused.

    Attributes:
        threads: The threads of the processors, by their numbers.
        paths: The numbers of the processors, by the paths of their objects.
        blocks: What the disks have done.
        devices: What is in them.
        iothreads: How the I/O threads poll.
        dirty: How fast the guest writes to its memory.
        memory: What the guest tells of its memory by its balloon.
        counted: What KVM counts of the machine and of each processor.
        schemas: What those figures are.
    """

    threads: Mapping[int, int] | None = None
    paths: Mapping[str, int] = field(default_factory=dict)
    blocks: list[commands.BlockStats] | None = None
    devices: list[BlockDevice] | None = None
    iothreads: list[IOThreadInfo] | None = None
    dirty: DirtyRate | None = None
    memory: object = None
    counted: dict[str, list[StatsOfOne]] = field(default_factory=dict)
    schemas: list[StatsSchema] | None = None


# --- processors -----------------------------------------------------------------------------------


def cpu(live: LiveDomain, answers: Answers) -> CpuStats | None:
    """Processor time; without KVM nobody polls before a processor halts, which libvirt tells as 0.

    None when the process has just ended.
    """
    polled = {"halt_poll_success_ns": 0, "halt_poll_fail_ns": 0}
    for one in answers.counted.get("vcpu", ()):
        for stat in one.stats:
            if stat.name in polled and isinstance(stat.value, int):
                polled[stat.name] += stat.value
    told = live.config.type != "kvm" or "vcpu" in answers.counted
    with suppress(NotFound):
        times = process_times(live.process.pid)
        return CpuStats(
            process_time_ns(live.process.pid),
            times.user_ns,
            times.system_ns,
            polled["halt_poll_success_ns"] if told else None,
            polled["halt_poll_fail_ns"] if told else None,
        )
    return None


def vcpus(live: LiveDomain, answers: Answers) -> tuple[VcpuStats, ...] | None:
    """The processors that are plugged in, as the host's scheduler sees their threads."""
    if answers.threads is None:
        return None
    rows: list[VcpuStats] = []
    pid = live.process.pid
    for number, thread in answers.threads.items():
        with suppress(NotFound):
            time_ns = thread_time_ns(pid, thread)
            wait_ns, delay_ns = thread_waits(pid, thread)
            rows.append(VcpuStats(number, _RUNNING, time_ns, wait_ns, delay_ns))
    return tuple(rows)


_WORDS: Final = {"cumulative": "sum", "instant": "cur", "peak": "max"}
"""The kinds of KVM's figures -> how libvirt's names of them end; histograms are left out."""


def kvm_figures(answers: Answers, target: str) -> Iterator[tuple[str, ParamValue]]:
    """What KVM counts of the machine (``vm``) or of each processor (``vcpu``)."""
    kinds = {
        each.name: _WORDS.get(each.type)
        for schema in answers.schemas or ()
        if schema.target == target
        for each in schema.stats
    }
    for one in answers.counted.get(target, ()):
        number = answers.paths.get(one.qom_path or "")
        if target == "vcpu" and number is None:
            continue
        prefix = "vm" if target == "vm" else f"vcpu.{number}"
        for stat in one.stats:
            word = kinds.get(stat.name)
            if word is not None and isinstance(stat.value, int):
                yield f"{prefix}.{stat.name}.{word}", stat.value


# --- memory ---------------------------------------------------------------------------------------

_MEMORY: Final = {
    "stat-swap-in": "swap_in",
    "stat-swap-out": "swap_out",
    "stat-major-faults": "major_faults",
    "stat-minor-faults": "minor_faults",
    "stat-free-memory": "unused",
    "stat-total-memory": "available",
    "stat-available-memory": "usable",
    "stat-disk-caches": "disk_caches",
    "stat-htlb-pgalloc": "hugetlb_allocations",
    "stat-htlb-pgfail": "hugetlb_failures",
}
"""QEMU's names of what a guest tells (hw/virtio/virtio-balloon.c) -> fields of `BalloonStats`."""
_UNTOLD: Final = (-1, (1 << 64) - 1)


def balloon(domain: ManagedDomain, live: LiveDomain, answers: Answers) -> BalloonStats:
    """Memory: how much of it the balloon leaves is told by its events, the rest by the guest."""
    rss = None
    with suppress(NotFound):
        rss = process_rss(live.process.pid)
    sizes = domain.sizes()
    return BalloonStats(sizes.current_memory, sizes.memory, rss, **_told(answers.memory))


def _told(memory: object) -> dict[str, int]:
    if not isinstance(memory, Mapping):
        return {}
    stats = memory.get("stats")
    found = {
        _MEMORY[name]: value
        for name, value in (stats.items() if isinstance(stats, Mapping) else ())
        if name in _MEMORY and isinstance(value, int) and value not in _UNTOLD
    }
    update = memory.get("last-update")
    return {**found, "last_update_s": update} if isinstance(update, int) else found


_STATUS: Final = {"unstarted": 0, "measuring": 1, "measured": 2}
"""QEMU's words -> libvirt's `virDomainDirtyRateStatus`."""


def dirty_rate(told: DirtyRate | None) -> DirtyRateStats | None:
    """How fast the guest writes to its memory."""
    if told is None:
        return None
    measured = told.status == "measured"
    return DirtyRateStats(
        status=_STATUS.get(told.status),
        start_s=told.start_time,
        period_s=told.calc_time,
        mode=told.mode,
        rate=told.dirty_rate * _MIB if measured and told.dirty_rate is not None else None,
        vcpus={each.id: each.dirty_rate * _MIB for each in told.vcpu_dirty_rate},
    )


# --- the network, I/O threads ---------------------------------------------------------------------


def interfaces(live: LiveDomain) -> tuple[InterfaceStats, ...]:
    """The network interfaces that the host counts for."""
    rows: list[InterfaceStats] = []
    for interface in live.config.interfaces:
        name = interface.target_dev
        if interface.type == "user" or not name:
            continue
        with suppress(NotFound):
            # What the host's side receives, the guest has sent.
            sent, received = interface_counters(name)
            rows.append(InterfaceStats(*received, *sent, name=name))
    return tuple(rows)


def iothreads(told: list[IOThreadInfo] | None) -> tuple[IOThreadStats, ...] | None:
    """How the I/O threads poll."""
    if told is None:
        return None
    numbered = [(each.id.removeprefix("iothread"), each) for each in told]
    return tuple(
        IOThreadStats(int(number), each.poll_max_ns, each.poll_grow, each.poll_shrink)
        for number, each in numbered
        if number.isdecimal()
    )


# --- disks ----------------------------------------------------------------------------------------


def blocks(
    config: DomainConfig, answers: Answers, *, backing: bool = False
) -> tuple[BlockStats, ...] | None:
    """The disks, and with `backing` each image of their chains."""
    if answers.blocks is None:
        return None
    counters = {alias_in(row.qdev): row for row in answers.blocks}
    media = {alias_in(row.qdev): row.inserted for row in answers.devices or ()}
    rows: list[BlockStats] = []
    for disk in config.disks:
        row, medium = counters.get(disk.alias or ""), media.get(disk.alias or "")
        if row is not None:
            rows.append(_block(disk, row.stats, medium))
            if backing and medium is not None:
                rows += _behind(disk, row, medium.image)
    return tuple(rows)


def _block(disk: Disk, counters: BlockDeviceStats, medium: BlockNode | None) -> BlockStats:
    return BlockStats(
        name=disk.target.dev or "",
        path=image_of(disk) or None,
        backing_index=disk.source.index,
        rd_reqs=counters.rd_operations,
        rd_bytes=counters.rd_bytes,
        rd_times_ns=counters.rd_total_time_ns,
        wr_reqs=counters.wr_operations,
        wr_bytes=counters.wr_bytes,
        wr_times_ns=counters.wr_total_time_ns,
        fl_reqs=counters.flush_operations,
        fl_times_ns=counters.flush_total_time_ns,
        allocation=counters.wr_highest_offset if medium else None,
        capacity=medium.image.virtual_size if medium else None,
        physical=medium.image.actual_size if medium else None,
        threshold=(medium.write_threshold or None) if medium else None,
    )


def _behind(disk: Disk, row: commands.BlockStats, image: ImageInfo) -> Iterator[BlockStats]:
    """The images behind a disk's own; only what they are is told: nobody reads them alone."""
    numbers = chain_numbers(disk)
    stats, behind = row.backing, image.backing_image
    while behind is not None:
        yield BlockStats(
            name=disk.target.dev or "",
            path=behind.filename,
            backing_index=next(numbers, None),
            allocation=stats.stats.wr_highest_offset if stats else None,
            capacity=behind.virtual_size,
            physical=behind.actual_size,
        )
        stats, behind = stats.backing if stats else None, behind.backing_image


def alias_in(qdev: str | None) -> str:
    """The alias in a device's path, such as ``/machine/peripheral/ALIAS/virtio-backend``."""
    parts = (qdev or "").split("/")
    return parts[parts.index("peripheral") + 1] if "peripheral" in parts else parts[-1]
