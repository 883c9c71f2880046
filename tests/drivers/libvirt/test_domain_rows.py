"""What is told of a real libvirtd's domains, as libvirt itself tells it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from labsamples import container_xml, disk, guest_xml
from libvirtlab import Lab, run_virsh

import aiovirt
from aiovirt.config import DomainConfig
from aiovirt.errors import (
    AiovirtError,
    CallerError,
    ConfigError,
    InvalidState,
    NotFound,
    Unsupported,
)
from aiovirt.interfaces import Definition, Legacy, Statistics
from aiovirt.model.constants import (
    ConnectGetAllDomainStatsFlags,
    ConnectListAllDomainsFlags,
    DomainXMLFlags,
)
from aiovirt.model.domain import Control, DomainState
from aiovirt.model.statistics import StatsGroup
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]

NETWORK_CARD = (
    "<interface type='bridge'><mac address='52:54:00:00:00:07'/><source bridge='lab0'/>"
    "<target dev='dm0'/><model type='virtio'/></interface>"
)
BALLOON = "<memballoon model='virtio'/>"


async def virsh(lab: Lab, *args: str, driver: str = "qemu:///system") -> str:
    """Return what the real virsh prints."""
    told = await anyio.to_thread.run_sync(lambda: run_virsh(lab, *args, driver=driver))
    return told.strip()


@asynccontextmanager
async def guest(
    host: Connection, *disks: Path, name: str = "dm1", devices: str = "", running: bool = True
) -> AsyncIterator[Domain]:
    """A guest, standing still when it runs, gone at the end."""
    vm = await host.domains.define(guest_xml(name, disks=disks, devices=devices))
    if running:
        await vm.start(paused=True)
    try:
        yield vm
    finally:
        with anyio.CancelScope(shield=True):
            if await vm.is_active():
                await vm.destroy()
            await vm.undefine()


@pytest.fixture
async def container_host(lab: Lab) -> AsyncIterator[Connection]:
    """Return LXC's driver of the lab."""
    async with aiovirt.open(lab.uri("unix", "lxc:///system")) as host:
        yield host


# --- definitions --------------------------------------------------------------------------------


async def test_what_is_known_without_asking_the_guest(host: Connection) -> None:
    async with guest(host) as vm:
        assert await vm.is_active()
        assert await vm.is_persistent()
        assert not await vm.is_updated()
        assert not await vm.autostart()
        await vm.set_autostart()
        assert await vm.autostart()
        assert await vm.os_type() == "hvm"
        assert (await vm.state()).state is DomainState.PAUSED
        assert (await vm.control_info()).control is Control.OK


async def test_a_new_name(host: Connection, lab: Lab) -> None:
    async with guest(host, running=False) as vm:
        await vm.rename("dm2")
        assert vm.name == "dm2"
        assert await virsh(lab, "domname", str(vm.uuid)) == "dm2"
        with pytest.raises(NotFound, match="dm1") as caught:
            await host.domains.get("dm1")
        assert caught.value.hint == "did you mean 'dm2'?"


async def test_title_description_and_metadata(host: Connection, lab: Lab) -> None:
    uri = "http://example.org/owner"
    async with guest(host, running=False) as vm:
        assert await vm.title() is None
        await vm.set_title("The first")
        await vm.set_description("A guest\nwith two lines")
        await vm.set_metadata(uri, "<who>me</who>", key="own")
        assert await virsh(lab, "desc", "dm1", "--title") == "The first"
        assert await vm.description() == "A guest\nwith two lines"
        assert (await vm.metadata(uri)).strip() == "<who>me</who>"
        await vm.set_metadata(uri, None)
        with pytest.raises(NotFound):
            await vm.metadata(uri)
        with pytest.raises(CallerError, match="newlines"):
            await vm.set_title("two\nlines")


async def test_domains_by_flags(host: Connection) -> None:
    flags = ConnectListAllDomainsFlags
    async with guest(host) as vm, guest(host, name="dm2", running=False):
        definition = host.driver.ability(Definition)
        assert await definition.keys(flags=flags.PAUSED) == [vm.key]
        assert [key.name for key in await definition.keys(active=False)] == ["dm2"]
        assert len(await definition.keys(flags=flags.NO_AUTOSTART | flags.NO_SNAPSHOT)) == 2


