"""What hosts tell of themselves: as libvirt does where it does, and of several hosts sums."""

from __future__ import annotations

import pytest
from esxfakes import faked
from esxhosts import opening
from vcsimlab import Simulator
from vcsimlab.fixtures import Check, Reference
from vcsimlab.session import vim
from xmldifferences import differences

from aiovirt.errors import CallerError, ConfigError, NotFound, Unsupported
from aiovirt.model.host import HostCpuMap
from aiovirt.model.mac import MacAddress
from aiovirt.objects import Connection

pytestmark = pytest.mark.anyio


@pytest.mark.real
async def test_the_host_is_as_libvirt_tells(
    vsphere: Simulator, host: Connection, virsh: Reference
) -> None:
    libvirt = virsh(vsphere)
    assert await host.hostname() == libvirt.run("hostname").strip()
    assert differences(libvirt.run("capabilities"), await host.capabilities()) == []
    assert f"Running hypervisor: {await host.version()}" in libvirt.run("version")
    told = dict(line.split(":", 1) for line in libvirt.run("nodeinfo").splitlines() if line)
    info = await host.node_info()
    ours = (info.model, info.cpus, info.mhz, info.sockets, info.cores, info.threads, info.nodes)
    words = [word.strip().removesuffix(" MHz") for word in told.values()]
    assert [str(each) for each in ours] == words[:7]
    assert f"{info.memory // 1024} KiB" == words[7]
    assert libvirt.run("freecell").split()[1] == str(await host.free_memory() // 1024)


@pytest.mark.real
async def test_memory_and_processors_are_those_another_client_sees(
    vsphere: Simulator, host: Connection, check: Check
) -> None:
    session = check(vsphere).session
    name = {"vcenter": "DC0_H0", "esx": "localhost.localdomain"}[vsphere.kind]
    summary = session.of(session.named(vim.HostSystem, name), "summary")["summary"]
    stats = await host.memory_stats()
    used = summary.quickStats.overallMemoryUsage << 20
    assert (stats.total, stats.free) == (
        summary.hardware.memorySize,
        summary.hardware.memorySize - used,
    )
    threads = summary.hardware.numCpuThreads
    assert await host.cpu_map() == HostCpuMap(threads, frozenset(range(threads)))
    mhz = summary.hardware.cpuMhz * summary.hardware.numCpuCores
    usage = (await host.cpu_stats()).utilization
    assert usage == 100 * summary.quickStats.overallCpuUsage // mhz
    assert summary.hardware.model in await host.sysinfo()


@pytest.mark.real
async def test_each_processor_alone_is_not_told(host: Connection) -> None:
    with pytest.raises(ConfigError):
        await host.cpu_stats(cpu=0)
    with pytest.raises(ConfigError):
        await host.memory_stats(cell=0)


@pytest.mark.real
@pytest.mark.parametrize(("path", "hosts"), [("/", 2), ("/DC0", 2), ("/DC0/DC0_C0", 1)])
async def test_several_hosts_are_told_together(vcenter: Simulator, path: str, hosts: int) -> None:
    async with opening(vcenter, "/DC0/DC0_H0") as one, opening(vcenter, path) as all_:
        single, together = await one.node_info(), await all_.node_info()
        assert together.memory == hosts * single.memory
        assert together.cpus == hosts * single.cpus
        assert await all_.free_memory() == hosts * await one.free_memory()
        if hosts == 1:
            assert await all_.hostname() == await one.hostname()
            return
        assert await all_.hostname() == "127.0.0.1"
        with pytest.raises(NotFound) as caught:
            await all_.sysinfo()
    assert "DC0/DC0_C0/DC0_C0_H0" in (caught.value.hint or "")


@pytest.mark.real
async def test_the_path_that_a_hint_names_leads_there(vcenter: Simulator) -> None:
    async with opening(vcenter, "/DC0/DC0_C0/DC0_C0_H0") as host:
        assert "<system>" in await host.sysinfo()


@pytest.mark.real
async def test_what_vmwares_simulator_does_not_tell_is_not_made_up(host: Connection) -> None:
    with pytest.raises(Unsupported, match="does not tell"):
        await host.max_vcpus()
    with pytest.raises(CallerError):
        await host.interfaces.get(MacAddress.parse("00:00:00:00:00:00"))


async def test_processors_of_a_machine() -> None:
    async with faked() as (_, host):
        assert await host.max_vcpus() == await host.max_vcpus(virt_type="vmware") == 32
        with pytest.raises(ConfigError):
            await host.max_vcpus(virt_type="kvm")
        info = await host.node_info()
        assert (info.nodes, info.sockets, info.cores, info.threads, info.cpus) == (2, 1, 8, 2, 32)
        assert await host.is_secure()
        assert await host.driver_type() == "ESX"


# --- interfaces -----------------------------------------------------------------------------------


@pytest.mark.real
async def test_cards_and_own_addresses_are_interfaces(host: Connection) -> None:
    records = await host.interfaces.records()
    assert [each.key.name for each in records] == ["vmk0", "vmnic0", "vmnic1"]
    card = await host.interfaces.get("vmnic1")
    assert await host.interfaces.get(MacAddress.parse(card.mac.upper())) == card
    assert await card.is_active()
    assert (await card.config()).link_speed == 10000
    shared = await host.interfaces.get("vmnic0")
    own = await host.interfaces.get("vmk0")
    assert own.mac == shared.mac
    assert await host.interfaces.get(MacAddress.parse(own.mac)) == shared
    (protocol,) = (await own.config()).protocols
    assert str(protocol.ips[0].address) == "127.0.0.1"
    assert not (await own.config(inactive=True)).protocols[0].ips


async def test_an_own_interface_tells_its_address() -> None:
    async with faked() as (_, host):
        config = await (await host.interfaces.get("vmk0")).config()
        assert (config.mtu, config.protocols[0].dhcp) == (1500, False)
        assert (str(config.protocols[0].ips[0].address), config.protocols[0].ips[0].prefix) == (
            "192.0.2.10",
            24,
        )
        with pytest.raises(NotFound, match="vmk9"):
            await host.interfaces.get("vmk9")
