"""Drives of a domain, written to a file."""

from __future__ import annotations

import pytest
from vmxsamples import written

from aiovirt.drivers.common.vmx import DatastoreFiles, Vmx
from aiovirt.errors import XMLError

ESX = DatastoreFiles("[ds] web1", {"ds": "/vmfs/volumes/ds"})


def drive(
    source: str, dev: str = "sda", kind: str = "type='file' device='disk'", inner: str = ""
) -> Vmx:
    """The file of a domain with one drive."""
    inner = f"<source {source}/><target dev='{dev}'/>{inner}"
    return written(devices=f"<disk {kind}>{inner}</disk>", files=ESX)


def keys(vmx: Vmx, prefix: str) -> dict[str, str | None]:
    """What a file says of a device."""
    return {
        key.removeprefix(f"{prefix}."): vmx.get(key) for key in vmx if key.startswith(f"{prefix}.")
    }


def test_a_hard_disk() -> None:
    inner = "<driver cache='writethrough'/><transient/>"
    assert keys(drive("file='[ds] web1/a.vmdk'", inner=inner), "scsi0:0") == {
        "present": "true",
        "deviceType": "scsi-hardDisk",
        "fileName": "/vmfs/volumes/ds/web1/a.vmdk",
        "writeThrough": "true",
        "mode": "independent-nonpersistent",
    }


@pytest.mark.parametrize(
    ("dev", "bus", "prefix", "kind"),
    [
        ("hdb", "ide", "ide0:1", "ata-hardDisk"),
        ("sdb", "sata", "sata0:1", "disk"),
        ("nvme0n2", "nvme", "nvme0:1", "disk"),
    ],
)
def test_disks_at_other_buses(dev: str, bus: str, prefix: str, kind: str) -> None:
    target = f"<source file='/a.vmdk'/><target dev='{dev}' bus='{bus}'/>"
    vmx = written(devices=f"<disk type='file' device='disk'>{target}</disk>")
    assert keys(vmx, prefix)["deviceType"] == kind
    assert (vmx.get("sata0.present"), vmx.get("nvme0.present")).count("true") == (bus != "ide")


@pytest.mark.parametrize(
    ("kind", "source", "device", "name"),
    [
        ("type='file' device='cdrom'", "file='/a.iso'", "cdrom-image", "/a.iso"),
        ("type='file' device='cdrom'", "", "cdrom-image", "emptyBackingString"),
        ("type='block' device='cdrom'", "dev='/dev/sr0'", "atapi-cdrom", "/dev/sr0"),
        ("type='block' device='lun'", "dev='/dev/sr0'", "cdrom-raw", "/dev/sr0"),
        ("type='block' device='lun'", "startupPolicy='optional'", "cdrom-raw", "auto detect"),
        (
            "type='block' device='lun'",
            "dev='/vmfs/devices/cdrom/x'",
            "scsi-passthru",
            "/vmfs/devices/cdrom/x",
        ),
    ],
)
def test_drives_for_media(kind: str, source: str, device: str, name: str) -> None:
    found = keys(drive(source, kind=kind), "scsi0:0")
    assert (found["deviceType"], found["fileName"]) == (device, name)
    assert ("autodetect" in found) is (name == "auto detect")


def test_floppies_that_are_not_there_are_spoken_of() -> None:
    vmx = drive("file='/a.flp'", "fdb", "type='file' device='floppy'")
    assert keys(vmx, "floppy0") == {"present": "false"}
    assert keys(vmx, "floppy1") == {"present": "true", "fileType": "file", "fileName": "/a.flp"}
    vmx = drive("dev='/dev/fd0'", "fda", "type='block' device='floppy'")
    assert keys(vmx, "floppy0")["fileType"] == "device"


def test_what_libvirt_leaves_out_is_written() -> None:
    limits = "<iotune><total_bytes_sec>1025</total_bytes_sec></iotune>"
    vmx = drive("file='/a.vmdk'", inner=f"{limits}<readonly/><shareable/>")
    assert vmx.get("sched.scsi0:0.throughputCap") == "2KBps"
    assert (vmx.get("scsi0:0.sharing"), vmx.get("scsi0:0.readonly")) == ("multi-writer", "true")
    limits = "<iotune><total_iops_sec>80</total_iops_sec></iotune>"
    assert drive("file='/a.vmdk'", inner=limits).get("sched.scsi0:0.throughputCap") == "80IOPs"


@pytest.mark.parametrize(
    ("source", "dev", "kind", "message"),
    [
        ("file='/a.qcow2'", "sda", "type='file' device='disk'", "a disk cannot be in"),
        ("dev='/dev/sdb'", "sda", "type='block' device='disk'", "a disk cannot be in"),
        ("file='/a.vmdk'", "vda", "type='file' device='disk'", "no place for 'vda'"),
        ("file='/a.iso'", "sda", "type='file' device='lun'", "a device of the host"),
        ("", "sda", "type='block' device='cdrom'", "names no device"),
        ("name='a'", "sda", "type='network' device='disk'", "the type cannot be 'network'"),
        ("file='[gone] a.vmdk'", "sda", "type='file' device='disk'", "no datastore 'gone'"),
        ("file='/a.flp'", "sda", "type='file' device='floppy'", "a floppy cannot be at the bus"),
    ],
)
def test_what_vmware_has_not_is_refused(source: str, dev: str, kind: str, message: str) -> None:
    with pytest.raises(XMLError, match=message) as caught:
        drive(source, dev, kind)
    assert caught.value.element == "domain/devices/disk"


def test_another_cache_or_bus_is_refused() -> None:
    with pytest.raises(XMLError, match="the cache cannot be 'none'"):
        drive("file='/a.vmdk'", inner="<driver cache='none'/>")
    disk = "<disk type='file'><source file='/a.vmdk'/><target dev='vda' bus='virtio'/></disk>"
    with pytest.raises(XMLError, match="cannot be at the bus 'virtio'"):
        written(devices=disk)


def test_older_hardware_has_no_unit_above_15() -> None:
    address = "<address type='drive' controller='0' bus='0' target='0' unit='16'/>"
    disk = (
        f"<disk type='file'><source file='/a.vmdk'/><target dev='sdp' bus='scsi'/>{address}</disk>"
    )
    assert written(devices=disk, hardware=13).get("scsi0:16.fileName") == "/a.vmdk"
    with pytest.raises(XMLError, match="hardware version 12 has no place scsi0:16"):
        written(devices=disk, hardware=12)