async def test_a_migratable_configuration(host: Connection) -> None:
    async with guest(host) as vm:
        definition = host.driver.ability(Definition)
        config = await definition.config(vm.key, flags=DomainXMLFlags.MIGRATABLE)
        assert (config.name, config.id) == ("dm1", None)
        assert (await vm.config()).id is not None


async def test_native_forms(host: Connection, container_host: Connection) -> None:
    config = DomainConfig.parse(guest_xml("dm3"))
    assert "-name guest=dm3" in await host.to_native("qemu-argv", config)
    found = await container_host.from_native("lxc-tools", "lxc.uts.name = box\nlxc.rootfs.path = /")
    assert (found.name, found.type) == ("box", "lxc")
    with pytest.raises(AiovirtError):
        await host.from_native("nosuch", "")


async def test_what_a_newer_libvirt_has_says_which_this_is(host: Connection) -> None:
    async with guest(host, running=False) as vm:
        with pytest.raises(Unsupported, match=r"9\.0\.0"):
            await vm.set_autostart(once=True)
        with pytest.raises(Unsupported):
            await host.driver.ability(Definition).autostart_once(vm.key)


async def test_files_for_a_container(container_host: Connection) -> None:
    reader, writer = os.pipe()
    try:
        vm = await container_host.domains.create(container_xml("dmc1"), files=[reader])
        assert await vm.is_active()
        await vm.destroy()
        vm = await container_host.domains.define(container_xml("dmc1"))
        await vm.start(files=[reader])
        assert await vm.is_active()
        await vm.destroy()
        await vm.undefine()
    finally:
        os.close(reader)
        os.close(writer)


async def test_files_for_a_disk(host: Connection, tmp_path: Path) -> None:
    image = disk(tmp_path / "fd.raw", format_="raw", size="1M")
    xml = (
        "<disk type='file'><driver type='raw'/>"
        f"<source file='{image}' fdgroup='mine'/><target dev='vda' bus='virtio'/></disk>"
    )
    vm = await host.domains.define(guest_xml("dm1", devices=xml))
    descriptor = os.open(image, os.O_RDWR)
    try:
        await vm.associate_files("mine", [descriptor])
        await vm.start(paused=True)
        assert await vm.is_active()
        await vm.destroy()
    finally:
        os.close(descriptor)
        await vm.undefine()


# --- life ---------------------------------------------------------------------------------------


async def test_actions_and_interrupts(host: Connection) -> None:
    async with guest(host) as vm:
        await vm.inject_nmi()
        await vm.set_lifecycle_action("poweroff", "restart", live=True)
        assert "<on_poweroff>restart</on_poweroff>" in await vm.xml()
        with pytest.raises(AiovirtError):
            await vm.set_lifecycle_action("poweroff", "coredump-destroy", live=True)


async def test_keys(host: Connection) -> None:
    async with guest(host) as vm:
        await vm.send_key("KEY_LEFTCTRL", "key_delete", 28)
        await vm.send_key(42, codeset="xt")
        with pytest.raises(ConfigError, match="KEY_ENTR") as caught:
            await vm.send_key("KEY_ENTR")
        assert "KEY_ENTER" in (caught.value.hint or "")
        with pytest.raises(ConfigError, match="numbers"):
            await vm.send_key("KEY_ENTER", codeset="usb")


# --- figures ------------------------------------------------------------------------------------


async def test_statistics_are_those_of_virsh(host: Connection, lab: Lab, tmp_path: Path) -> None:
    devices = NETWORK_CARD + BALLOON
    async with guest(host, disk(tmp_path / "a.qcow2"), devices=devices) as vm:
        (stats,) = await host.stats([vm])
        told = (await virsh(lab, "domstats", "dm1")).splitlines()[1:]
        assert [line.strip().partition("=")[0] for line in told] == list(stats.figures)
        assert (stats.key, stats.id) == (vm.key, (await vm.record()).id)
        assert stats.reason is await vm.state()


