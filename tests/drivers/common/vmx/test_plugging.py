"""Devices plugged into a ``.vmx`` file, and pulled out of it."""

from __future__ import annotations

import pytest

from aiovirt.drivers.common.devices import device_of
from aiovirt.drivers.common.vmx import DatastoreFiles, Vmx, domain_of
from aiovirt.drivers.common.vmx.plugging import plug, replug, unplug
from aiovirt.errors import AlreadyExists, ConfigError, NotFound

MACHINE = """\
config.version = "8"
virtualHW.version = "14"
displayName = "web1"
guestOS = "debian10-64"
scsi0.present = "TRUE"
scsi0.virtualDev = "pvscsi"
scsi0:0.present = "TRUE"
scsi0:0.fileName = "web1.vmdk"
ide1:0.present = "TRUE"
ide1:0.clientDevice = "TRUE"
ide1:0.deviceType = "atapi-cdrom"
ide1:0.startConnected = "FALSE"
ethernet0.present = "TRUE"
ethernet0.virtualDev = "e1000"
ethernet0.networkName = "VM Network"
ethernet0.addressType = "static"
ethernet0.address = "00:0c:29:aa:bb:cc"
ethernet0.pciSlotNumber = "33"
"""
FILES = DatastoreFiles("[ds] web1", {"ds": "/vmfs/volumes/1"})
DISK = """<disk type='file' device='disk'><source file='[ds] data/a.vmdk'/>
<target dev='{}' bus='{}'/></disk>"""
CDROM = """<disk type='file' device='cdrom'>{}<target dev='hdc'/></disk>"""
MEDIUM = "<source file='[ds] iso/a.iso'/>"
CARD = "<interface type='bridge'><mac address='00:0c:29:aa:bb:cc'/>{}</interface>"


def machine(**settings: str) -> Vmx:
    file = Vmx.parse(MACHINE)
    for key, value in settings.items():
        file.set(key.replace("_", "."), value)
    return file


def differences(old: Vmx, new: Vmx) -> dict[str, str | None]:
    """What another file says otherwise; None for what it does not say."""
    return {key: new.get(key) for key in {*old, *new} if old.get(key) != new.get(key)}


def plugged(device: str, file: Vmx | None = None) -> dict[str, str | None]:
    old = file or machine()
    return differences(old, plug(old, FILES, device_of(device, "vmware")))


def replugged(device: str, file: Vmx | None = None) -> dict[str, str | None]:
    old = file or machine()
    return differences(old, replug(old, FILES, device_of(device, "vmware")))


def test_a_disk_at_a_controller_that_is_there() -> None:
    assert plugged(DISK.format("sdb", "scsi")) == {
        "scsi0:1.present": "true",
        "scsi0:1.deviceType": "scsi-hardDisk",
        "scsi0:1.fileName": "/vmfs/volumes/1/data/a.vmdk",
    }


@pytest.mark.parametrize(
    ("target", "bus", "comes"),
    [
        ("sdp", "scsi", {"scsi1.present": "true", "scsi1.virtualDev": "pvscsi"}),
        ("sdb", "sata", {"sata0.present": "true"}),
        ("nvme0n1", "nvme", {"nvme0.present": "true"}),
    ],
)
def test_a_controller_comes_with_its_first_disk(
    target: str, bus: str, comes: dict[str, str]
) -> None:
    found = plugged(DISK.format(target, bus))
    assert found.items() >= comes.items()
    assert not {key for key in found if key.startswith("scsi0")}


def test_a_first_controller_is_one_that_each_guest_knows() -> None:
    bare = Vmx.parse("".join(MACHINE.splitlines(keepends=True)[:4]))
    assert plugged(DISK.format("sda", "scsi"), bare)["scsi0.virtualDev"] == "lsilogic"


def test_a_controller_and_its_model_stay_without_disks() -> None:
    empty = unplug(machine(), FILES, device_of(DISK.format("sda", "scsi"), "vmware"))
    assert (empty.get("scsi0.virtualDev"), "scsi0:0.present" in empty) == ("pvscsi", False)
    assert "scsi0.virtualDev" not in plugged(DISK.format("sda", "scsi"), empty)


def test_places_and_addresses_are_taken_once() -> None:
    for device in (DISK.format("sda", "scsi"), CARD.format("<source bridge='Lab'/>")):
        with pytest.raises(AlreadyExists):
            plugged(device)


def test_a_card_is_of_the_newest_model() -> None:
    device = "<interface type='bridge'><source bridge='Lab'/></interface>"
    assert plugged(device) == {
        "ethernet1.present": "true",
        "ethernet1.virtualDev": "vmxnet3",
        "ethernet1.networkName": "Lab",
        "ethernet1.connectionType": "bridged",
        "ethernet1.addressType": "generated",
    }
    assert "ethernet1.virtualDev" not in plugged(device, machine(virtualHW_version="4"))


def test_a_card_keeps_what_is_not_said() -> None:
    assert replugged(CARD.format("<link state='down'/>")) == {"ethernet0.startConnected": "false"}
    assert replugged(CARD.format("<source bridge='Lab'/>")) == {"ethernet0.networkName": "Lab"}


def test_a_card_goes_with_all_its_keys() -> None:
    file = unplug(machine(), FILES, device_of(CARD.format(""), "vmware"))
    assert not {key for key in file if key.startswith("ethernet")}
    with pytest.raises(NotFound):
        unplug(file, FILES, device_of(CARD.format(""), "vmware"))


def test_a_medium_in_a_drive_that_was_the_viewers() -> None:
    filled = replug(machine(), FILES, device_of(CDROM.format(MEDIUM), "vmware"))
    (drive,) = [each for each in domain_of(filled, FILES).disks if each.device == "cdrom"]
    assert (drive.target.dev, drive.source.file) == ("hdc", "[ds] iso/a.iso")
    assert filled.get("ide1:0.startConnected") == "true"
    assert replugged(CDROM.format(""), filled) == {
        "ide1:0.fileName": "emptyBackingString",
        "ide1:0.startConnected": "false",
    }


def test_a_disk_stays_where_it_is() -> None:
    file = plug(machine(), FILES, device_of(DISK.format("sdb", "sata"), "vmware"))
    other = "<disk type='file'><source file='[ds] b.vmdk'/><target dev='sdb'/></disk>"
    assert replugged(other, file) == {"sata0:1.fileName": "/vmfs/volumes/1/b.vmdk"}


@pytest.mark.parametrize(
    "device",
    [
        "<rng model='virtio'><backend model='random'>/dev/random</backend></rng>",
        "<controller type='scsi' index='1'/>",
        "<disk type='block' device='disk'><source dev='/dev/sda'/><target dev='sdb'/></disk>",
        "<interface type='bridge'><source bridge='Lab'/><model type='virtio'/></interface>",
    ],
)
def test_what_vmware_has_not(device: str) -> None:
    with pytest.raises(ConfigError):
        plugged(device)


def test_what_others_need_is_not_taken_out() -> None:
    controller = device_of("<controller type='scsi' index='0'/>", "vmware")
    with pytest.raises(ConfigError, match="other devices need it"):
        unplug(machine(), FILES, controller)
