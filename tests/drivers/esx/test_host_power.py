"""Hosts that are restarted and switched off, and licences."""

from __future__ import annotations

import pytest
from esxfakes import faked
from vcsimlab import Simulator
from vcsimlab.fixtures import Check

from aiovirt.errors import InvalidState, NotFound, Unsupported
from aiovirt.objects import Connection
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.enums import HostSystemConnectionState as State
from aiovirt.protocols.vsphere.tables.enums import HostSystemPowerState
from aiovirt.protocols.vsphere.tables.hosts import HostRuntimeInfo
from aiovirt.testing.vsphere import FakeVSphere

pytestmark = pytest.mark.anyio

ESX = "esx0.example.com"


def host_ref(fake: FakeVSphere) -> Ref:
    world = fake.site.world
    (ref,) = [each for each in world.of_kind("HostSystem") if world.get(each, "name", str) == ESX]
    return ref


def runtime(fake: FakeVSphere) -> HostRuntimeInfo:
    return fake.site.world.get(host_ref(fake), "runtime", HostRuntimeInfo)


async def test_a_host_is_not_restarted_under_its_machines() -> None:
    async with faked("vcenter") as (fake, host):
        with pytest.raises(InvalidState, match=f"restart host '{ESX}'"):
            await host.reboot_host()
        began = runtime(fake).boot_time
        fake.clock.advance(60)
        await host.reboot_host(force=True)
        assert runtime(fake).boot_time != began


async def test_a_host_is_meant_by_its_name() -> None:
    async with faked("vcenter", "/DC0") as (fake, host):
        with pytest.raises(NotFound, match="2 hosts"):
            await host.shut_down_host(force=True)
        with pytest.raises(NotFound) as caught:
            await host.shut_down_host("none", force=True)
        assert ESX in (caught.value.hint or "")
        await host.shut_down_host(ESX, force=True)
        assert runtime(fake).connection_state == State.NOT_RESPONDING


async def test_a_host_sleeps_without_machines_and_is_woken() -> None:
    async with faked("vcenter") as (fake, host):
        told: list[int] = []
        await host.stand_by(evacuate=True, progress=told.append)
        assert runtime(fake).power_state == HostSystemPowerState.STAND_BY
        assert fake.machine("machine0").runtime.host != host_ref(fake)
        with pytest.raises(InvalidState):
            await host.stand_by()
        await host.wake()
        assert runtime(fake).power_state == HostSystemPowerState.POWERED_ON
        with pytest.raises(InvalidState, match=f"wake host '{ESX}'"):
            await host.wake()


async def test_a_lone_host_does_not_sleep() -> None:
    async with faked() as (_, host):
        with pytest.raises(Unsupported):
            await host.stand_by()


@pytest.mark.real
async def test_a_server_without_these_says_so(host: Connection) -> None:
    with pytest.raises(Unsupported):
        await host.reboot_host()


@pytest.mark.real
async def test_licences_are_those_another_client_sees(
    vsphere: Simulator, host: Connection, check: Check
) -> None:
    session = check(vsphere).session
    manager = session.content.licenseManager
    theirs = session.of(manager, "licenses")["licenses"]
    ours = await host.licences()
    assert {each.name for each in ours} == {each.name for each in theirs}
    assert all(each.licenseKey not in repr(ours) for each in theirs)
    assert all(each.key.startswith("…") for each in ours)
