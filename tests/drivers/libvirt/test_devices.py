"""Devices of a real libvirtd's guests: plugged in, pulled out, changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from diskguests import MAC, disk_guest, virsh
from labsamples import disk
from libvirtlab import Lab

from aiovirt.config import Disk
from aiovirt.errors import AiovirtError, ConfigError, InvalidState, NotFound
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def targets(vm: Domain, *, inactive: bool = False) -> list[str | None]:
    return [drive.target.dev for drive in (await vm.config(inactive=inactive)).disks]


async def test_a_disk_comes_and_goes(host: Connection, lab: Lab, tmp_path: Path) -> None:
    image = disk(tmp_path / "more.qcow2", size="1M")
    drive = Disk.file(image, target="sdb", bus="scsi")
    async with disk_guest(host, tmp_path, "dev1") as vm:
        await vm.attach(drive, live=True, config=True)
        assert await targets(vm) == ["vda", "sda", "sdb"]
        assert await targets(vm, inactive=True) == ["vda", "sda", "sdb"]
        assert "sdb" in await virsh(lab, "domblklist", "dev1")
        with pytest.raises(AiovirtError):
            await vm.attach(drive, live=True)
        await vm.detach(drive, config=True)
        assert await targets(vm, inactive=True) == ["vda", "sda"]
        assert await targets(vm) == ["vda", "sda", "sdb"]


async def test_neither_flag_is_what_is_now(host: Connection, tmp_path: Path) -> None:
    image = disk(tmp_path / "more.qcow2", size="1M")
    async with disk_guest(host, tmp_path, "dev2") as vm:
        await vm.attach(Disk.file(image, target="sdb", bus="scsi").to_xml())
        assert await targets(vm, inactive=True) == ["vda", "sda"]
        await vm.destroy()
        assert await targets(vm) == ["vda", "sda"]
        with pytest.raises(InvalidState):
            await vm.attach(Disk.file(image, target="sdb", bus="scsi"), live=True)


async def test_a_medium_is_changed(host: Connection, tmp_path: Path) -> None:
    image = disk(tmp_path / "cd.iso", size="1M", format_="raw")
    async with disk_guest(host, tmp_path, "dev3") as vm:
        await vm.update_device(Disk.cdrom(image, bus="scsi"), live=True)
        assert (await vm.config()).disks[1].path == str(image)
        await vm.update_device(Disk.cdrom(bus="scsi"), live=True, force=True)
        assert (await vm.config()).disks[1].path is None


async def test_a_link_is_cut(host: Connection, lab: Lab, tmp_path: Path) -> None:
    async with disk_guest(host, tmp_path, "dev4") as vm:
        (interface,) = (await vm.config()).interfaces
        interface.link = "down"
        await vm.update_device(interface)
        assert await virsh(lab, "domif-getlink", "dev4", MAC) == f"{MAC} down"


async def test_what_is_wrong_is_refused(host: Connection, tmp_path: Path) -> None:
    async with disk_guest(host, tmp_path, "dev6") as vm:
        with pytest.raises(NotFound):
            await vm.detach(Disk.file(tmp_path / "no.qcow2", target="sdz", bus="scsi"))
        with pytest.raises(ConfigError):
            await vm.attach("<disk")
