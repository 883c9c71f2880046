"""What an ESX host and its guests tell of themselves by SSH."""

from __future__ import annotations

import pytest
from esxshell.lab import EsxLab
from lxml import etree

from aiovirt.errors import AgentNotReady, InvalidState, NotFound, Unsupported
from aiovirt.interfaces import Guest, HostInfo, HostResources
from aiovirt.model.constants import DomainInterfaceAddressesSource
from aiovirt.model.domain import DomainState
from aiovirt.model.statistics import StatsGroup
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]

MIB = 1024**2


async def test_the_host(host: Connection) -> None:
    info = host.driver.ability(HostInfo)
    assert await info.hostname() == "esx1.example.com"
    assert await info.version() == "VMware ESXi 8.0.2"
    assert (await info.driver_type(), await info.is_secure()) == ("ESX", True)
    assert await info.max_vcpus() == 768
    uuid = etree.fromstring(await info.capabilities()).findtext("host/uuid")
    assert uuid == "44454c4c-4e00-1057-804d-b4c04f4c4d32"
    assert "PowerEdge R640" in await info.sysinfo()


async def test_its_processors_and_memory(host: Connection) -> None:
    resources = host.driver.ability(HostResources)
    node = await resources.node_info()
    assert (node.nodes, node.sockets, node.cores, node.threads) == (2, 1, 10, 2)
    assert (node.cpus, node.mhz, node.memory) == (40, 2195, 68640481280)
    assert (await resources.cpu_map()).present == 40
    assert (await resources.cpu_stats()).utilization == 1
    assert await resources.free_memory() == 68640481280 - 8192 * MIB


async def test_a_guest_with_tools(host: Connection, esx: EsxLab) -> None:
    card = {"present": "TRUE", "networkName": "VM Network", "generatedAddress": "00:0C:29:AA:BB:CC"}
    number = esx.add("web1", **{f"ethernet0.{name}": value for name, value in card.items()})
    vm = await host.domains.get("web1")
    esx.power(number, "poweredOn")
    guest = host.driver.ability(Guest)
    (nic,) = await guest.interface_addresses(vm.key)
    assert nic.mac == "00:0c:29:aa:bb:cc"
    told = [(each.kind, each.address, each.prefix) for each in nic.addresses]
    assert told == [("ipv4", "192.0.2.31", 24), ("ipv6", "fe80::1", 64)]
    assert await guest.guest_hostname(vm.key) == "guest"
    assert [each.mountpoint for each in await guest.filesystems(vm.key)] == ["/"]
    assert (await guest.guest_info(vm.key))["fs.count"] == 1
    with pytest.raises(Unsupported):
        await guest.interface_addresses(vm.key, source=DomainInterfaceAddressesSource.ARP)


async def test_a_guest_that_tells_nothing(host: Connection, vm: Domain, esx: EsxLab) -> None:
    guest = host.driver.ability(Guest)
    with pytest.raises(InvalidState):
        await guest.interface_addresses(vm.key)
    await vm.start()
    with esx.state() as state:
        state.machine("1")["guest"]["tools"] = False
    with pytest.raises(AgentNotReady, match="VMware Tools"):
        await guest.guest_hostname(vm.key)


async def test_figures(host: Connection, vm: Domain) -> None:
    assert (await vm.info()).state is DomainState.SHUTOFF
    (off,) = await host.stats()
    assert off.balloon is None
    await vm.start()
    info = await vm.info()
    assert (info.max_memory, info.memory, info.vcpus) == (64 * MIB, 56 * MIB, 2)
    (on,) = await host.stats([vm])
    assert on.balloon is not None
    assert (on.balloon.current, on.balloon.rss) == (56 * MIB, 652 * MIB)
    assert len(on.vcpus or ()) == 2
    (state,) = await host.stats(groups=StatsGroup.STATE)
    assert state.balloon is None


async def test_figures_of_what_is_gone(host: Connection, vm: Domain) -> None:
    await vm.undefine()
    with pytest.raises(NotFound):
        await host.stats([vm])
    assert await host.stats() == []
