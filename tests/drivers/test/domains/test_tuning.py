"""Processors and parameters of domains of the host in memory."""

from __future__ import annotations

import pytest
from memoryguests import next_of, real_config

from aiovirt.errors import CallerError, InvalidState
from aiovirt.model.events import BalloonChangeEvent
from aiovirt.model.params import ParamValue, Typed
from aiovirt.model.units import GiB
from aiovirt.objects import Domain
from aiovirt.testing import TestHost

pytestmark = pytest.mark.anyio


def plain(value: ParamValue) -> object:
    """Return a value without its type."""
    return value.value if isinstance(value, Typed) else value


async def test_pins_stand_in_the_document(vm: Domain) -> None:
    await vm.pin_vcpu(0, [0, 1])
    assert (await vm.vcpu_pins())[0] == {0, 1}
    assert "<vcpupin vcpu='0' cpuset='0-1'/>" in await vm.xml()
    await vm.pin_vcpu(0, range(8))
    assert "cputune" not in await vm.xml()


async def test_processors_are_counted(vm: Domain) -> None:
    await vm.set_vcpu_count(1, live=True)
    assert await vm.vcpu_count() == 1
    assert await vm.vcpu_count(config=True) == 2
    with pytest.raises(CallerError):
        await vm.set_vcpu_count(3, live=True)
    with pytest.raises(InvalidState):
        await vm.set_vcpu_count(3, live=True, maximum=True)


async def test_iothreads_have_numbers(vm: Domain) -> None:
    await vm.add_iothread(3)
    await vm.pin_iothread(3, [1])
    assert [(t.number, set(t.affinity)) for t in await vm.iothreads()] == [(3, {1})]
    with pytest.raises(CallerError):
        await vm.add_iothread(3)
    await vm.delete_iothread(3)
    assert await vm.iothreads() == []


async def test_the_balloon_is_told(host: TestHost, vm: Domain) -> None:
    async with host.events() as events:
        await vm.set_memory(GiB(1))
        event = await next_of(events, BalloonChangeEvent)
    assert isinstance(event, BalloonChangeEvent)
    assert event.actual == GiB(1)
    assert (await vm.info()).memory == GiB(1)
    with pytest.raises(CallerError):
        await vm.set_memory(GiB(9))


async def test_limits_of_memory(vm: Domain) -> None:
    await vm.set_memory_parameters({"hard_limit": 1000000})
    params = await vm.memory_parameters()
    assert plain(params["hard_limit"]) == 1000000
    assert plain(params["soft_limit"]) == 9007199254740991


async def test_weights_of_devices(vm: Domain) -> None:
    await vm.set_blkio_parameters({"weight": 500, "device_weight": "/dev/sda,300,/dev/sdb,100"})
    await vm.set_blkio_parameters({"device_weight": "/dev/sdb,0"})
    params = await vm.blkio_parameters()
    assert plain(params["weight"]) == 500
    assert plain(params["device_weight"]) == "/dev/sda,300"


async def test_shares_are_those_of_the_type(host: TestHost, vm: Domain) -> None:
    assert (await vm.scheduler()).name == "fair"
    await vm.set_scheduler_parameters({"weight": 70})
    assert plain((await vm.scheduler_parameters())["weight"]) == 70
    real = await host.domains.create(real_config())
    await real.set_scheduler_parameters({"cpu_shares": 2048})
    assert "<shares>2048</shares>" in await real.xml()


async def test_nodes_events_and_bandwidth(vm: Domain) -> None:
    await vm.set_numa_parameters({"numa_nodeset": "0"})
    assert plain((await vm.numa_parameters())["numa_nodeset"]) == "0"
    await vm.set_perf_events({"cmt": True})
    assert (await vm.perf_events())["cmt"] is True
    await vm.set_interface_parameters("testnet0", {"inbound.average": 100})
    assert plain((await vm.interface_parameters("testnet0"))["inbound.average"]) == 100
    for wrong in (vm.set_memory_parameters, vm.set_blkio_parameters):
        with pytest.raises(CallerError):
            await wrong({"what": 1})
    with pytest.raises(CallerError):
        await vm.set_perf_events({"what": True})
