"""Networks: the usual ones, what is in them, and what does not fit."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address, ip_interface

import pytest

from aiovirt.config import NetworkConfig, NetworkPortConfig
from aiovirt.config.network import (
    DhcpHost,
    DhcpRange,
    DnsHost,
    ForwardAddress,
    NetworkDns,
    NetworkIp,
    NetworkPortgroup,
    Vlan,
    VlanTag,
)
from aiovirt.errors import ConfigError, XMLError
from aiovirt.model.addresses import PciAddress
from aiovirt.model.mac import MacAddress

LAB = """\
<network connections='2'>
  <name>lab</name>
  <uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>
  <forward mode='nat'/>
  <bridge name='virbr7' stp='on' delay='0'/>
  <domain name='lab.example' localOnly='yes'/>
  <ip address='192.168.100.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='192.168.100.2' end='192.168.100.99'>
        <lease expiry='2' unit='hours'/>
      </range>
      <host mac='52:54:00:12:34:56' name='web1' ip='192.168.100.10'/>
    </dhcp>
  </ip>
  <dnsmasq:options xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>
    <dnsmasq:option value='log-queries'/>
  </dnsmasq:options>
</network>
"""


def test_a_network_reads_as_typed_values() -> None:
    lab = NetworkConfig.parse(LAB)
    assert (lab.name, lab.mode, lab.connections) == ("lab", "nat", 2)
    assert (lab.bridge.name, lab.bridge.stp, lab.domain) == ("virbr7", True, "lab.example")
    assert lab.ips[0].interface == ip_interface("192.168.100.1/24")
    assert lab.ips[0].ranges[0].end == ip_address("192.168.100.99")
    assert lab.ips[0].ranges[0].lease == timedelta(hours=2)
    assert lab.ips[0].hosts[0].mac == MacAddress.parse("52:54:00:12:34:56")
    assert lab.dnsmasq_options == ("log-queries",)
    assert lab.to_xml() == LAB


def test_a_change_touches_its_own_line_only() -> None:
    lab = NetworkConfig.parse(LAB)
    lab.ips[0].hosts[0].ip = "192.168.100.11"
    assert lab.to_xml() == LAB.replace("100.10", "100.11")


def test_what_held_the_last_of_a_list_goes_with_it() -> None:
    lab = NetworkConfig.parse(LAB)
    lab.dnsmasq_options = None
    assert "dnsmasq" not in lab.to_xml()


def test_a_lease_without_a_unit_is_in_minutes() -> None:
    assert DhcpRange(lease_expiry=2).lease == timedelta(minutes=2)
    assert DhcpRange.parse("<range><lease expiry='2' unit='moons'/></range>").lease is None


@pytest.mark.parametrize(
    ("network", "address", "start", "end"),
    [
        ("192.168.100.0/24", "192.168.100.1/24", "192.168.100.2", "192.168.100.254"),
        ("192.168.100.254/24", "192.168.100.254/24", "192.168.100.1", "192.168.100.253"),
        ("10.0.0.0/8", "10.0.0.1/8", "10.0.0.2", "10.0.255.255"),
        ("fd00::/64", "fd00::1/64", "fd00::2", "fd00::ffff"),
        ("10.0.0.0/30", "10.0.0.1/30", "10.0.0.2", "10.0.0.2"),
    ],
)
def test_the_host_has_the_first_address(network: str, address: str, start: str, end: str) -> None:
    ip = NetworkConfig.nat("a", network).ips[0]
    assert ip.interface == ip_interface(address)
    assert (ip.ranges[0].start, ip.ranges[0].end) == (ip_address(start), ip_address(end))


@pytest.mark.parametrize("network", ["10.0.0.1/32", "fd00::/128", "lab", "300.0.0.0/8", ""])
def test_no_addresses_to_hand_out(network: str) -> None:
    with pytest.raises(ConfigError, match=r"no network|no address to hand out"):
        NetworkConfig.nat("a", network)


def test_ipv6_behind_the_hosts_address_is_asked_for() -> None:
    assert NetworkConfig.nat("a", "fd00::/64").forward.nat.ipv6 is True
    assert not NetworkConfig.nat("a", "10.0.0.0/24").forward.nat


def test_a_network_is_built_from_its_parts() -> None:
    dns = NetworkDns(hosts=[DnsHost(ip="10.0.0.1", hostnames=["a", "b"])])
    tagged = Vlan(trunk=True, tags=[VlanTag(id=1), VlanTag(id=2)])
    group = NetworkPortgroup(name="web", default=True, vlan=tagged)
    ip = NetworkIp.of("10.0.0.0/24")
    ip.hosts = [DhcpHost(name="a", ip="10.0.0.5", lease_expiry=0)]
    config = NetworkConfig(
        name="a", mode="route", dns=dns, portgroups=[group], ips=[ip], dnsmasq_options=["x"]
    )
    assert (config.problems(), config.forward.mode) == ([], "route")
    assert config.ips[0].hosts[0].lease is None


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ("<name>a/b</name>", "slash"),
        ("<vlan/>", "tags is missing"),
        ("<vlan trunk='no'><tag id='1'/></vlan>", "trunk cannot be 'no'"),
        ("<ip address='10.0.0.1' prefix='33'/>", "10.0.0.1 cannot have the prefix 33"),
        ("<ip address='10.0.0.1' netmask='255.0.255.0'/>", "cannot have the prefix 255.0.255.0"),
        ("<ip address='10.0.0.1' family='ipv6'/>", "not of family ipv6"),
        ("<ip address='10.0.0.1' prefix='8' netmask='255.0.0.0'/>", "stands beside"),
        ("<ip><dhcp><range start='10.0.0.9' end='10.0.0.1'/></dhcp></ip>", "is empty"),
        ("<ip><dhcp><range start='10.0.0.0' end='10.1.0.0'/></dhcp></ip>", "65537 addresses"),
        ("<ip><dhcp><host ip='10.0.0.9'/></dhcp></ip>", "mac is missing"),
        (
            (
                "<ip address='10.0.0.1' prefix='8'><dhcp><range start='11.0.0.1' end='11.0.0.2'/>"
                "</dhcp></ip>"
            ),
            "not in 10.0.0.0/8",
        ),
        ("<portgroup name='a'/><portgroup name='a'/>", "name a is taken"),
        (
            "<portgroup name='a' default='yes'/><portgroup name='b' default='yes'/>",
            "default port group already",
        ),
        ("<forward mode='route'><nat/></forward>", "nat means nothing where mode is 'route'"),
        ("<dns><host ip='1.1.1.1'/></dns>", "hostnames is missing"),
        ("<virtualport type='midonet'/>", "interface_id"),
    ],
)
def test_what_does_not_fit_is_told(inner: str, message: str) -> None:
    name = "" if "<name>" in inner else "<name>a</name>"
    found = NetworkConfig.parse(f"<network>{name}\n{inner}</network>").problems()
    assert any(message in str(each) for each in found), found
    assert all(each.line == 2 for each in found)


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(XMLError, match="start cannot be 'fe80::1%eth0'"):
        DhcpRange(start="fe80::1%eth0", end="fe80::2")
    with pytest.raises(XMLError, match="netmask cannot be"):
        NetworkIp(netmask="::1")


def test_a_virtual_function_is_an_address() -> None:
    place = ForwardAddress.of(PciAddress(bus=4, slot=16))
    assert (place.type, place.value) == ("pci", PciAddress(bus=4, slot=16))


def test_a_port_says_whose_it_is() -> None:
    port = NetworkPortConfig.parse(
        "<networkport><owner><name>web1</name></owner>"
        "<plug type='hostdev-pci'><address bus='0x04'/></plug></networkport>"
    )
    assert (port.owner_name, port.plug.address.value) == ("web1", PciAddress(bus=4))
    missing = [str(each) for each in port.problems()]
    assert [each for each in missing if "owner_uuid is missing" in each]
    assert [each for each in missing if "mac (attribute address) is missing" in each]
