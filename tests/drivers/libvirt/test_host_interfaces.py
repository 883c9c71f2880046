"""The host's interfaces: looked at with QEMU's driver, changed with libvirt's test driver."""

from __future__ import annotations

import pytest
from libvirtlab import Lab, run_virsh
from storagelab import canonical

from aiovirt.errors import (
    AlreadyExists,
    CallerError,
    ConfigError,
    InvalidState,
    NotFound,
    Unsupported,
)
from aiovirt.interfaces import LegacyHost
from aiovirt.model.mac import MacAddress
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]

DEFINED = (
    "<interface type='ethernet' name='eth7'><start mode='none'/>"
    "<mac address='aa:bb:cc:dd:ee:77'/></interface>"
)


async def test_interfaces_are_virshs(host: Connection, lab: Lab) -> None:
    lines = [line.split() for line in run_virsh(lab, "iface-list", "--all").splitlines()]
    found = [
        [one.key.name, "active" if one.active else "inactive", one.key.mac]
        for one in await host.interfaces.records()
    ]
    assert found == [line for line in lines if line]
    assert "lab0" in [name for name, *_ in found]


async def test_a_listing_is_filtered_by_the_host(host: Connection) -> None:
    everything = await host.interfaces.list()
    up = await host.interfaces.list(active=True)
    down = await host.interfaces.list(active=False)
    assert sorted([*up, *down], key=lambda one: one.name) == everything
    assert [await one.is_active() for one in down] == [False] * len(down)


async def test_an_interface_is_found_by_name_and_address(host: Connection, lab: Lab) -> None:
    bridge = await host.interfaces.get("lab0")
    said = run_virsh(lab, "iface-dumpxml", "lab0")
    assert canonical(await bridge.xml()) == canonical(said)
    port = await host.interfaces.get("lab2")
    assert {await host.interfaces.get(MacAddress.parse(port.mac))} == {port}


@pytest.mark.parametrize("name", ["none", MacAddress.parse("52:54:00:00:00:99")])
async def test_an_interface_that_is_not_there_is_not_found(
    host: Connection, name: str | MacAddress
) -> None:
    with pytest.raises(NotFound):
        await host.interfaces.get(name)


async def test_an_address_of_several_is_refused(host: Connection, lab: Lab) -> None:
    lab.inside("ip", "link", "add", "lab3", "type", "bridge")
    address = (await host.interfaces.get("lab2")).mac
    lab.inside("ip", "link", "set", "lab3", "address", address)
    with pytest.raises(CallerError):
        await host.interfaces.get(MacAddress.parse(address))
    lab.inside("ip", "link", "del", "lab3")


async def test_without_netcf_nothing_is_changed(host: Connection) -> None:
    with pytest.raises(Unsupported):
        await host.interfaces.define(DEFINED)
    with pytest.raises(Unsupported):
        await host.interfaces.begin_changes()


async def test_an_interface_lives(test_host: Connection) -> None:
    eth7 = await test_host.interfaces.define(DEFINED)
    assert not await eth7.is_active()
    await eth7.start()
    assert await eth7.is_active()
    await eth7.destroy()
    assert (await eth7.config()).name == "eth7"
    await eth7.undefine()
    assert [one.name for one in await test_host.interfaces.list()] == ["eth1"]


async def test_changes_are_taken_back_or_kept(test_host: Connection) -> None:
    interfaces = test_host.interfaces
    with pytest.raises(InvalidState):
        await interfaces.commit_changes()
    await interfaces.begin_changes()
    await interfaces.define(DEFINED)
    await interfaces.rollback_changes()
    assert [one.name for one in await interfaces.list()] == ["eth1"]
    await interfaces.begin_changes()
    await interfaces.define(DEFINED)
    await interfaces.commit_changes()
    assert [one.name for one in await interfaces.list()] == ["eth1", "eth7"]


async def test_an_interface_goes_below_a_bridge_and_back(test_host: Connection) -> None:
    eth1 = await test_host.interfaces.get("eth1")
    before = await eth1.config()
    bridge = await eth1.bridge("br7", delay="2")
    assert await bridge.is_active()
    config = await bridge.config()
    assert config.bridge is not None
    assert [port.name for port in config.bridge.ports] == ["eth1"]
    assert (config.bridge.delay, list(config.protocols)) == ("2", list(before.protocols))
    with pytest.raises(AlreadyExists, match="br7"):
        await eth1.bridge("br7")
    with pytest.raises(ConfigError, match="br7"):
        await bridge.bridge("br8")
    assert await bridge.unbridge() == eth1
    assert (await eth1.xml()) == before.to_xml()
    with pytest.raises(ConfigError, match="eth1"):
        await eth1.unbridge()


async def test_older_forms_give_the_same(test_host: Connection) -> None:
    legacy = test_host.driver.ability(LegacyHost)
    await test_host.interfaces.define(DEFINED)
    assert await legacy.count_interfaces() == 1
    assert await legacy.interface_names(9) == ["eth1"]
    assert await legacy.count_defined_interfaces() == 1
    assert await legacy.defined_interface_names(9) == ["eth7"]
