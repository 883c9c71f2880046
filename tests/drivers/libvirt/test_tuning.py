"""Processors and resources of a guest of a real libvirtd, beside what virsh says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import tunedguest
from labsamples import guest_xml
from libvirtlab import Lab, run_virsh

import aiovirt
from aiovirt.errors import AiovirtError, CallerError, InvalidState
from aiovirt.interfaces import LegacyWork
from aiovirt.model.tuning import Scheduler, VcpuState
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]

MIB = 1024 * 1024


@pytest.fixture
async def vm(host: Connection) -> AsyncIterator[Domain]:
    """Return a guest that stands still."""
    async with tunedguest.running(host, tunedguest.tuned_xml()) as vm:
        yield vm


async def test_virtual_processors(vm: Domain) -> None:
    (only,) = await vm.vcpus()
    assert (only.number, only.state) == (0, VcpuState.RUNNING)
    assert only.affinity
    assert await vm.vcpu_count() == 1
    assert await vm.vcpu_count(maximum=True, config=True) == await vm.max_vcpus() == 2
    await vm.set_vcpu_count(2, config=True)
    assert await vm.vcpu_count(config=True) == 2
    with pytest.raises(CallerError):
        await vm.set_vcpu_count(3, config=True)
    await vm.set_vcpu_count(1, config=True)
    await vm.set_vcpu({1}, config=True)
    with pytest.raises(AiovirtError):
        await vm.set_vcpu({0}, enable=False, live=True)


async def test_pins(vm: Domain) -> None:
    everywhere = await vm.emulator_pin()
    await vm.pin_vcpu(0, {0}, live=True, config=True)
    assert (await vm.vcpu_pins())[0] == {0}
    assert (await vm.vcpu_pins(config=True))[0] == {0}
    await vm.pin_emulator({0}, config=True)
    assert await vm.emulator_pin(config=True) == {0}
    assert await vm.emulator_pin(live=True) == everywhere
    assert set(await vm.vcpu_pins(config=True)) == {0, 1}


async def test_io_threads(vm: Domain) -> None:
    (first,) = await vm.iothreads()
    assert first.number == 1
    await vm.add_iothread(7, live=True, config=True)
    await vm.pin_iothread(7, {0}, config=True)
    assert (await vm.iothreads(config=True))[-1].affinity == {0}
    await vm.set_iothread(7, live=True, poll_max_ns=4096)
    await vm.delete_iothread(7, live=True, config=True)
    assert [thread.number for thread in await vm.iothreads()] == [1]


async def test_memory(vm: Domain) -> None:
    assert await vm.max_memory() == 64 * MIB
    await vm.set_memory(32 * MIB, config=True)
    await vm.set_memory(128 * MIB, maximum=True, config=True)
    inactive = await vm.config(inactive=True)
    assert inactive.memory == 128 * MIB
    await vm.set_memory_stats_period(5, live=True, config=True)
    with pytest.raises(CallerError, match="multiple"):
        await vm.set_memory(100)


async def test_shares_of_processor_time(vm: Domain, lab: Lab) -> None:
    assert await vm.scheduler() == Scheduler("posix", 9)
    params = await vm.scheduler_parameters()
    assert "vcpu_quota" in params
    await vm.set_scheduler_parameters({"cpu_shares": 512, "vcpu_quota": 50_000}, config=True)
    told = await vm.scheduler_parameters(config=True)
    assert (told["cpu_shares"], told["vcpu_quota"]) == (512, 50_000)
    assert "cpu_shares     : 512" in run_virsh(lab, "schedinfo", vm.name, "--config")
    await vm.set_scheduler_parameters({"cpu_shares": 1024})
    assert (await vm.scheduler_parameters(live=True))["cpu_shares"] == 1024


async def test_limits(vm: Domain) -> None:
    await vm.set_blkio_parameters({"weight": 500}, config=True)
    assert (await vm.blkio_parameters(config=True))["weight"] == 500
    await vm.set_memory_parameters({"hard_limit": 1 << 20}, config=True)
    assert (await vm.memory_parameters(config=True))["hard_limit"] == 1 << 20
    await vm.set_numa_parameters({"numa_nodeset": "0", "numa_mode": 0}, config=True)
    assert (await vm.numa_parameters(config=True))["numa_nodeset"] == "0"
    await vm.set_interface_parameters("tuned0", {"inbound.average": 1000}, config=True)
    told = await vm.interface_parameters("tuned0", config=True)
    assert told["inbound.average"] == 1000
    events = await vm.perf_events()
    assert events["cpu_clock"] is False
    await vm.set_perf_events({"cpu_clock": True}, config=True)
    assert (await vm.perf_events(config=True))["cpu_clock"] is True


async def test_labels_and_encrypted_memory(vm: Domain) -> None:
    assert (await vm.security_label()).label == ""
    for label in await vm.security_labels():
        assert isinstance(label.label, str)
    assert await vm.launch_security() == {}
    with pytest.raises(AiovirtError):
        await vm.set_launch_security({"sev-secret": "AA==", "sev-secret-header": "AA=="})


async def test_the_first_procedures_do_the_same(lab: Lab) -> None:
    async with aiovirt.open(lab.uri("unix", "test:///default")) as host:
        vm = await host.domains.get("test")
        first = host.driver.ability(LegacyWork)
        await first.set_vcpu_count(vm.key, 2)
        assert await vm.vcpu_count() == 2
        await first.pin_vcpu(vm.key, 0, {0, 2})
        assert (await vm.vcpu_pins())[0] == {0, 2}
        await first.set_memory(vm.key, 512 * MIB)
        assert (await vm.info()).memory == 512 * MIB
        params = await first.scheduler_parameters(vm.key)
        assert params == await vm.scheduler_parameters()
        await first.set_scheduler_parameters(vm.key, params)
        label = await vm.security_label()
        assert (label.label, label.enforcing) == ("libvirt-test", True)
        other = await host.domains.define(guest_xml("off1").replace("'qemu'", "'test'", 1))
        await first.set_max_memory(other.key, 1024 * MIB)
        assert await other.max_memory() == 1024 * MIB


async def test_what_is_not_running_is_told(host: Connection) -> None:
    vm = await host.domains.define(tunedguest.tuned_xml("off1"))
    try:
        with pytest.raises(InvalidState):
            await vm.vcpus()
        with pytest.raises(InvalidState):
            await vm.set_memory(32 * MIB, live=True)
    finally:
        await vm.undefine()