async def test_typed_groups(host: Connection, tmp_path: Path) -> None:
    devices = NETWORK_CARD + BALLOON
    async with guest(host, disk(tmp_path / "a.qcow2"), devices=devices) as vm:
        stats = await vm.stats()
        assert stats.balloon is not None
        assert stats.balloon.maximum == 64 << 20
        assert stats.interfaces is not None
        assert [card.name for card in stats.interfaces] == ["dm0"]
        assert stats.blocks is not None
        assert [(one.name, one.path) for one in stats.blocks] == [
            ("vda", str(tmp_path / "a.qcow2"))
        ]
        assert stats.vcpus is not None
        assert [vcpu.index for vcpu in stats.vcpus] == [0]


async def test_groups_and_filters(host: Connection) -> None:
    flags = ConnectGetAllDomainStatsFlags
    async with guest(host) as vm, guest(host, name="dm2", running=False) as off:
        one, two = await host.stats([off, vm], groups=StatsGroup.BALLOON)
        assert (one.key, two.key, one.state) == (off.key, vm.key, DomainState.SHUTOFF)
        assert (two.cpu, two.vcpus, two.blocks) == (None, None, None)
        (active,) = await host.stats(flags=flags.ACTIVE | flags.NOWAIT | flags.ENFORCE_STATS)
        assert active.key == vm.key
        assert await host.stats([]) == []
    with pytest.raises(NotFound, match="dm1"):
        await host.stats([vm])


async def test_memory(host: Connection, lab: Lab) -> None:
    async with guest(host, devices=BALLOON) as vm:
        memory = await vm.memory_stats()
        told = dict(line.split() for line in (await virsh(lab, "dommemstat", "dm1")).splitlines())
        assert memory.current == int(told["actual"]) * 1024
        assert memory.rss is not None
        assert memory.maximum is None


async def test_disks_and_interfaces(host: Connection, lab: Lab, tmp_path: Path) -> None:
    async with guest(host, disk(tmp_path / "a.qcow2"), devices=NETWORK_CARD) as vm:
        counted = await vm.block_stats("vda")
        told = (await virsh(lab, "domblkstat", "dm1", "vda")).splitlines()
        assert len(told) == len(counted)
        assert await vm.block_stats() == counted
        old = await host.driver.ability(Legacy).block_stats(vm.key, "vda")
        assert (old.rd_req, old.errs) == (counted["rd_operations"], -1)
        counters = await vm.interface_stats("dm0")
        assert counters == await vm.interface_stats("52:54:00:00:00:07")
        assert counters.tx_packets == 0
        with pytest.raises(AiovirtError):
            await vm.block_stats("vdz")


async def test_processors_of_the_host(host: Connection) -> None:
    async with guest(host) as vm:
        (total,) = await vm.cpu_stats(start=-1)
        assert int(str(total["cpu_time"])) > 0
        each = await vm.cpu_stats()
        assert len(each) == os.cpu_count()
        assert all("cpu_time" in cpu for cpu in each)
        assert len(await vm.cpu_stats(start=1, count=1)) == 1
        await vm.destroy()
        with pytest.raises(InvalidState):
            await vm.cpu_stats()


# --- the first forms ----------------------------------------------------------------------------


async def test_the_first_forms(host: Connection, lab: Lab, tmp_path: Path) -> None:
    legacy = host.driver.ability(Legacy)
    key = await legacy.define(DomainConfig.parse(guest_xml("dm1")))
    assert await legacy.count_inactive() == 1
    assert await legacy.inactive_names() == ["dm1"]
    await legacy.start(key)
    assert await legacy.count_active() == 1
    assert await legacy.active_ids() == [int(await virsh(lab, "domid", "dm1"))]
    image = disk(tmp_path / "b.qcow2")
    xml = (
        f"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{image}'/>"
        "<target dev='sda' bus='usb'/></disk>"
    )
    await legacy.attach_device(key, xml)
    await legacy.detach_device(key, xml)
    await legacy.shutdown(key)
    await legacy.destroy(key)
    await legacy.undefine(key)
    assert await legacy.count_inactive() == 0


async def test_statistics_by_the_ability(host: Connection) -> None:
    async with guest(host) as vm:
        info = await host.driver.ability(Statistics).info(vm.key)
        assert info.state is DomainState.PAUSED
