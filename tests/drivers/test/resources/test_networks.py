"""Networks of the in-memory host behave as libvirt's."""

from __future__ import annotations

import pytest

from aiovirt.config import NetworkConfig, NetworkPortConfig
from aiovirt.drivers.test.driver import TestDriver
from aiovirt.drivers.test.resources.networks import NetworkRoom
from aiovirt.errors import AlreadyExists, ConfigError, InvalidState, NotFound, Unsupported
from aiovirt.model.constants import NetworkEventLifecycleType as Kind
from aiovirt.model.events import NetworkLifecycleEvent
from aiovirt.testing import TestHost

pytestmark = pytest.mark.anyio

LAB = NetworkConfig.nat("lab", "10.1.0.0/24")
PORT = """\
<networkport><uuid>33d4e0a4-2f0c-4b6e-93a9-7b0f8e1f8a01</uuid>
<owner><name>web1</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid></owner>
<mac address='52:54:00:00:00:01'/><plug type='network' bridge='virbr1'/></networkport>"""


async def test_life_of_a_network_is_told(host: TestHost) -> None:
    async with host.events() as events:
        net = await host.networks.define(LAB)
        await net.start()
        await net.destroy()
        await net.undefine()
        kinds = []
        for _ in range(4):
            event = await events.__anext__()
            assert isinstance(event, NetworkLifecycleEvent)
            kinds.append(event.kind)
    assert kinds == [Kind.DEFINED, Kind.STARTED, Kind.STOPPED, Kind.UNDEFINED]
    with pytest.raises(NotFound):
        await net.start()


async def test_a_bridge_is_found_for_it(host: TestHost) -> None:
    net = await host.networks.define(LAB)
    assert await net.bridge_name() == "virbr1"
    other = LAB.copy()
    other.name = "other"
    other.bridge.name = "virbr0"
    with pytest.raises(AlreadyExists, match="virbr0"):
        await host.networks.define(other)


async def test_a_transient_network_goes_when_it_stops(host: TestHost) -> None:
    net = await host.networks.create(LAB)
    with pytest.raises(InvalidState):
        await net.set_autostart(autostart=True)
    await net.destroy()
    assert [each.name for each in await host.networks.list()] == ["default"]


async def test_lists_are_filtered(host: TestHost) -> None:
    net = await host.networks.define(LAB)
    await net.set_autostart(autostart=True)
    assert await host.networks.list(active=False) == [net]
    assert await host.networks.list(autostart=True, active=True) == []


async def test_a_kept_address_is_added_changed_and_taken_away(host: TestHost) -> None:
    net = await host.networks.get("default")
    one = "<host mac='52:54:00:00:00:01' ip='192.168.122.7'/>"
    await net.update("add", "ip-dhcp-host", one)
    with pytest.raises(ConfigError):
        await net.update("add", "ip-dhcp-host", one)
    await net.update("modify", "ip-dhcp-host", one.replace("122.7", "122.8"))
    (kept,) = (await net.config()).ips[0].hosts
    assert str(kept.ip) == "192.168.122.8"
    await net.update("delete", "ip-dhcp-host", one.replace("122.7", "122.8"))
    assert not (await net.config()).ips[0].hosts
    with pytest.raises(Unsupported):
        await net.update("modify", "bridge", "<bridge name='x'/>")


async def test_an_update_of_the_running_network_leaves_its_definition(host: TestHost) -> None:
    net = await host.networks.get("default")
    await net.update("add", "portgroup", "<portgroup name='sales'/>")
    assert not (await net.config(inactive=True)).portgroups


async def test_guests_get_addresses_one_after_the_other(host: TestHost) -> None:
    driver = host.driver
    assert isinstance(driver, TestDriver)
    room = driver.world.room(NetworkRoom)
    network = room.active_by_name("default")
    room.lease(network, "52:54:00:00:00:01", "web1")
    room.lease(network, "52:54:00:00:00:02")
    net = await host.networks.get("default")
    assert [lease.address for lease in await net.leases()] == ["192.168.122.2", "192.168.122.3"]
    room.release("52:54:00:00:00:01")
    assert [lease.mac for lease in await net.leases()] == ["52:54:00:00:00:02"]


async def test_ports_have_limits_and_are_counted(host: TestHost) -> None:
    net = await host.networks.get("default")
    port = await net.create_port(NetworkPortConfig.parse(PORT))
    await port.set_parameters({"inbound.average": 100})
    assert await port.parameters() == {"inbound.average": 100}
    assert (await net.config()).connections == 1
    await port.delete()
    with pytest.raises(NotFound):
        await port.config()


async def test_metadata_is_kept(host: TestHost) -> None:
    net = await host.networks.get("default")
    await net.set_metadata("urn:x", "<a x='1'/>", key="x")
    await net.set_title("The default")
    assert "x='1'" in await net.metadata("urn:x")
    assert await net.title() == "The default"
    with pytest.raises(NotFound):
        await net.description()
