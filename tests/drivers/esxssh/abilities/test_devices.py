"""Devices of machines of an ESX host by SSH, off and running."""

from __future__ import annotations

from pathlib import Path

import pytest
from esxshell import disks
from esxshell.lab import EsxLab

from aiovirt.errors import (
    AiovirtError,
    AlreadyExists,
    ConfigError,
    InvalidState,
    NotFound,
    RemoteError,
    Unsupported,
)
from aiovirt.model.units import MiB
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]

API = "esx://127.0.0.1/"
MAC = "00:0c:29:aa:bb:cc"
DISK = """<disk type='file' device='disk'><source file='[datastore1] web1/{}.vmdk'/>
<target dev='{}' bus='{}'/></disk>"""
CDROM = """<disk type='file' device='cdrom'>{}<target dev='hdc' bus='ide'/></disk>"""
MEDIUM = "<source file='[datastore1] web1/{}.iso'/>"
CARD = "<interface type='{}'><source {}='{}'/></interface>"
LINK = f"<interface type='bridge'><mac address='{MAC}'/><link state='{{}}'/></interface>"
SETTINGS = {
    "scsi0.present": "TRUE",
    "scsi0.virtualDev": "pvscsi",
    "scsi0:0.present": "TRUE",
    "scsi0:0.fileName": "root.vmdk",
    "ide1:0.present": "TRUE",
    "ide1:0.deviceType": "cdrom-image",
    "ide1:0.fileName": "emptyBackingString",
    "ethernet0.present": "TRUE",
    "ethernet0.networkName": "VM Network",
    "ethernet0.generatedAddress": MAC,
}


def furnished(esx: EsxLab) -> Path:
    """Register a machine with a disk, a drive and a card; its folder."""
    esx.add("web1", **SETTINGS)
    folder = esx.store() / "web1"
    for name in ("root", "data"):
        with esx.state() as state:
            disks.run(state, ["-c", "1M", "-d", "thin", str(folder / f"{name}.vmdk")])
    for name in ("a", "b"):
        (folder / f"{name}.iso").write_bytes(b"")
    return folder


async def test_a_machine_that_is_off(host: Connection, esx: EsxLab) -> None:
    folder = furnished(esx)
    vm = await host.domains.get("web1")
    await vm.attach(DISK.format("data", "sdb", "scsi"))
    found = esx.machine("web1")["settings"]
    assert found["scsi0:1.filename"] == str(folder / "data.vmdk")
    await vm.update_device(CDROM.format(MEDIUM.format("a")))
    assert esx.machine("web1")["settings"]["ide1:0.filename"] == str(folder / "a.iso")
    await vm.attach(CARD.format("network", "network", "Management Network"))
    assert esx.machine("web1")["settings"]["ethernet1.networkname"] == "Management Network"
    await vm.update_device(LINK.format("down"))
    assert esx.machine("web1")["settings"]["ethernet0.startconnected"] == "false"
    disk = """<disk type='volume'><source pool='datastore1' volume='web1/data.vmdk'/>
    <target dev='sdb' bus='scsi'/></disk>"""
    await vm.detach(disk)
    assert "scsi0:1.present" not in esx.machine("web1")["settings"]
    assert (folder / "data.vmdk").exists()
    await vm.attach(disk)
    await vm.block_resize("sdb", MiB(3))
    sizes = await vm.block_info("sdb")
    assert (sizes.capacity, sizes.physical) == (MiB(3), MiB(3))
    again = esx.machine("web1")["settings"]
    assert {key: again[key] for key in found if key.startswith("scsi")}.items() <= found.items()


