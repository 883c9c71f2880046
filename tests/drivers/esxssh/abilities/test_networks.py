"""Virtual switches and network cards of an ESX host by SSH."""

from __future__ import annotations

import pytest
from esxshell.lab import EsxLab

from aiovirt.config import NetworkConfig
from aiovirt.drivers.common.tree import node_of
from aiovirt.errors import AlreadyExists, Busy, ConfigError, NotFound
from aiovirt.interfaces import HostInterfaces, Networks
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]

SWITCH = """\
<network><name>lab</name><forward mode='bridge'><interface dev='vmnic1'/></forward>
<mtu size='9000'/><portgroup name='Lab &amp; "more"'><vlan><tag id='7'/></vlan></portgroup>
</network>"""


def networks(host: Connection) -> Networks:
    """Return the driver's own ability."""
    return host.driver.ability(Networks)


async def test_switches_are_networks(host: Connection) -> None:
    (found,) = await host.networks.list()
    assert found.name == "vSwitch0"
    assert await found.is_active()
    config = await found.config()
    assert [each.dev for each in config.forward.interfaces] == ["vmnic0"]
    groups = [each.get("name") for each in node_of(config).findall("portgroup")]
    assert groups == ["VM Network", "Management Network"]
    assert await host.networks.get(found.uuid) == found


async def test_a_switch_comes_and_goes(host: Connection, esx: EsxLab) -> None:
    key = await networks(host).define(NetworkConfig.parse(SWITCH))
    with esx.state() as state:
        assert state.data["switches"]["lab"]["uplinks"] == ["vmnic1"]
        assert state.data["portgroups"]['Lab & "more"'] == {"switch": "lab", "vlan": 7}
    shown = await networks(host).config(key)
    assert shown.mtu == 9000
    assert node_of(shown).find("portgroup/vlan/tag") is not None
    with pytest.raises(AlreadyExists):
        await networks(host).define(NetworkConfig.parse(SWITCH))
    await networks(host).undefine(key)
    with pytest.raises(NotFound):
        await networks(host).record(key)


async def test_a_switch_that_fails_half_way_leaves_nothing(host: Connection, esx: EsxLab) -> None:
    with pytest.raises(Busy, match="vmnic0 is already in use") as caught:
        await networks(host).define(NetworkConfig.parse(SWITCH.replace("vmnic1", "vmnic0")))
    assert "make virtual switch 'lab'" in str(caught.value)
    with esx.state() as state:
        assert list(state.data["switches"]) == ["vSwitch0"]


async def test_a_switch_that_is_used_stays(host: Connection) -> None:
    with pytest.raises(Busy, match="Management Network"):
        await networks(host).undefine(await networks(host).find_by_name("vSwitch0"))


@pytest.mark.parametrize(
    "change",
    [
        ("<name>lab</name>", "<name>a,b</name>"),
        ("<name>lab</name>", f"<name>{'x' * 32}</name>"),
        ("mode='bridge'", "mode='nat'"),
        ("<mtu", "<ip address='192.0.2.1' prefix='24'/><mtu"),
        ("<mtu", "<uuid>00000000-0000-0000-0000-000000000001</uuid><mtu"),
        ("<tag id='7'/>", "<tag id='7'/><tag id='8'/>"),
    ],
)
async def test_what_no_switch_is(host: Connection, esx: EsxLab, change: tuple[str, str]) -> None:
    before = len(esx.journal)
    with pytest.raises(ConfigError):
        await networks(host).define(NetworkConfig.parse(SWITCH.replace(*change)))
    assert esx.journal[before:] == []


async def test_a_port_group_of_another_switch(host: Connection) -> None:
    config = NetworkConfig.parse(SWITCH.replace('Lab &amp; "more"', "VM Network"))
    with pytest.raises(AlreadyExists, match="VM Network"):
        await networks(host).define(config)


async def test_cards(host: Connection) -> None:
    cards = host.driver.ability(HostInterfaces)
    assert [each.name for each in await cards.keys()] == ["vmnic0", "vmnic1"]
    assert [each.name for each in await cards.keys(active=True)] == ["vmnic0"]
    found = await cards.find_by_mac("24:6E:96:A1:B2:C4")
    assert found == await cards.find_by_name("vmnic1")
    assert not await cards.is_active(found)
    config = await cards.config(found)
    assert (config.type, str(config.mac)) == ("ethernet", "24:6e:96:a1:b2:c4")
    with pytest.raises(NotFound):
        await cards.find_by_name("vmnic9")
