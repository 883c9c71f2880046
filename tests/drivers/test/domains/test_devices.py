"""Devices of domains of the host in memory are plugged in and out."""

from __future__ import annotations

import pytest
from memoryguests import next_of, real_config

from aiovirt.config import Disk, DomainConfig, Interface
from aiovirt.errors import AlreadyExists, NotFound, Unsupported, XMLError
from aiovirt.model.events import DeviceAddedEvent, DeviceRemovedEvent, TrayChangeEvent
from aiovirt.objects import Domain
from aiovirt.testing import TestHost

pytestmark = pytest.mark.anyio


def targets(config: DomainConfig) -> list[str | None]:
    """Return where its disks are."""
    return [disk.target.dev for disk in config.disks]


async def test_live_and_config_are_apart(vm: Domain) -> None:
    await vm.attach(Disk.file("/b.img", target="vdb"), live=True)
    await vm.attach(Disk.file("/c.img", target="vdc"), config=True)
    assert targets(await vm.config()) == ["vda", "vdb"]
    assert targets(await vm.config(inactive=True)) == ["vda", "vdc"]


async def test_both_change_or_none(vm: Domain) -> None:
    await vm.attach(Disk.file("/b.img", target="vdb"), config=True)
    with pytest.raises(AlreadyExists):
        await vm.attach(Disk.file("/b.img", target="vdb"), live=True, config=True)
    assert targets(await vm.config()) == ["vda"]


async def test_plugging_is_told(host: TestHost, vm: Domain) -> None:
    async with host.events() as events:
        await vm.attach(Interface.network("default"))
        added = await next_of(events, DeviceAddedEvent)
        await vm.detach_alias("net1")
        removed = await next_of(events, DeviceRemovedEvent)
    assert isinstance(added, DeviceAddedEvent)
    assert isinstance(removed, DeviceRemovedEvent)
    assert added.alias == removed.alias == "net1"
    assert len((await vm.config()).interfaces) == 1


async def test_a_device_that_looks_like_none(vm: Domain) -> None:
    with pytest.raises(NotFound):
        await vm.detach("<disk type='file'><target dev='vdz'/></disk>")
    with pytest.raises(NotFound):
        await vm.detach("<sound model='ac97'/>")


async def test_a_wrong_device_changes_nothing(vm: Domain) -> None:
    before = await vm.xml()
    with pytest.raises(XMLError):
        await vm.attach("<disk type='file' device='what'><target dev='vdb'/></disk>")
    assert await vm.xml() == before


async def test_a_medium_is_changed_through_the_tray(host: TestHost) -> None:
    vm = await host.domains.create(real_config())
    drive = (await vm.config()).disks[1]
    drive.source.file = "/new.iso"
    async with host.events() as events:
        await vm.update_device(drive)
        opened = await next_of(events, TrayChangeEvent)
    assert isinstance(opened, TrayChangeEvent)
    assert opened.opened
    assert (await vm.config()).disks[1].path == "/new.iso"


async def test_a_disk_that_runs_keeps_its_source(vm: Domain) -> None:
    with pytest.raises(Unsupported):
        await vm.update_device(Disk.file("/other.img"))


async def test_a_link_is_cut(vm: Domain) -> None:
    card = (await vm.config()).interfaces[0]
    card.link = "down"
    await vm.update_device(card)
    assert (await vm.config()).interfaces[0].link == "down"
