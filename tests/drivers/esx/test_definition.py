"""Machines by their definitions: made, changed, named and removed, as another client sees it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from esxhosts import opening
from vcsimlab import Checker, Simulator

from aiovirt.config import DomainConfig, Interface, Sound
from aiovirt.errors import AlreadyExists, ConfigError, InvalidState, NotFound, Unsupported
from aiovirt.model.units import MiB
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]

Check = Callable[[Simulator], Checker]

VMX = """\
.encoding = "UTF-8"
config.version = "8"
virtualHW.version = "13"
displayName = "ha-host_VM0"
uuid.bios = "b0 3b 24 de 84 7f 5b 0d-85 f4 22 1b 30 00 38 a8"
memsize = "256"
numvcpus = "2"
scsi0.present = "true"
scsi0.virtualDev = "lsilogic"
scsi0:0.present = "true"
scsi0:0.deviceType = "scsi-hardDisk"
scsi0:0.fileName = "disk1.vmdk"
guestOS = "other-64"
"""


def bare(name: str = "web1") -> DomainConfig:
    """Return a machine without devices."""
    config = DomainConfig(type="vmware", name=name, memory=MiB(64), vcpus=2)
    config.os.type, config.os.arch = "hvm", "x86_64"
    config.description = "two\nlines"
    return config


def with_disk(path: str) -> DomainConfig:
    """Return a machine with a disk."""
    disk = f"<disk type='file'><source file='{path}'/><target dev='sda' bus='scsi'/></disk>"
    xml = bare().to_xml().replace("</domain>", f"<devices>{disk}</devices></domain>")
    return DomainConfig.parse(xml)


async def test_a_machine_without_disks_is_made_by_the_host(
    vsphere: Simulator, host: Connection, check: Check
) -> None:
    vm = await host.domains.define(bare())
    machine = check(vsphere).machine("web1")
    assert (machine.uuid, machine.cpus, machine.memory_mib) == (str(vm.uuid), 2, 64)
    assert (machine.notes, machine.power) == ("two\nlines", "poweredOff")
    assert machine.vmx == "[LocalDS_0] web1/web1.vmx"


async def test_its_xml_says_what_was_defined(host: Connection) -> None:
    vm = await host.domains.define(bare())
    config = await vm.config()
    assert (config.name, config.uuid, config.description) == ("web1", vm.uuid, "two\nlines")
    assert (config.memory, config.vcpus, config.id) == (MiB(64), 2, None)


async def test_defining_anew_changes_what_is_other(
    vsphere: Simulator, host: Connection, check: Check
) -> None:
    vm = await host.domains.define(bare())
    config = await vm.config(inactive=True)
    config.memory, config.current_memory = MiB(128), MiB(128)
    config.vcpu.max, config.description = 4, "new"
    assert await host.domains.define(config) == vm
    machine = check(vsphere).machine("web1")
    assert (machine.cpus, machine.memory_mib, machine.notes) == (4, 128, "new")


async def test_defining_the_same_changes_nothing(vsphere: Simulator, host: Connection) -> None:
    vm = await host.domains.define(bare())
    config = await vm.config(inactive=True)
    before = vsphere.counts().get("ReconfigVM_Task", 0)
    await host.domains.define(config)
    assert vsphere.counts().get("ReconfigVM_Task", 0) == before


CARD = "<interface type='bridge'><source bridge='VM Network'/><model type='{}'/></interface>"


async def test_devices_are_made_with_their_machine(
    vsphere: Simulator, host: Connection, check: Check
) -> None:
    devices = f"<devices>{CARD.format('e1000')}{CARD.format('vmxnet3')}</devices></domain>"
    vm = await host.domains.define(bare().to_xml().replace("</domain>", devices))
    kinds = [each.kind for each in check(vsphere).machine("web1").nics]
    assert kinds == ["VirtualE1000", "VirtualVmxnet3"]
    assert [card.model for card in (await vm.config()).interfaces] == ["e1000", "vmxnet3"]


async def test_a_definition_brings_devices_and_takes_them(
    vsphere: Simulator, host: Connection, name: str, check: Check
) -> None:
    vm = await host.domains.get(name)
    config = await vm.config(inactive=True)
    old = config.interfaces[0].mac
    config.interfaces.append(Interface.parse(CARD.format("vmxnet3")))
    config.interfaces.pop(0)
    config.description = "other"
    await host.domains.define(config)
    machine = check(vsphere).machine(name)
    assert [each.kind for each in machine.nics] == ["VirtualVmxnet3"]
    assert machine.notes == "other"
    assert old not in [card.mac for card in (await vm.config()).interfaces]


async def test_a_device_that_cannot_be_told_of_leaves_all_as_it_was(
    vsphere: Simulator, host: Connection, name: str, check: Check
) -> None:
    vm = await host.domains.get(name)
    await vm.destroy()
    before = check(vsphere).machine(name)
    config = await vm.config(inactive=True)
    config.devices.sounds.append(Sound(model="es1370"))
    with pytest.raises(NotFound, match="sound"):
        await host.domains.define(config)
    assert check(vsphere).machine(name) == before


async def test_a_name_or_uuid_of_another_is_refused(host: Connection, name: str) -> None:
    vm = await host.domains.define(bare())
    other_uuid, other_name = bare(name), bare("web2")
    other_uuid.uuid = other_name.uuid = vm.uuid
    for config in (other_uuid, other_name):
        with pytest.raises(AlreadyExists):
            await host.domains.define(config)


@pytest.mark.parametrize("name", ["x" * 81, "%" * 40])
async def test_a_name_that_no_machine_can_have(host: Connection, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        await host.domains.define(bare(name))
    assert caught.value.field == "name"


async def test_what_esx_has_not_is_told_before_anything_is_made(
    vsphere: Simulator, host: Connection, check: Check
) -> None:
    config = bare()
    config.type = "kvm"
    with pytest.raises(ConfigError):
        await host.domains.define(config)
    assert "web1" not in check(vsphere).names()


async def test_where_it_shall_be_must_be_said_in_a_vcenter(vcenter: Simulator) -> None:
    async with opening(vcenter, "/DC0") as host:
        with pytest.raises(NotFound) as caught:
            await host.domains.define(bare())
    assert "DC0_C0" in (caught.value.hint or "")


async def test_beside_its_disk_it_is_registered(esx: Simulator, check: Check) -> None:
    folder = esx.datastore() / "web1"
    folder.mkdir()
    for name in ("web1.nvram", "vmware.log", "web1.vmdk"):  # the simulator wants the first two
        (folder / name).touch()
    config = with_disk("[LocalDS_0] web1/web1.vmdk")
    async with opening(esx) as host:
        await host.domains.define(config)
    assert check(esx).machine("web1").vmx == "[LocalDS_0] web1/web1.vmx"
    assert 'displayName = "web1"' in (folder / "web1.vmx").read_text()


async def test_what_cannot_be_registered_leaves_no_file(esx: Simulator) -> None:
    folder = esx.datastore() / "web1"
    folder.mkdir()
    (folder / "web1.vmdk").touch()
    config = with_disk("[LocalDS_0] web1/web1.vmdk")
    async with opening(esx) as host:
        with pytest.raises(NotFound):
            await host.domains.define(config)
    assert {each.name for each in folder.iterdir()} == {"web1.vmdk"}


async def test_a_file_that_is_there_is_not_written_over(esx: Simulator) -> None:
    folder = esx.datastore() / "web1"
    folder.mkdir()
    (folder / "web1.vmx").write_text("mine")
    config = with_disk("[LocalDS_0] web1/web1.vmdk")
    async with opening(esx) as host:
        with pytest.raises(AlreadyExists):
            await host.domains.define(config)
    assert (folder / "web1.vmx").read_text() == "mine"


async def test_undefining_leaves_the_files(
    vsphere: Simulator, host: Connection, check: Check
) -> None:
    vm = await host.domains.define(bare())
    await vm.undefine()
    checker = check(vsphere)
    assert "web1" not in checker.names()
    assert checker.files("web1")
    with pytest.raises(NotFound):
        await vm.record()


async def test_one_that_runs_is_not_undefined(host: Connection, name: str) -> None:
    vm = await host.domains.get(name)
    with pytest.raises(InvalidState):
        await vm.undefine()
    assert await vm.is_active()


async def test_renaming(vsphere: Simulator, host: Connection, name: str, check: Check) -> None:
    vm = await host.domains.get(name)
    await vm.rename("50% of a/b")
    assert "50%25 of a%2fb" in check(vsphere).names()
    assert await host.domains.get("50% of a/b") == vm
    other = await host.domains.define(bare())
    with pytest.raises(AlreadyExists):
        await other.rename("50% of a/b")


async def test_descriptions(vsphere: Simulator, host: Connection, name: str, check: Check) -> None:
    vm = await host.domains.get(name)
    assert await vm.description() is None
    await vm.set_description("for the web")
    assert await vm.description() == check(vsphere).machine(name).notes == "for the web"
    with pytest.raises(Unsupported):
        await vm.title()


async def test_the_machines_own_file_counts(esx: Simulator) -> None:
    (esx.datastore() / "ha-host_VM0" / "ha-host_VM0.vmx").write_text(VMX)
    async with opening(esx) as host:
        vm = await host.domains.get("ha-host_VM0")
        config = await vm.config()
        inactive = await vm.config(inactive=True)
    assert (config.memory, config.vcpus, config.id) == (MiB(256), 2, 9)
    assert config.disks[0].source.file == "[LocalDS_0] ha-host_VM0/disk1.vmdk"
    assert inactive.id is None
    assert "<vmware:moref" in config.to_xml()
    assert "ha-datacenter</vmware:datacenterpath>" in config.to_xml()


async def test_vmwares_own_form_both_ways(host: Connection) -> None:
    config = await host.from_native("vmware-vmx", VMX)
    assert config.name == "ha-host_VM0"
    assert config.disks[0].source.file == "[?]/disk1.vmdk"
    config.disks.clear()
    assert 'memsize = "256"' in await host.to_native("vmware-vmx", config)
    with pytest.raises(ConfigError):
        await host.from_native("qemu-argv", "x")
