"""Virtual switches as networks: as libvirt shows them, made, changed, removed, distributed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from esxfakes import faked
from esxhosts import opening
from vcsimlab import Simulator
from vcsimlab.fixtures import Check, Reference
from vcsimlab.session import vim
from xmldifferences import differences

from aiovirt.config import NetworkConfig
from aiovirt.errors import AlreadyExists, Busy, ConfigError, NotFound, RemoteError, Unsupported
from aiovirt.objects import Connection
from aiovirt.objects.network import UpdateCommand
from aiovirt.protocols.vsphere.tables import faults as f
from aiovirt.protocols.vsphere.tables import networks as n
from aiovirt.testing.vsphere import FakeVSphere

pytestmark = pytest.mark.anyio

SECURITY = """<metadata><vmware:security
xmlns:vmware='http://libvirt.org/schemas/domain/vmware/1.0' promiscuous='yes'/>
<vmware:security xmlns:vmware='http://libvirt.org/schemas/domain/vmware/1.0'
portgroup='Lab Net' forgedTransmits='no'/></metadata>"""
LAB = """<network><name>lab</name>{metadata}
<forward mode='bridge'><interface dev='vmnic1'/></forward><mtu size='9000'/>
<portgroup name='Lab Net'>
<bandwidth><inbound average='1000' peak='2000' burst='64'/>
<outbound average='1000' peak='2000' burst='64'/></bandwidth>
<vlan><tag id='42'/></vlan></portgroup></network>"""


def info(fake: FakeVSphere) -> n.HostNetworkInfo:
    (system,) = fake.site.world.of_kind("HostNetworkSystem")
    return fake.site.world.get(system, "networkInfo", n.HostNetworkInfo)


def group(fake: FakeVSphere, name: str) -> n.HostPortGroupSpec:
    return next(each.spec for each in info(fake).portgroup if each.spec.name == name)


def switch(fake: FakeVSphere, name: str) -> n.HostVirtualSwitch:
    return next(each for each in info(fake).vswitch if each.name == name)


# --- looking --------------------------------------------------------------------------------------


@pytest.mark.real
async def test_a_switch_is_what_libvirt_makes_of_it(
    vsphere: Simulator, host: Connection, virsh: Reference
) -> None:
    theirs = NetworkConfig.parse(virsh(vsphere).run("net-dumpxml", "vSwitch0"))
    ours = await (await host.networks.get("vSwitch0")).config()
    assert ours.uuid == theirs.uuid
    assert differences(theirs.to_xml(), ours.to_xml()) == []


@pytest.mark.real
async def test_switches_are_listed_and_found_every_way(host: Connection) -> None:
    network = await host.networks.get("vSwitch0")
    assert network in await host.networks.list()
    assert await host.networks.get(network.uuid) == network
    assert await network.bridge_name() == "vSwitch0"
    record = await network.record()
    assert (record.active, record.persistent, record.autostart) == (True, True, True)
    assert await host.networks.list(active=False) == []
    for way in ("none", UUID(int=1)):
        with pytest.raises(NotFound):
            await host.networks.get(way)


@pytest.mark.real
async def test_a_switch_cannot_be_kept_from_being_there(host: Connection) -> None:
    network = await host.networks.get("vSwitch0")
    await network.set_autostart()
    with pytest.raises(Unsupported):
        await network.set_autostart(autostart=False)


@pytest.mark.real
@pytest.mark.parametrize("path", ["/", "/DC0", "/DC0/DC0_C0", "/DC0/DC0_C0/DC0_C0_H0"])
async def test_a_vcenter_has_distributed_switches(vcenter: Simulator, path: str) -> None:
    async with opening(vcenter, path) as host:
        names = {network.name for network in await host.networks.list()}
        config = await (await host.networks.get("DVS0")).config()
    assert "DC0_DVPG0" in {each.name for each in config.portgroups}
    assert names == ({"DVS0", "vSwitch0"} if path.endswith("H0") else {"DVS0"})


@pytest.mark.real
async def test_a_standard_switch_without_a_host_says_that_one_must_be_named(
    vcenter: Simulator,
) -> None:
    async with opening(vcenter, "/DC0") as host:
        with pytest.raises(NotFound) as caught:
            await host.networks.get("vSwitch0")
        assert "name one in the URI's path" in (caught.value.hint or "")
        with pytest.raises(NotFound, match="2 hosts"):
            await host.networks.define("<network><name>lab</name></network>")


# --- making and removing --------------------------------------------------------------------------


@pytest.mark.real
async def test_a_switch_is_made_and_removed_as_another_client_sees_it(
    vsphere: Simulator, host: Connection, check: Check
) -> None:
    network = await host.networks.define(LAB.format(metadata=""))
    assert "Lab Net" in check(vsphere).all_named("Network")
    assert _switches(vsphere, check) == {"vSwitch0", "lab"}
    (shown,) = (await network.config()).portgroups
    assert (shown.name, shown.vlan.tags[0].id) == ("Lab Net", 42)
    await network.undefine()
    assert _switches(vsphere, check) == {"vSwitch0"}
    assert "Lab Net" not in check(vsphere).all_named("Network")


def _switches(vsphere: Simulator, check: Check) -> set[str]:
    session = check(vsphere).session
    name = {"vcenter": "DC0_H0", "esx": "localhost.localdomain"}[vsphere.kind]
    host = session.named(vim.HostSystem, name)
    system = session.of(host, "configManager.networkSystem")["configManager.networkSystem"]
    return {each.name for each in session.of(system, "networkInfo")["networkInfo"].vswitch}


async def test_all_that_is_said_of_a_switch_is_done() -> None:
    async with faked() as (fake, host):
        network = await host.networks.define(LAB.format(metadata=SECURITY))
        made, spec = switch(fake, "lab"), group(fake, "Lab Net")
        assert made.mtu == 9000
        assert isinstance(made.spec.bridge, n.HostVirtualSwitchBondBridge)
        assert made.spec.bridge.nic_device == ("vmnic1",)
        assert made.spec.policy
        assert made.spec.policy.security == n.HostNetworkSecurityPolicy(
            allow_promiscuous=True, mac_changes=True, forged_transmits=True
        )
        assert spec.vlan_id == 42
        assert spec.policy.shaping_policy == n.HostNetworkTrafficShapingPolicy(
            enabled=True, average_bandwidth=8_000_000, peak_bandwidth=16_000_000, burst_size=65536
        )
        assert spec.policy.security
        assert spec.policy.security.forged_transmits is False
        again = await network.config()
        await host.networks.define(again)
        assert fake.plan.calls["UpdateVirtualSwitch"] == fake.plan.calls["UpdatePortGroup"] == 0


async def test_what_cannot_be_made_whole_is_not_made() -> None:
    async with faked() as (fake, host):
        fake.plan.fail("AddPortGroup", f.HostConfigFault())
        with pytest.raises(RemoteError, match="make port group 'Lab Net'"):
            await host.networks.define(LAB.format(metadata=""))
        assert [each.name for each in info(fake).vswitch] == ["vSwitch0"]


@pytest.mark.parametrize(
    ("xml", "field"),
    [
        ("<network><name>a/b</name></network>", "name"),
        ("<network><name>x</name><uuid>" + str(UUID(int=5)) + "</uuid></network>", "uuid"),
        ("<network><name>x</name><forward mode='nat'/></network>", "forward"),
        ("<network><name>x</name><ip address='192.0.2.1'/></network>", "ip"),
        (
            "<network><name>x</name><bandwidth><inbound average='1'/></bandwidth></network>",
            "bandwidth",
        ),
        (LAB.format(metadata=SECURITY.replace("'yes'", "'perhaps'")), "metadata"),
        (LAB.format(metadata="").replace("<tag", "<tag id='3'/><tag"), "portgroup/vlan"),
    ],
)
async def test_switches_that_cannot_be_are_refused_before_anything_is_done(
    xml: str, field: str
) -> None:
    async with faked() as (fake, host):
        with pytest.raises(ConfigError) as caught:
            await host.networks.define(xml)
        assert caught.value.field == field
        assert not fake.plan.calls["AddPortGroup"]
        assert [each.name for each in info(fake).vswitch] == ["vSwitch0"]


async def test_a_port_group_belongs_to_one_switch() -> None:
    async with faked() as (fake, host):
        with pytest.raises(AlreadyExists, match="VM Network"):
            await host.networks.define(LAB.format(metadata="").replace("Lab Net", "VM Network"))
        assert not fake.plan.calls["AddVirtualSwitch"]


@pytest.mark.real
async def test_the_switch_of_the_host_itself_stays(host: Connection) -> None:
    network = await host.networks.get("vSwitch0")
    with pytest.raises(Busy, match="the host itself"):
        await network.undefine()


async def test_a_distributed_switch_is_only_looked_at() -> None:
    async with faked("vcenter", "/DC0") as (_, host):
        network = await host.networks.get("DVS0")
        (shown,) = (await network.config()).portgroups
        assert shown.name == "DPG0"
        with pytest.raises(Unsupported):
            await network.undefine()


@pytest.mark.real
async def test_a_distributed_port_group_is_made_changed_and_removed(
    vcenter: Simulator, host_of_vcenter: Connection, check: Check
) -> None:
    network = await host_of_vcenter.networks.get("DVS0")
    await network.update("add", "portgroup", far_group("<vlan><tag id='7'/></vlan>"))
    assert vlan(vcenter, check).vlanId == 7
    await network.update("modify", "portgroup", far_group(TRUNK))
    ranges = [(each.start, each.end) for each in vlan(vcenter, check).vlanId]
    assert ranges == [(3, 5), (9, 9)]
    (shown,) = [each for each in (await network.config()).portgroups if each.name == "far"]
    assert [each.id for each in shown.vlan.tags] == [3, 4, 5, 9]
    assert (shown.bandwidth.inbound.average, shown.bandwidth.outbound.average) == (1000, None)
    with pytest.raises(AlreadyExists):
        await network.update("add", "portgroup", far_group(""))
    await network.update("delete", "portgroup", far_group(""))
    assert "far" not in check(vcenter).all_named("Network")
    with pytest.raises(NotFound):
        await network.update("delete", "portgroup", far_group(""))


TRUNK = """<bandwidth><inbound average='1000' peak='1000' burst='64'/></bandwidth>
<vlan trunk='yes'><tag id='9'/><tag id='3'/><tag id='5'/><tag id='4'/></vlan>"""


def far_group(inside: str) -> str:
    return f"<portgroup name='far'>{inside}</portgroup>"


def vlan(vcenter: Simulator, check: Check) -> Any:  # noqa: ANN401  pyvmomi's
    session = check(vcenter).session
    group = session.named(vim.dvs.DistributedVirtualPortgroup, "far")
    return session.of(group, "config")["config"].defaultPortConfig.vlan


@pytest.fixture
async def host_of_vcenter(vcenter: Simulator) -> AsyncIterator[Connection]:
    """Return an open host of a vCenter."""
    async with opening(vcenter) as connection:
        yield connection


async def test_a_distributed_port_group_in_use_stays() -> None:
    async with faked("vcenter", "/DC0") as (fake, host):
        network = await host.networks.get("DVS0")
        (ref,) = fake.site.world.of_kind("DistributedVirtualPortgroup")
        fake.site.world.add_to(ref, "vm", fake.machine("machine0").ref)
        with pytest.raises(Busy):
            await network.update("delete", "portgroup", "<portgroup name='DPG0'/>")
        all_vlans = "<portgroup name='DPG0'><vlan><tag id='4095'/></vlan></portgroup>"
        await network.update("modify", "portgroup", all_vlans)
        (shown,) = (await network.config()).portgroups
        assert (shown.vlan.trunk, [each.id for each in shown.vlan.tags]) == (True, [4095])


# --- changing -------------------------------------------------------------------------------------


async def test_a_switch_is_changed_and_its_own_port_group_is_left_alone() -> None:
    async with faked() as (fake, host):
        network = await host.networks.get("vSwitch0")
        await network.update("add", "portgroup", "<portgroup name='Old'/>")
        xml = (await network.xml()).replace("'Old'", "'New'")
        await host.networks.define(xml.replace("</uuid>", "</uuid><mtu size='9000'/>"))
        assert switch(fake, "vSwitch0").mtu == 9000
        names = {each.spec.name for each in info(fake).portgroup}
        assert names == {"Management Network", "VM Network", "New"}


async def test_nothing_is_changed_while_a_port_group_that_would_go_is_in_use() -> None:
    async with faked() as (fake, host):
        config = await (await host.networks.get("vSwitch0")).config()
        config.mtu = 9000
        with pytest.raises(Busy, match="VM Network"):
            await host.networks.define(config.to_xml().replace("VM Network", "New"))
        assert switch(fake, "vSwitch0").mtu == 1500
        assert "New" not in {each.spec.name for each in info(fake).portgroup}


async def test_port_groups_are_added_changed_and_removed_alone() -> None:
    async with faked() as (fake, host):
        network = await host.networks.get("vSwitch0")

        async def update(command: UpdateCommand, xml: str) -> None:
            await network.update(command, "portgroup", xml)

        await update("add-last", "<portgroup name='n'><vlan><tag id='7'/></vlan></portgroup>")
        assert group(fake, "n").vlan_id == 7
        await update("modify", "<portgroup name='n'/>")
        assert group(fake, "n").vlan_id == 0
        await update("delete", "<portgroup name='n'/>")
        assert "n" not in {each.spec.name for each in info(fake).portgroup}
        with pytest.raises(NotFound):
            await update("modify", "<portgroup name='n'/>")
        with pytest.raises(NotFound):
            await update("delete", "<portgroup name='n'/>")


async def test_cards_are_added_and_removed() -> None:
    async with faked() as (fake, host):
        network = await host.networks.get("vSwitch0")

        async def update(command: UpdateCommand, card: str) -> None:
            await network.update(command, "forward-interface", f"<interface dev='{card}'/>")

        await update("add-last", "vmnic1")
        shown = (await network.config()).forward.interfaces
        assert [each.dev for each in shown] == ["vmnic0", "vmnic1"]
        await update("delete", "vmnic0")
        assert len(switch(fake, "vSwitch0").pnic) == 1
        with pytest.raises(ConfigError):
            await update("delete", "vmnic0")
        with pytest.raises(ConfigError):
            await update("add-last", "vmnic1")
        with pytest.raises(Unsupported):
            await network.update("add-last", "dns-host", "<host ip='192.0.2.1'/>")