async def test_what_is_refused_of_a_machine_that_is_off(host: Connection, esx: EsxLab) -> None:
    vmx = furnished(esx) / "machine.vmx"
    vm, before = await host.domains.get("web1"), vmx.read_bytes()
    wrong: list[tuple[str, type[AiovirtError], str]] = [
        (DISK.format("gone", "sdb", "scsi"), NotFound, "vol-create-as"),
        (CDROM.format(MEDIUM.format("gone")), NotFound, "vol-list"),
        (CARD.format("bridge", "bridge", "Nowhere"), NotFound, "VM Network"),
        (DISK.format("data", "sda", "scsi"), AlreadyExists, ""),
        ("<controller type='scsi' index='1'/>", ConfigError, "first disk"),
    ]
    for device, error, hint in wrong:
        with pytest.raises(error) as caught:
            await vm.attach(device)
        assert hint in (caught.value.hint or "")
    with pytest.raises(InvalidState, match="does not run"):
        await vm.attach(DISK.format("data", "sdb", "scsi"), live=True)
    with pytest.raises(NotFound):
        await vm.detach(DISK.format("data", "sdb", "scsi"))
    with pytest.raises(NotFound, match="'hdc'"):
        await vm.block_info("hdc")
    with pytest.raises(ConfigError, match="shrink"):
        await vm.block_resize("sda", 512)
    esx.snapshot("1", "before")
    with pytest.raises(InvalidState, match="has snapshots"):
        await vm.block_resize("sda", MiB(3))
    assert vmx.read_bytes() == before


async def test_disks_of_a_machine_that_runs(host: Connection, esx: EsxLab) -> None:
    folder = furnished(esx)
    vm, disk = await host.domains.get("web1"), DISK.format("data", "sdb", "scsi")
    await vm.start()
    await vm.attach(disk, live=True, config=True)
    assert [each.target.dev for each in (await vm.config()).disks] == ["sda", "sdb", "hdc"]
    with pytest.raises(AlreadyExists, match="'sdb'"):
        await vm.attach(disk)
    assert f"vim-cmd vmsvc/device.diskaddexisting 1 {folder / 'data.vmdk'} 0 1" in esx.journal
    await vm.detach(disk)
    assert "vim-cmd vmsvc/device.diskremove 1 0 1 false" in esx.journal
    assert (folder / "data.vmdk").exists()
    assert [each.target.dev for each in (await vm.config()).disks] == ["sda", "hdc"]


async def test_what_is_connected_while_a_machine_runs(host: Connection, esx: EsxLab) -> None:
    furnished(esx)
    vm = await host.domains.get("web1")
    await vm.update_device(CDROM.format(MEDIUM.format("a")))
    await vm.start()
    await vm.update_device(CDROM.format(""))
    await vm.update_device(LINK.format("down"))
    now, later = await vm.config(), await vm.config(inactive=True)
    assert [each.source.file for each in now.disks][1:] == [None]
    assert [each.source.file for each in later.disks][1:] == ["[datastore1] web1/a.iso"]
    assert [each.interfaces[0].link for each in (now, later)] == ["down", None]
    await vm.update_device(CDROM.format(MEDIUM.format("a")))
    assert (await vm.config()).disks[1].path == "[datastore1] web1/a.iso"
    with esx.state() as state:
        state.machine("1")["guest"]["locked"] = "ide1:0"
    with pytest.raises(RemoteError, match="Cannot disconnect"):
        await vm.update_device(CDROM.format(""))


async def test_what_is_refused_of_a_machine_that_runs(host: Connection, esx: EsxLab) -> None:
    vmx = furnished(esx) / "machine.vmx"
    vm, before = await host.domains.get("web1"), vmx.read_bytes()
    await vm.start()
    attached = (
        DISK.format("data", "sdb", "sata"),
        DISK.format("data", "sdp", "scsi"),
        CARD.format("bridge", "bridge", "VM Network"),
        DISK.format("data", "sdb", "scsi").replace("<target", "<transient/><target"),
    )
    for device in attached:
        with pytest.raises(Unsupported, match="no command for it") as caught:
            await vm.attach(device)
        assert API in (caught.value.hint or "")
    other = LINK.format("up").replace("<link", "<source bridge='Management Network'/><link")
    for device in (CDROM.format(MEDIUM.format("b")), other):
        with pytest.raises(Unsupported, match="no command for it") as caught:
            await vm.update_device(device)
        assert API in (caught.value.hint or "")
    with pytest.raises(Unsupported, match="taking away this interface"):
        await vm.detach(LINK.format("up"))
    with pytest.raises(Unsupported, match="only the configuration"):
        await vm.attach(DISK.format("data", "sdb", "scsi"), config=True)
    with pytest.raises(InvalidState, match="larger disk"):
        await vm.block_resize("sda", MiB(3))
    with pytest.raises(Unsupported, match="keeping"):
        await vm.update_device(LINK.format("down"), live=True, config=True)
    assert vmx.read_bytes() == before
