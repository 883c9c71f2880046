"""Figures of domains and the typed groups that are made of them."""

from __future__ import annotations

from uuid import UUID

from aiovirt.model.domain import DomainKey, StateReason
from aiovirt.model.params import ParamValue
from aiovirt.model.statistics import DomainStats, figures_of
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
)

KEY = DomainKey(UUID(int=1), "web1")


def stats(**figures: ParamValue) -> DomainStats:
    """Statistics with these figures; two underscores stand for a dot."""
    return DomainStats(KEY, 3, {name.replace("__", "."): value for name, value in figures.items()})


def test_groups_that_are_not_there_are_none() -> None:
    empty = stats()
    groups = (empty.cpu, empty.balloon, empty.vcpus, empty.interfaces, empty.blocks)
    assert groups == (None, None, None, None, None)
    assert (empty.iothreads, empty.memory_bandwidth, empty.dirty_rate) == (None, None, None)
    assert (empty.perf, empty.vm) == ({}, {})
    assert empty.reason is StateReason.NO_STATE


def test_groups_come_back_from_their_figures() -> None:
    cpu = CpuStats(30, 20, 10)
    balloon = BalloonStats(current=4096, maximum=8192, major_faults=3, last_update_s=5)
    vcpus = (VcpuStats(0, time_ns=5, halted=True), VcpuStats(2, state=1))
    interfaces = (InterfaceStats(1, 2, name="vnet0"),)
    blocks = (BlockStats("vda", "/disk", 1, rd_reqs=7), BlockStats("vdb"))
    figures = figures_of(
        StateReason.PAUSED_USER,
        cpu=cpu,
        balloon=balloon,
        vcpus=vcpus,
        interfaces=interfaces,
        blocks=blocks,
    )
    found = DomainStats(KEY, 3, figures)
    assert found.reason is StateReason.PAUSED_USER
    assert (found.cpu, found.balloon, found.vcpus) == (cpu, balloon, vcpus)
    assert (found.interfaces, found.blocks) == (interfaces, blocks)


def test_an_empty_group_is_not_none() -> None:
    found = DomainStats(KEY, 3, figures_of(StateReason.RUNNING_BOOTED, interfaces=(), blocks=()))
    assert (found.interfaces, found.blocks) == ((), ())


def test_io_threads() -> None:
    figures: dict[str, ParamValue] = {"iothread.count": 2, "iothread.7.poll-max-ns": 32768}
    figures["iothread.12.poll-grow"] = 2
    assert DomainStats(KEY, 3, figures).iothreads == (
        IOThreadStats(7, poll_max_ns=32768),
        IOThreadStats(12, poll_grow=2),
    )


def test_memory_bandwidth() -> None:
    monitor = "memory.bandwidth.monitor"
    figures: dict[str, ParamValue] = {
        f"{monitor}.count": 1,
        f"{monitor}.0.name": "vcpus_0-3",
        f"{monitor}.0.vcpus": "0-3",
        f"{monitor}.0.node.count": 1,
        f"{monitor}.0.node.0.id": 0,
        f"{monitor}.0.node.0.bytes.local": 10,
        f"{monitor}.0.node.0.bytes.total": 20,
    }
    assert DomainStats(KEY, 3, figures).memory_bandwidth == (
        MemoryBandwidthStats("vcpus_0-3", "0-3", (MemoryNodeStats(0, 10, 20),)),
    )


def test_dirty_rate() -> None:
    found = stats(
        dirtyrate__calc_status=2,
        dirtyrate__calc_mode="dirty-ring",
        dirtyrate__megabytes_per_second=3,
        dirtyrate__vcpu__0__megabytes_per_second=1,
    )
    rate = DirtyRateStats(status=2, mode="dirty-ring", rate=3 << 20, vcpus={0: 1 << 20})
    assert found.dirty_rate == rate


def test_what_has_names_of_its_own() -> None:
    found = stats(perf__cmt=5, vm__remote_tlb_flush__sum=7)
    assert (found.perf, found.vm) == ({"cmt": 5}, {"remote_tlb_flush.sum": 7})
