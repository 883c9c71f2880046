"""Virtual networks of a real libvirtd."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from libvirtlab import Lab, run_virsh
from networklab import BRIDGE, PORT_UUID, isolated_xml, port_xml
from storagelab import canonical

from aiovirt.errors import AiovirtError, CallerError, ConfigError, NotFound, Unsupported
from aiovirt.interfaces import LegacyHost
from aiovirt.model.constants import ConnectListAllNetworksFlags
from aiovirt.model.network import AddressFamily
from aiovirt.objects import Connection, Network, NetworkPort

pytestmark = [pytest.mark.anyio, pytest.mark.real]

HOST = "<host mac='52:54:00:11:22:44' ip='192.168.231.200'/>"
MAC = "52:54:00:11:22:33"


@pytest.fixture
async def port(network: Network) -> AsyncIterator[NetworkPort]:
    """Return a port, which is gone at the end."""
    port = await network.create_port(port_xml())
    yield port
    await port.delete()


async def test_a_network_lives_from_its_definition_to_its_end(host: Connection) -> None:
    network = await host.networks.define(isolated_xml("short"), validate=True)
    assert not await network.is_active()
    assert await network.is_persistent()
    await network.start()
    assert await network.is_active()
    assert await network.bridge_name() == BRIDGE
    await network.destroy()
    await network.undefine()
    with pytest.raises(NotFound, match="short"):
        await network.is_active()


@pytest.mark.parametrize("validate", [False, True])
async def test_a_transient_network_is_gone_when_it_stops(
    host: Connection, *, validate: bool
) -> None:
    network = await host.networks.create(isolated_xml("brief"), validate=validate)
    assert not await network.is_persistent()
    await network.destroy()
    assert await host.networks.list(persistent=False) == []


async def test_a_network_is_found_by_name_and_uuid(host: Connection, network: Network) -> None:
    assert await host.networks.get("lan") == network
    assert await host.networks.get(network.uuid) == network
    assert {network} == {await host.networks.get("lan")}


@pytest.mark.parametrize("name", ["none", uuid4()])
async def test_a_network_that_is_not_there_is_not_found(host: Connection, name: str) -> None:
    with pytest.raises(NotFound, match="network"):
        await host.networks.get(name)


async def test_a_listing_is_filtered_by_the_host(host: Connection, network: Network) -> None:
    idle = await host.networks.define(isolated_xml("idle", bridge="virbr-idle"))
    await idle.set_autostart()
    assert await idle.autostart()
    assert await host.networks.list() == [idle, network]
    assert await host.networks.list(active=True) == [network]
    assert await host.networks.list(autostart=True) == [idle]
    (record,) = await host.networks.records(flags=ConnectListAllNetworksFlags.INACTIVE)
    assert record == await idle.record()
    assert (record.active, record.persistent, record.autostart) == (False, True, True)
    await idle.undefine()


async def test_the_configuration_is_libvirts(network: Network, lab: Lab) -> None:
    assert canonical(await network.xml()) == canonical(run_virsh(lab, "net-dumpxml", "lan"))
    said = run_virsh(lab, "net-dumpxml", "--inactive", "lan")
    assert canonical(await network.xml(inactive=True)) == canonical(said)


async def test_a_part_is_added_and_taken_away(network: Network) -> None:
    await network.update("add", "ip-dhcp-host", HOST, live=True, persistent=True)
    for inactive in (False, True):
        assert "192.168.231.200" in await network.xml(inactive=inactive)
    await network.update("delete", "ip-dhcp-host", HOST, live=True, parent_index=0)
    assert "192.168.231.200" not in await network.xml()
    assert "192.168.231.200" in await network.xml(inactive=True)


async def test_a_part_that_cannot_be_is_refused(network: Network) -> None:
    with pytest.raises(AiovirtError, match="static host"):
        await network.update(
            "add", "ip-dhcp-host", "<host mac='52:54:00:00:00:01' ip='oops'/>", live=True
        )
    with pytest.raises(CallerError, match="ip-dhcp-host"):
        await network.update("add", "host", HOST)
    with pytest.raises(CallerError, match="add-first"):
        await network.update("remove", "ip-dhcp-host", HOST)  # type: ignore[arg-type]


async def test_leases_are_told(network: Network, lab: Lab) -> None:
    lease = {
        "ip-address": "192.168.231.7",
        "mac-address": MAC,
        "hostname": "guest7",
        "client-id": "01:02",
        "expiry-time": 4102444800,
    }
    path = lab.folder / "var/lib/libvirt/dnsmasq" / f"{BRIDGE}.status"
    path.write_text(json.dumps([lease]))
    (found,) = await network.leases()
    assert (found.address, found.prefix, found.mac) == ("192.168.231.7", 24, MAC)
    assert (found.hostname, found.client_id) == ("guest7", "01:02")
    assert (found.interface, found.family) == (BRIDGE, AddressFamily.IPV4)
    assert found.expires_s == 4102444800
    assert await network.leases(mac=MAC) == [found]
    assert await network.leases(mac="52:54:00:00:00:99") == []
    path.unlink()


async def test_ports_are_made_found_and_limited(network: Network, port: NetworkPort) -> None:
    assert await network.ports() == [port]
    assert await network.port(UUID(PORT_UUID)) == port
    assert (await port.config()).owner_name == "someguest"
    assert PORT_UUID in await port.xml()
    await port.set_parameters({"inbound.average": 256, "inbound.peak": 512})
    found = await port.parameters()
    assert (found["inbound.average"], found["inbound.peak"]) == (256, 512)
    assert {port} == {await network.port(port.uuid)}


async def test_a_port_that_is_not_there_is_not_found(network: Network) -> None:
    with pytest.raises(NotFound):
        await network.port(uuid4())


async def test_what_the_daemon_is_too_old_for_says_so(network: Network) -> None:
    with pytest.raises(Unsupported, match=r"9\.0\.0"):
        await network.title()
    with pytest.raises(Unsupported, match=r"9\.0\.0"):
        await network.set_title("LAN", persistent=True)


async def test_a_wrong_document_is_refused(host: Connection) -> None:
    with pytest.raises(ConfigError):
        await host.networks.define("<network><name>n</name><ip address='nowhere'/></network>")
    with pytest.raises(ConfigError):
        await host.networks.define("<network><name>n</name><oops/></network>", validate=True)


async def test_older_forms_give_the_same(host: Connection, network: Network) -> None:
    legacy = host.driver.ability(LegacyHost)
    config = await host.networks.get("lan")
    idle = await legacy.define_network(await config.config(inactive=True))
    assert idle == network.key
    assert (await legacy.count_networks(), await legacy.network_names(9)) == (1, ["lan"])
    await network.destroy()
    assert await legacy.count_defined_networks() == 1
    assert await legacy.defined_network_names(9) == ["lan"]
