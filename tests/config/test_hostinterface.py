"""Network interfaces of the host."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from aiovirt.config import HostInterfaceConfig
from aiovirt.errors import ConfigError

BRIDGE = """\
<interface type='bridge' name='br0'>
  <start mode='onboot'/>
  <mtu size='1500'/>
  <protocol family='ipv4'>
    <ip address='192.168.0.5' prefix='24'/>
    <route gateway='192.168.0.1'/>
  </protocol>
  <bridge stp='off' delay='0.01'>
    <interface type='vlan' name='eth1.7'>
      <vlan tag='7'>
        <interface name='eth1'/>
      </vlan>
    </interface>
  </bridge>
</interface>
"""


def test_a_bridge_reads_as_typed_values() -> None:
    bridge = HostInterfaceConfig.parse(BRIDGE)
    assert (bridge.name, bridge.start, bridge.mtu) == ("br0", "onboot", 1500)
    assert bridge.protocols[0].gateway == ip_address("192.168.0.1")
    assert (bridge.bridge.stp, bridge.bridge.ports[0].vlan.tag) == (False, 7)
    assert (bridge.to_xml(), bridge.problems()) == (BRIDGE, [])


def test_the_usual_ones() -> None:
    bond = HostInterfaceConfig.bonded("bond0", ["eth0", "eth1"])
    assert [port.name for port in bond.bond.ports] == ["eth0", "eth1"]
    assert HostInterfaceConfig.tagged("eth0", 7).name == "eth0.7"
    assert HostInterfaceConfig.ethernet("eth0").protocols[0].dhcp is True
    assert not HostInterfaceConfig.on_ports("br0", ["eth0"], dhcp=False).protocols


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        ("<interface type='bond' name='a'><bond/></interface>", "ports is missing"),
        ("<interface type='ethernet'/>", "name is missing"),
        ("<interface type='bridge' name='a'/>", "bridge is missing"),
        (
            (
                "<interface type='ethernet' name='a'><protocol family='ipv4'><autoconf/></protocol>"
                "</interface>"
            ),
            "autoconf means nothing where family is 'ipv4'",
        ),
        (
            (
                "<interface type='ethernet' name='a'><protocol family='ipv4'><ip address='::1'/>"
                "</protocol></interface>"
            ),
            "::1 is not of family ipv4",
        ),
        (
            (
                "<interface type='ethernet' name='a'><protocol family='ipv6'/>"
                "<protocol family='ipv6'/></interface>"
            ),
            "the family ipv6 is taken",
        ),
    ],
)
def test_what_does_not_fit_is_told(xml: str, message: str) -> None:
    assert message in str(HostInterfaceConfig.parse(xml).problems()[0])


def test_a_card_goes_below_a_bridge_and_back() -> None:
    card = HostInterfaceConfig.ethernet("eth0")
    bridge = card.bridged("br0", stp=False, delay="2.5")
    assert list(bridge.problems()) == []
    assert bridge.unbridged() == card
    with pytest.raises(ConfigError, match="eth0 is no bridge"):
        card.unbridged()
    with pytest.raises(ConfigError, match="exactly one"):
        HostInterfaceConfig.on_ports("br1", ["a", "b"]).unbridged()


def test_a_bond_goes_below_a_bridge_and_back() -> None:
    bond = HostInterfaceConfig.bonded("bond0", ["a", "b"])
    assert bond.bridged("br0").unbridged() == bond
