"""The statistics of one domain: QEMU's answers in one pipelined pass, the rest from /proc."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import anyio

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.nodes import image_of
from aiovirt.drivers.qemu.store.settings import STATS_BOUND_S
from aiovirt.errors import AiovirtError, NotFound
from aiovirt.host.procfs import interface_counters, process_rss, process_times, thread_time_ns
from aiovirt.model.domain import Control, DomainRecord
from aiovirt.model.params import ParamValue
from aiovirt.model.statistics import DomainStats, StatsGroup, figures_of
from aiovirt.model.statsgroups import (
    BalloonStats,
    BlockStats,
    CpuStats,
    InterfaceStats,
    VcpuStats,
)
from aiovirt.protocols.qmp import commands
from aiovirt.protocols.qmp.commands import (
    BlockDevice,
    BlockDeviceStats,
    BlockNode,
    Command,
    CpuInfo,
    QueryBalloon,
    QueryBlock,
    QueryBlockstats,
    QueryCpusFast,
)

__all__ = ["take"]

T = TypeVar("T")


@dataclass
class _Answers:
    """What QEMU answered; None is what was not asked, or not answered in time."""

    balloon: int | None = None
    cpus: list[CpuInfo] | None = None
    blocks: list[commands.BlockStats] | None = None
    devices: list[BlockDevice] | None = None


async def take(domain: ManagedDomain, groups: StatsGroup) -> DomainStats:
    """The statistics of a domain; it takes no longer than `STATS_BOUND_S`."""
    live = domain.live
    if live is None or not live.booted:
        record = domain.record()
        return _stats(record, figures_of(record.reason))
    answers = await _ask(live, groups)
    record = domain.record()
    figures = figures_of(
        record.reason,
        cpu=_cpu(live) if StatsGroup.CPU in groups else None,
        balloon=_balloon(live, answers) if StatsGroup.BALLOON in groups else None,
        vcpus=_vcpus(live, answers),
        interfaces=_interfaces(live) if StatsGroup.INTERFACE in groups else None,
        blocks=_blocks(live.config, answers),
    )
    return _stats(record, figures)


def _stats(record: DomainRecord, figures: dict[str, ParamValue]) -> DomainStats:
    return DomainStats(record.key, record.id, figures, record.control)


# --- what QEMU is asked -------------------------------------------------------------------------


async def _ask(live: LiveDomain, groups: StatsGroup) -> _Answers:
    """Ask everything at once; a QEMU known not to answer is not waited for again."""
    answers = _Answers()
    monitor = live.monitor
    if monitor is None or live.control.control is Control.UNRESPONSIVE:
        return answers

    async def balloon() -> None:
        info = await _answer(monitor, QueryBalloon())
        answers.balloon = info.actual if info else None

    async def cpus() -> None:
        answers.cpus = await _answer(monitor, QueryCpusFast())

    async def blocks() -> None:
        answers.blocks = await _answer(monitor, QueryBlockstats())

    async def devices() -> None:
        answers.devices = await _answer(monitor, QueryBlock())

    questions = [
        (StatsGroup.BALLOON, balloon),
        (StatsGroup.VCPU, cpus),
        (StatsGroup.BLOCK, blocks),
        (StatsGroup.BLOCK, devices),
    ]
    async with anyio.create_task_group() as tasks:
        for question in [question for group, question in questions if group in groups]:
            tasks.start_soon(question)
    return answers


async def _answer(monitor: BoundedMonitor, command: Command[T]) -> T | None:
    """The answer, or None if there is none: no such device, not in time, or no sense in it."""
    try:
        return await monitor.call(command, bound_s=STATS_BOUND_S)
    except AiovirtError:
        return None


# --- what the host tells ------------------------------------------------------------------------


def _cpu(live: LiveDomain) -> CpuStats | None:
    with suppress(NotFound):
        times = process_times(live.process.pid)
        return CpuStats(times.user_ns + times.system_ns, times.user_ns, times.system_ns)
    return None


def _balloon(live: LiveDomain, answers: _Answers) -> BalloonStats:
    rss = None
    with suppress(NotFound):
        rss = process_rss(live.process.pid)
    return BalloonStats(answers.balloon, int(live.config.memory or 0), rss)


def _vcpus(live: LiveDomain, answers: _Answers) -> tuple[VcpuStats, ...] | None:
    if answers.cpus is None:
        return None
    rows: list[VcpuStats] = []
    for cpu in answers.cpus:
        with suppress(NotFound):
            time_ns = thread_time_ns(live.process.pid, cpu.thread_id)
            rows.append(VcpuStats(cpu.cpu_index, time_ns=time_ns))
    return tuple(rows)


def _interfaces(live: LiveDomain) -> tuple[InterfaceStats, ...]:
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


def _blocks(config: DomainConfig, answers: _Answers) -> tuple[BlockStats, ...] | None:
    if answers.blocks is None:
        return None
    counters = {_alias(row.qdev): row.stats for row in answers.blocks}
    media = {_alias(row.qdev): row.inserted for row in answers.devices or ()}
    return tuple(
        _block(disk, counters[disk.alias], media.get(disk.alias))
        for disk in config.disks
        if disk.alias in counters
    )


def _block(disk: Disk, counters: BlockDeviceStats, medium: BlockNode | None) -> BlockStats:
    capacity, physical = _sizes(medium)
    return BlockStats(
        name=disk.target.dev or "",
        path=image_of(disk) or None,
        rd_reqs=counters.rd_operations,
        rd_bytes=counters.rd_bytes,
        rd_times_ns=counters.rd_total_time_ns,
        wr_reqs=counters.wr_operations,
        wr_bytes=counters.wr_bytes,
        wr_times_ns=counters.wr_total_time_ns,
        fl_reqs=counters.flush_operations,
        fl_times_ns=counters.flush_total_time_ns,
        allocation=counters.wr_highest_offset,
        capacity=capacity,
        physical=physical,
    )


def _sizes(medium: BlockNode | None) -> tuple[int | None, int | None]:
    """What the guest sees of an image, and what it takes on the host, in bytes."""
    return (medium.image.virtual_size, medium.image.actual_size) if medium else (None, None)


def _alias(qdev: str | None) -> str:
    """The alias in a device's path, such as ``/machine/peripheral/ALIAS/virtio-backend``."""
    parts = (qdev or "").split("/")
    return parts[parts.index("peripheral") + 1] if "peripheral" in parts else parts[-1]
