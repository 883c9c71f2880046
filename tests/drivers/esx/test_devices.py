"""Devices of machines, plugged in and out, as another client sees them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from esxhosts import opening
from vcsimlab import Checker, Simulator
from vcsimlab.session import vim

from aiovirt.config import Disk
from aiovirt.errors import AlreadyExists, CallerError, ConfigError, NotFound, Unsupported
from aiovirt.model.params import plain
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]

Check = Callable[[Simulator], Checker]

MAC = "00:50:56:00:00:07"
CARD = """<interface type='bridge'><mac address='{mac}'/><source bridge='{network}'/>
<model type='{model}'/><link state='{link}'/></interface>"""
CDROM = """<disk type='file' device='cdrom'>{source}<target dev='hdb' bus='ide'/></disk>"""
VOLUME = "<volume><name>{name}</name><capacity unit='MiB'>8</capacity></volume>"


def card(
    mac: str = MAC, network: str = "VM Network", model: str = "e1000", link: str = "up"
) -> str:
    return CARD.format(mac=mac, network=network, model=model, link=link)


async def new_disk(host: Connection, path: str, target: str) -> str:
    """Make a volume, and return the document of a disk in it."""
    pool = await host.pools.get("LocalDS_0")
    await pool.create_volume(VOLUME.format(name=path))
    return (
        f"<disk type='file' device='disk'><source file='[LocalDS_0] {path}'/>"
        f"<target dev='{target}'/></disk>"
    )


async def test_a_disk(vsphere: Simulator, host: Connection, name: str, check: Check) -> None:
    vm = await host.domains.get(name)
    before = check(vsphere).machine(name)
    document = await new_disk(host, "more/data.vmdk", "sdd")
    await vm.attach(document)
    found = check(vsphere).machine(name)
    (new,) = set(found.disks) - set(before.disks)
    assert (new.backing, new.unit) == ("[LocalDS_0] more/data.vmdk", 3)
    assert "sdd" in {each.target.dev for each in (await vm.config()).disks}
    with pytest.raises(AlreadyExists, match="'sdd'"):
        await vm.attach(document)
    await vm.detach("<disk type='file' device='disk'><target dev='sdd'/></disk>")
    assert check(vsphere).machine(name).disks == before.disks
    assert "data.vmdk" in check(vsphere).files("more", "LocalDS_0")


async def test_a_controller_comes_with_its_first_disk(
    vsphere: Simulator, host: Connection, name: str, check: Check
) -> None:
    vm = await host.domains.get(name)
    await vm.attach(await new_disk(host, "more/data.vmdk", "sdq"))
    found = check(vsphere).machine(name)
    disk = next(each for each in found.disks if each.backing == "[LocalDS_0] more/data.vmdk")
    kinds = {each.key: each.kind for each in found.devices}
    assert kinds[disk.controller or 0] in {"VirtualLsiLogicController", "ParaVirtualSCSIController"}


async def test_a_card(vsphere: Simulator, host: Connection, name: str, check: Check) -> None:
    vm = await host.domains.get(name)
    await vm.attach(card())
    (found,) = [each for each in check(vsphere).machine(name).nics if each.mac == MAC]
    assert (found.kind, found.backing) == ("VirtualE1000", "VM Network")
    with pytest.raises(AlreadyExists, match=MAC):
        await vm.attach(card())
    await vm.update_device(card(link="down"))
    (device,) = [
        each
        for each in check(vsphere).target(name).config.hardware.device
        if getattr(each, "macAddress", None) == MAC
    ]
    assert not device.connectable.connected
    await vm.detach(f"<interface type='bridge'><mac address='{MAC}'/></interface>")
    assert MAC not in {each.mac for each in check(vsphere).machine(name).nics}


async def test_a_card_at_a_distributed_port_group(vcenter: Simulator, check: Check) -> None:
    async with opening(vcenter) as host:
        vm = await host.domains.get("DC0_H0_VM0")
        await vm.attach(card(network="DC0_DVPG0", model="vmxnet3"))
    checker = check(vcenter)
    (found,) = [each for each in checker.machine("DC0_H0_VM0").nics if each.mac == MAC]
    group = checker.session.named(vim.dvs.DistributedVirtualPortgroup, "DC0_DVPG0")
    assert (found.kind, found.backing) == ("VirtualVmxnet3", group.key)


async def test_a_network_that_is_not_there(host: Connection, name: str) -> None:
    vm = await host.domains.get(name)
    with pytest.raises(NotFound, match="'Nowhere'") as caught:
        await vm.attach(card(network="Nowhere"))
    assert "VM Network" in (caught.value.hint or "")


async def test_media(vsphere: Simulator, host: Connection, name: str, check: Check) -> None:
    vm = await host.domains.get(name)
    await vm.attach(CDROM.format(source=""))
    await vm.update_device(CDROM.format(source="<source file='[LocalDS_0] iso/a.iso'/>"))
    (drive,) = check(vsphere).machine(name).of_kind("VirtualCdrom")[-1:]
    assert drive.backing == "[LocalDS_0] iso/a.iso"
    await vm.update_device(CDROM.format(source=""))
    (drive,) = check(vsphere).machine(name).of_kind("VirtualCdrom")[-1:]
    assert not drive.backing
    with pytest.raises(NotFound):
        await vm.update_device(CDROM.format(source="").replace("hdb", "hdd"))


async def test_a_serial_port(vsphere: Simulator, host: Connection, name: str, check: Check) -> None:
    vm = await host.domains.get(name)
    await vm.attach(
        "<serial type='tcp'><source mode='connect' host='log.example' service='13370'/>"
        "<protocol type='telnet'/></serial>"
    )
    ports = check(vsphere).target(name).config.hardware.device
    (found,) = [each.backing for each in ports if hasattr(each.backing, "serviceURI")]
    assert (found.serviceURI, found.direction) == ("telnet://log.example:13370", "client")


async def test_what_is_refused(host: Connection, name: str) -> None:
    vm = await host.domains.get(name)
    with pytest.raises(Unsupported, match="host's device"):
        await vm.attach(
            "<disk type='block' device='lun'><source dev='naa.6'/><target dev='sdc'/></disk>"
        )
    with pytest.raises(ConfigError, match=r"\.vmdk") as caught:
        await vm.attach(Disk.file("/data.qcow2", target="sdc", bus="scsi"))
    with pytest.raises(ConfigError, match="'virtio'"):
        await vm.attach(Disk.file("/data.vmdk", target="vdc"))
    assert "vol-create" in (caught.value.hint or "")
    with pytest.raises(ConfigError, match="model"):
        await vm.attach(card(model="virtio"))
    with pytest.raises(ConfigError, match="sound"):
        await vm.attach("<sound model='ac97'/>")
    with pytest.raises(Unsupported, match="only the configuration"):
        await vm.attach(card(), config=True)


async def test_a_disk_grows(vsphere: Simulator, host: Connection, name: str, check: Check) -> None:
    vm = await host.domains.get(name)
    await vm.attach(await new_disk(host, "more/data.vmdk", "sdd"))
    info = await vm.block_info("sdd")
    await vm.block_resize("sdd", info.capacity + (16 << 20))
    grown = {each.backing: each.capacity_kib for each in check(vsphere).machine(name).disks}
    assert grown["[LocalDS_0] more/data.vmdk"] == (info.capacity + (16 << 20)) >> 10
    assert (await vm.block_info("[LocalDS_0] more/data.vmdk")).capacity == info.capacity + (
        16 << 20
    )
    with pytest.raises(Unsupported, match="smaller"):
        await vm.block_resize("sdd", 4 << 20)
    with pytest.raises(NotFound, match="'sdx'"):
        await vm.block_resize("sdx", 64 << 20)


async def test_a_disk_is_limited(
    vsphere: Simulator, host: Connection, name: str, check: Check
) -> None:
    vm = await host.domains.get(name)
    disk = (await vm.config()).disks[0].target.dev or ""
    await vm.set_io_tune(disk, {"total_iops_sec": 500})
    assert plain((await vm.io_tune(disk))["total_iops_sec"]) == 500
    limits = [
        each.storageIOAllocation.limit
        for each in check(vsphere).target(name).config.hardware.device
        if getattr(each, "storageIOAllocation", None)
    ]
    assert limits == [500]
    await vm.set_io_tune(disk, {"total_iops_sec": 0})
    assert plain((await vm.io_tune(disk))["total_iops_sec"]) == 0
    with pytest.raises(CallerError, match="read_bytes_sec"):
        await vm.set_io_tune(disk, {"read_bytes_sec": 500})
