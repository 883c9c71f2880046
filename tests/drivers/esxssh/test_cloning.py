"""Copies of machines of an ESX host by SSH."""

from __future__ import annotations

import os
from uuid import UUID

import anyio
import pytest
from esxshell.lab import EsxLab
from esxshell.state import read_vmx
from guests import poll

from aiovirt.drivers.common.vmx import Vmx
from aiovirt.drivers.esxssh.cloning import become, disks_of
from aiovirt.errors import AlreadyExists, ConfigError, InvalidState, NotFound, Unsupported
from aiovirt.interfaces import Inventory
from aiovirt.objects import Connection

pytestmark = pytest.mark.anyio

VMX = """\
displayName = "one"
uuid.bios = "56 4d 00 00 00 00 00 00-00 00 00 00 00 00 00 01"
uuid.location = "56 4d"
scsi0:0.present = "TRUE"
scsi0:0.deviceType = "scsi-hardDisk"
scsi0:0.fileName = "one.vmdk"
sata0:1.present = "TRUE"
sata0:1.fileName = "/vmfs/volumes/x/two.vmdk"
ide0:0.present = "TRUE"
ide0:0.deviceType = "cdrom-image"
ide0:0.fileName = "/vmfs/volumes/x/dvd.iso"
scsi0:1.present = "FALSE"
scsi0:1.fileName = "gone.vmdk"
ethernet0.addressType = "static"
ethernet0.address = "00:50:56:00:00:01"
nvram = "one.nvram"
guestOS = "debian10-64"
"""


def test_the_disks_of_a_file() -> None:
    assert disks_of(Vmx.parse(VMX)) == {
        "scsi0:0": "one.vmdk",
        "sata0:1": "/vmfs/volumes/x/two.vmdk",
    }


def test_what_is_a_machines_own_is_not_copied() -> None:
    vmx = Vmx.parse(VMX)
    uuid = UUID("564d1234-5678-9abc-def0-123456789abc")
    become(vmx, "two", uuid, {"scsi0:0": "two.vmdk"})
    assert vmx.get("uuid.bios") == "56 4d 12 34 56 78 9a bc-de f0 12 34 56 78 9a bc"
    assert (vmx.get("displayName"), vmx.get("nvram")) == ("two", "two.nvram")
    assert vmx.get("scsi0:0.fileName") == "two.vmdk"
    assert "uuid.location" not in vmx
    assert "ethernet0.address" not in vmx
    assert vmx.get("ethernet0.addressType") == "generated"
    assert vmx.get("guestOS") == "debian10-64"


async def driver(host: Connection, esx: EsxLab) -> Inventory:
    """Return what copies machines of a host with one that has a disk."""
    folder = esx.store() / "one"
    disk = {"present": "TRUE", "fileName": "a b.vmdk"}
    esx.add("one", **{f"scsi0:0.{name}": value for name, value in disk.items()})
    (folder / "a b.vmdk").write_text('RW 2 VMFS "a b-flat.vmdk"\nddb.adapterType = "lsilogic"\n')
    (folder / "a b-flat.vmdk").write_bytes(os.urandom(1024))
    return host.driver.ability(Inventory)


@pytest.mark.real
async def test_a_copy(host: Connection, esx: EsxLab) -> None:
    copier = await driver(host, esx)
    one = await host.domains.get("one")
    key = await copier.clone(one.key, "two & 'more'")
    two = await host.domains.get(key.uuid)
    folder = esx.store() / "two & 'more'"
    settings = read_vmx(folder / "two & 'more'.vmx")
    assert two.uuid != one.uuid
    assert settings["scsi0:0.filename"] == "two & 'more'.vmdk"
    copied = (folder / "two & 'more'-flat.vmdk").read_bytes()
    assert copied == (esx.store() / "one" / "a b-flat.vmdk").read_bytes()
    await two.start()


@pytest.mark.real
async def test_what_cannot_be_copied(host: Connection, esx: EsxLab) -> None:
    copier = await driver(host, esx)
    one = await host.domains.get("one")
    for name, error in (("one", AlreadyExists), ("..", ConfigError)):
        with pytest.raises(error):
            await copier.clone(one.key, name)
    await one.start()
    with pytest.raises(InvalidState, match="cannot be copied"):
        await copier.clone(one.key, "two")


@pytest.mark.real
async def test_a_copy_that_fails_leaves_nothing(host: Connection, esx: EsxLab) -> None:
    copier = await driver(host, esx)
    one = await host.domains.get("one")
    (esx.store() / "one" / "a b.vmdk").unlink()
    with pytest.raises(NotFound, match="copy the disk"):
        await copier.clone(one.key, "two")
    assert not (esx.store() / "two").exists()


@pytest.mark.real
async def test_a_copy_that_is_cancelled_leaves_nothing(host: Connection, esx: EsxLab) -> None:
    copier = await driver(host, esx)
    one = await host.domains.get("one")
    with esx.hold("vmkfstools"):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(copier.clone, one.key, "two")
            await poll((esx.folder / "holding").exists)
            tasks.cancel_scope.cancel()
    assert not (esx.store() / "two").exists()
    assert await host.domains.list() == [one]


@pytest.mark.real
async def test_a_copy_in_another_datastore(host: Connection, esx: EsxLab) -> None:
    copier = await driver(host, esx)
    one = await host.domains.get("one")
    await copier.clone(one.key, "two", datastore="nfs store")
    assert (esx.store("nfs store") / "two" / "two-flat.vmdk").exists()
    with pytest.raises(Unsupported):
        await copier.clone(one.key, "three", linked=True)


@pytest.mark.real
async def test_a_machine_goes_with_its_files(host: Connection, esx: EsxLab) -> None:
    copier = await driver(host, esx)
    one = await host.domains.get("one")
    assert not await copier.is_template(one.key)
    await one.start()
    with pytest.raises(InvalidState):
        await copier.delete(one.key)
    await one.destroy()
    await copier.delete(one.key)
    assert not (esx.store() / "one").exists()
    assert await host.domains.list() == []
