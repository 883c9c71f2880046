"""What hosts have measured of machines, added up as libvirt's clients want it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from vcsimlab import Simulator

from aiovirt import _open
from aiovirt.drivers.esx.counters import Sums, names_of_counters, wanted
from aiovirt.drivers.esx.machine import read_machine
from aiovirt.errors import InvalidState, NotFound, Unsupported
from aiovirt.model.credentials import Login
from aiovirt.model.domain import Control
from aiovirt.model.statistics import StatsGroup
from aiovirt.objects import Connection
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables.performance import (
    PerfEntityMetric,
    PerfMetricId,
    PerfMetricIntSeries,
    PerfSampleInfo,
)
from aiovirt.testing.vsphere import Settings, run_fake_vsphere

pytestmark = pytest.mark.anyio
real = pytest.mark.real

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NAMES = {1: "cpu.used.summation", 2: "virtualDisk.read.average", 3: "net.received.average"}
MACHINE = Ref("VirtualMachine", "vm-1")


def samples(first: int, *rows: tuple[int, str, tuple[int, ...]]) -> PerfEntityMetric:
    """Return samples of 20 seconds each, from the one of a number on."""
    count = len(rows[0][2])
    moments = [NOON + timedelta(seconds=20 * (first + each)) for each in range(count)]
    return PerfEntityMetric(
        entity=MACHINE,
        sample_info=tuple(PerfSampleInfo(timestamp=each, interval=20) for each in moments),
        value=tuple(
            PerfMetricIntSeries(id=PerfMetricId(counter_id=key, instance=at), value=values)
            for key, at, values in rows
        ),
    )


# --- adding up ------------------------------------------------------------------------------------


def test_samples_that_were_counted_are_not_counted_again() -> None:
    sums = Sums()
    sums.add(samples(0, (1, "", (5, 6))), NAMES)
    sums.add(samples(1, (1, "", (6, 7))), NAMES)
    assert sums.cpu().time_ns == 18_000_000
    assert sums.since(["cpu.used.summation"]) == NOON + timedelta(seconds=40)
    assert sums.since(["cpu.used.summation", "net.received.average"]) is None


def test_what_is_told_by_the_second_is_of_20() -> None:
    sums = Sums()
    sums.add(samples(0, (2, "scsi0:1", (3,)), (3, "4001", (2,))), NAMES)
    (block,), (card,) = sums.blocks(), sums.interfaces()
    assert (block.name, block.rd_bytes) == ("sdb", 3 * 20 * 1024)
    assert (card.name, card.rx_bytes) == ("ethernet1", 2 * 20 * 1024)


def test_a_figure_that_is_missing_is_none() -> None:
    sums = Sums()
    sums.add(samples(0, (1, "", (-1, 4))), NAMES)
    assert sums.cpu().time_ns == 4_000_000
    assert sums.cpu().system_ns is None


def test_a_machine_that_is_started_anew_counts_from_nothing() -> None:
    sums = Sums()
    for minutes, expected in ((0, 5_000_000), (0, 10_000_000), (5, 5_000_000)):
        booted = NOON + timedelta(minutes=minutes)
        sums.begin(read_machine(MACHINE, {"runtime.bootTime": booted}))
        sums.until.clear()
        sums.add(samples(0, (1, "", (5,))), NAMES)
        assert sums.cpu().time_ns == expected


def test_processors_without_a_whole_are_added() -> None:
    sums = Sums()
    sums.add(samples(0, (1, "0", (5,)), (1, "1", (7,))), NAMES)
    assert sums.cpu().time_ns == 12_000_000
    assert [each.time_ns for each in sums.vcpus(2)] == [5_000_000, 7_000_000]


def test_only_what_is_wanted_is_asked_for() -> None:
    assert wanted(NAMES, StatsGroup.BLOCK) == [2]
    assert wanted(NAMES, StatsGroup.VCPU) == [1]
    assert wanted(NAMES, StatsGroup.BALLOON) == []
    assert names_of_counters(()) == {}


# --- asking ---------------------------------------------------------------------------------------


@real
async def test_all_machines_in_one_request(vsphere: Simulator, host: Connection) -> None:
    before = vsphere.counts().get("QueryPerf", 0)
    stats = await host.stats()
    assert vsphere.counts()["QueryPerf"] == before + 1
    assert len(stats) >= 2
    for each in stats:
        assert each.control.control is Control.OK
        assert each.cpu is not None
        assert each.cpu.time_ns
        assert each.balloon is not None
        assert each.balloon.maximum == 32 << 20
        assert len(each.vcpus or ()) == 1
        assert each.interfaces is not None
        assert each.blocks is not None


@real
async def test_only_the_state_costs_no_request(vsphere: Simulator, host: Connection) -> None:
    before = vsphere.counts()
    (first, *_) = await host.stats(groups=StatsGroup.STATE)
    assert first.cpu is None
    counted = ("QueryPerf", "RetrievePropertiesEx")
    after = vsphere.counts()
    assert [after.get(each) for each in counted] == [before.get(each) for each in counted]


@real
async def test_of_one_machine(host: Connection, name: str) -> None:
    vm = await host.domains.get(name)
    memory = await vm.memory_stats()
    assert memory.available == 32 << 20
    assert memory.maximum is None
    (total,) = await vm.cpu_stats(start=-1)
    assert total["cpu_time"]
    with pytest.raises(Unsupported):
        await vm.cpu_stats()
    with pytest.raises(NotFound, match="'sdz'"):
        await vm.block_stats("sdz")
    with pytest.raises(NotFound, match="'vnet7'"):
        await vm.interface_stats("vnet7")


@real
async def test_a_machine_that_is_off_has_nothing_to_tell(host: Connection, name: str) -> None:
    vm = await host.domains.get(name)
    await vm.destroy()
    (stats,) = await host.stats([vm])
    assert stats.cpu is None
    with pytest.raises(InvalidState, match="does not run"):
        await vm.memory_stats()


async def test_hosts_that_do_not_answer_are_told_and_hold_up_nobody() -> None:
    async with run_fake_vsphere(Settings(kind="esx"), tls=False) as fake:
        uri = f"esx://root@127.0.0.1:{fake.port}/?transport=http"
        async with _open.open(uri, credentials=Login("root", "secret")) as host:
            fake.plan.fail("QueryPerf", f.HostCommunication())
            silent = await host.stats()
            assert {each.control.control for each in silent} == {Control.UNRESPONSIVE}
            assert "measure" in (silent[0].control.last_error or "")
            assert silent[0].balloon is not None
            again = await host.stats()
            assert {each.control.control for each in again} == {Control.OK}
            assert all(each.cpu is not None for each in again)
