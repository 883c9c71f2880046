"""The simulator's hosts: maintenance, connection, what starts with them, and their networks."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from vspherecaller import Caller, Refused, calling

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import hosts as h
from aiovirt.protocols.vsphere.tables import hosts_methods as hm
from aiovirt.protocols.vsphere.tables import inventory_methods as im
from aiovirt.protocols.vsphere.tables import networks as n
from aiovirt.protocols.vsphere.tables import networks_methods as nm
from aiovirt.testing.vsphere import FakeVSphere, Settings

pytestmark = pytest.mark.anyio

HOST = Ref("HostSystem", "host-20")
NETWORK = Ref("HostNetworkSystem", "networkSystem-host-20")
AUTOSTART = Ref("HostAutoStartManager", "autostartmgr-host-20")
ENTER = hm.EnterMaintenanceModeTaskArgs(timeout=0, evacuate_powered_off_vms=True)


async def test_maintenance_moves_the_machines_away() -> None:
    async with calling() as (_, caller):
        await caller.do(hm.ENTER_MAINTENANCE_MODE_TASK, HOST, ENTER)
        assert await caller.one(HOST, "summary.runtime.inMaintenanceMode")
        assert not await caller.one(HOST, "vm")
        with pytest.raises(Refused, match="InvalidState"):
            await caller.do(hm.ENTER_MAINTENANCE_MODE_TASK, HOST, ENTER)
        leave = hm.ExitMaintenanceModeTaskArgs(timeout=0)
        await caller.do(hm.EXIT_MAINTENANCE_MODE_TASK, HOST, leave)
        assert not await caller.one(HOST, "runtime.inMaintenanceMode")


async def test_a_host_of_its_own_does_not_get_rid_of_running_machines() -> None:
    async with calling(Settings(kind="esx")) as (_, caller):
        host = Ref("HostSystem", "ha-host")
        with pytest.raises(Refused, match="Timedout"):
            await caller.do(hm.ENTER_MAINTENANCE_MODE_TASK, host, ENTER)


async def test_a_host_is_left_alone_and_managed_again() -> None:
    async with calling() as (fake, caller):
        ref = fake.machine("machine0").ref
        await caller.do(hm.DISCONNECT_HOST_TASK, HOST)
        assert await caller.one(ref, "runtime.connectionState") == "disconnected"
        await caller.do(hm.RECONNECT_HOST_TASK, HOST, hm.ReconnectHostTaskArgs())
        assert await caller.one(ref, "runtime.connectionState") == "connected"


async def test_overhead_and_reboot() -> None:
    async with calling() as (fake, caller):
        args = hm.QueryMemoryOverheadArgs(memory_size=1024**3, num_vcpus=2)
        assert await caller.call(hm.QUERY_MEMORY_OVERHEAD, HOST, args) > 1024**2
        with pytest.raises(Refused, match="InvalidState"):
            await caller.do(hm.REBOOT_HOST_TASK, HOST, hm.RebootHostTaskArgs(force=False))
        await caller.do(hm.REBOOT_HOST_TASK, HOST, hm.RebootHostTaskArgs(force=True))
        assert fake.machine("machine0").power == "poweredOff"


# --- what starts with a host ----------------------------------------------------------------------


def entry(ref: Ref, order: int = 1, action: str = "powerOn") -> h.AutoStartPowerInfo:
    return h.AutoStartPowerInfo(
        key=ref,
        start_order=order,
        start_delay=-1,
        wait_for_heartbeat="systemDefault",
        start_action=action,
        stop_delay=-1,
        stop_action="systemDefault",
    )


async def autostart(caller: Caller, *entries: h.AutoStartPowerInfo) -> None:
    defaults = h.AutoStartDefaults(enabled=True)
    spec = h.HostAutoStartManagerConfig(defaults=defaults, power_info=entries)
    await caller.call(hm.RECONFIGURE_AUTOSTART, AUTOSTART, hm.ReconfigureAutostartArgs(spec=spec))


async def test_what_starts_with_a_host_is_kept_and_done() -> None:
    async with calling(Settings(running=0)) as (fake, caller):
        one, two = fake.machine("machine0").ref, fake.machine("machine2").ref
        await autostart(caller, entry(one, 2), entry(two, 1))
        told = await caller.one(HOST, "config.autoStart")
        assert told.defaults.enabled
        assert [each.key for each in told.power_info] == [two, one]
        await caller.call(hm.AUTO_START_POWER_ON, AUTOSTART)
        assert fake.machine("machine0").power == "poweredOn"
        await autostart(caller, entry(one, action="none"))
        told = await caller.one(AUTOSTART, "config.powerInfo")
        assert [each.key for each in told] == [two]


async def test_machines_and_actions_that_are_none() -> None:
    async with calling() as (fake, caller):
        with pytest.raises(Refused, match="InvalidArgument"):
            await autostart(caller, entry(fake.machine("machine1").ref))  # on another host
        with pytest.raises(Refused, match="InvalidArgument"):
            await autostart(caller, entry(fake.machine("machine0").ref, action="dance"))
        with pytest.raises(Refused, match="InvalidArgument"):
            await autostart(caller, entry(fake.machine("machine0").ref, order=0))


# --- networks -------------------------------------------------------------------------------------


def group(name: str, vlan: int = 0, switch: str = "vSwitch0") -> n.HostPortGroupSpec:
    return n.HostPortGroupSpec(
        name=name, vlan_id=vlan, vswitch_name=switch, policy=n.HostNetworkPolicy()
    )


def named(fake: FakeVSphere, name: str) -> list[Ref]:
    world = fake.site.world
    return [ref for ref in world.of_kind("Network") if world.find(ref, "name", str) == name]


async def add(caller: Caller, spec: n.HostPortGroupSpec) -> None:
    await caller.call(nm.ADD_PORT_GROUP, NETWORK, nm.AddPortGroupArgs(portgrp=spec))


async def test_a_port_group_is_added_changed_and_removed() -> None:
    async with calling() as (fake, caller):
        await add(caller, group("lab", 7))
        (ref,) = named(fake, "lab")
        assert ref in await caller.one(HOST, "network")
        switch = (await caller.one(HOST, "config.network.vswitch"))[0]
        assert "key-vim.host.PortGroup-lab" in switch.portgroup
        args = nm.UpdatePortGroupArgs(pg_name="lab", portgrp=group("other", 8))
        await caller.call(nm.UPDATE_PORT_GROUP, NETWORK, args)
        assert not named(fake, "lab")
        told = await caller.one(NETWORK, "networkInfo.portgroup")
        assert [(each.spec.name, each.spec.vlan_id) for each in told][-1] == ("other", 8)
        remove = nm.RemovePortGroupArgs(pg_name="other")
        await caller.call(nm.REMOVE_PORT_GROUP, NETWORK, remove)
        assert not named(fake, "other")
        with pytest.raises(Refused, match="NotFound"):
            await caller.call(nm.REMOVE_PORT_GROUP, NETWORK, remove)


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        (group("VM Network"), "AlreadyExists"),
        (group("lab", switch="gone"), "NotFound"),
        (group("lab", 4096), "InvalidArgument"),
        (group(""), "InvalidArgument"),
    ],
)
async def test_port_groups_that_cannot_be(spec: n.HostPortGroupSpec, fault: str) -> None:
    async with calling() as (_, caller):
        with pytest.raises(Refused, match=fault):
            await add(caller, spec)


@pytest.mark.parametrize("name", ["VM Network", "Management Network"])
async def test_what_is_used_is_not_removed(name: str) -> None:
    async with calling() as (_, caller):
        with pytest.raises(Refused, match="ResourceInUse"):
            await caller.call(nm.REMOVE_PORT_GROUP, NETWORK, nm.RemovePortGroupArgs(pg_name=name))


async def test_a_switch_is_added_and_removed_with_its_groups() -> None:
    async with calling() as (fake, caller):

        def switch(nic: str) -> nm.AddVirtualSwitchArgs:
            bridge = n.HostVirtualSwitchBondBridge(nic_device=(nic,))
            spec = n.HostVirtualSwitchSpec(num_ports=64, bridge=bridge)
            return nm.AddVirtualSwitchArgs(vswitch_name="vSwitch1", spec=spec)

        with pytest.raises(Refused, match="ResourceInUse"):
            await caller.call(nm.ADD_VIRTUAL_SWITCH, NETWORK, switch("vmnic0"))
        with pytest.raises(Refused, match="InvalidArgument"):
            await caller.call(nm.ADD_VIRTUAL_SWITCH, NETWORK, switch("vmnic9"))
        await caller.call(nm.ADD_VIRTUAL_SWITCH, NETWORK, switch("vmnic1"))
        with pytest.raises(Refused, match="AlreadyExists"):
            await caller.call(nm.ADD_VIRTUAL_SWITCH, NETWORK, switch("vmnic1"))
        await add(caller, group("lab", switch="vSwitch1"))
        remove = nm.RemoveVirtualSwitchArgs(vswitch_name="vSwitch1")
        await caller.call(nm.REMOVE_VIRTUAL_SWITCH, NETWORK, remove)
        assert not named(fake, "lab")
        switches = await caller.one(HOST, "config.network.vswitch")
        assert [each.name for each in switches] == ["vSwitch0"]


async def test_distributed_port_groups() -> None:
    async with calling() as (_, caller):
        dvs = Ref("VmwareDistributedVirtualSwitch", "dvs-14")

        async def create(name: str) -> Any:  # noqa: ANN401 - a reference
            spec = n.DVPortgroupConfigSpec(name=name, type="earlyBinding", num_ports=16)
            args = nm.CreateDVPortgroupTaskArgs(spec=spec)
            return await caller.do(nm.CREATE_DV_PORTGROUP_TASK, dvs, args)

        ref = await create("lab")
        assert ref in await caller.one(dvs, "portgroup")
        with pytest.raises(Refused, match="DuplicateName"):
            await create("lab")
        known = await caller.one(ref, "config")
        spec = n.DVPortgroupConfigSpec(config_version=known.config_version, num_ports=32)
        args = nm.ReconfigureDVPortgroupTaskArgs(spec=spec)
        await caller.do(nm.RECONFIGURE_DV_PORTGROUP_TASK, ref, args)
        assert await caller.one(ref, "config.numPorts") == 32
        stale = nm.ReconfigureDVPortgroupTaskArgs(spec=replace(spec, num_ports=8))
        with pytest.raises(Refused, match="ConcurrentAccess"):
            await caller.do(nm.RECONFIGURE_DV_PORTGROUP_TASK, ref, stale)
        await caller.do(im.DESTROY_TASK, ref)
        assert ref not in await caller.one(dvs, "portgroup")


async def test_a_distributed_switch_is_made() -> None:
    async with calling() as (_, caller):
        spec = n.DVSCreateSpec(config_spec=n.DVSConfigSpec(name="DVS1"))
        folder = Ref("Folder", "group-n6")
        ref = await caller.do(im.CREATE_DVS_TASK, folder, im.CreateDVSTaskArgs(spec=spec))
        assert await caller.one(ref, "summary.name") == "DVS1"
