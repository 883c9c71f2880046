"""Drives of a file: of which kind they are, and what they hold."""

from __future__ import annotations

import pytest
from vmxsamples import told

from aiovirt.config import Disk
from aiovirt.drivers.common.vmx import DatastoreFiles, Vmx, domain_of
from aiovirt.errors import ConfigError


def disk(*lines: str, bus: str = "scsi0", hardware: int = 11) -> Disk:
    """The only drive of a file, at unit 1 of a bus."""
    own = [f"{bus}:1.{line}" for line in ("present = TRUE", *lines)]
    (found,) = told(f"{bus}.present = TRUE", *own, hardware=hardware).disks
    return found


def test_a_hard_disk() -> None:
    found = disk("fileName = a.vmdk", "mode = independent-nonpersistent", "writeThrough = TRUE")
    assert (found.type, found.device, found.path) == ("file", "disk", "a.vmdk")
    assert (found.target.dev, found.target.bus) == ("sdb", "scsi")
    assert (found.transient, found.driver.cache, found.readonly) == (True, "writethrough", False)


@pytest.mark.parametrize(
    ("lines", "told_of"),
    [
        (("fileName = A.ISO",), ("file", "cdrom", "A.ISO")),
        (("deviceType = cdrom-image", "fileName = a.img"), ("file", "cdrom", "a.img")),
        (("deviceType = cdrom-image",), ("file", "cdrom", None)),
        (("fileName = emptyBackingString",), ("file", "cdrom", None)),
        (("deviceType = ATAPI-cdrom", "fileName = /dev/sr0"), ("block", "cdrom", "/dev/sr0")),
        (("deviceType = cdrom-raw", "fileName = /dev/sr0"), ("block", "lun", "/dev/sr0")),
        (
            ("deviceType = scsi-passthru", "fileName = /vmfs/devices/cdrom/x"),
            ("block", "lun", "/vmfs/devices/cdrom/x"),
        ),
        (("deviceType = cdrom-raw", "fileName = emptyBackingString"), ("block", "lun", None)),
    ],
)
def test_drives_for_media(lines: tuple[str, ...], told_of: tuple[str, str, str | None]) -> None:
    found = disk(*lines)
    assert (found.type, found.device, found.path) == told_of
    assert found.readonly


@pytest.mark.parametrize(("kind", "device"), [("atapi-cdrom", "cdrom"), ("cdrom-raw", "lun")])
def test_a_drive_that_takes_what_the_host_has(kind: str, device: str) -> None:
    found = disk(f"deviceType = {kind}", "fileName = Auto Detect", bus="ide0")
    assert (found.device, found.path, found.source.startup_policy) == (device, None, "optional")


def test_floppies() -> None:
    lines = ("floppy0.present = TRUE", "floppy0.fileType = file", "floppy0.fileName = a.flp")
    others = ("floppy1.present = TRUE", "floppy1.fileType = device", "floppy1.fileName = /dev/fd1")
    config = told(*lines, *others)
    found = [(each.type, each.path, each.target.dev, each.readonly) for each in config.disks]
    assert found == [("file", "a.flp", "fda", False), ("block", "/dev/fd1", "fdb", False)]


@pytest.mark.parametrize(
    "lines",
    [
        ("scsi0:0.fileName = a.vmdk",),
        ("scsi0:0.present = FALSE", "scsi0:0.fileName = a.vmdk"),
        ("scsi0:0.present = TRUE", "scsi0:0.clientDevice = TRUE", "scsi0:0.fileName = a.vmdk"),
        ("scsi0:7.present = TRUE", "scsi0:7.fileName = a.vmdk"),
        ("scsi0:16.present = TRUE", "scsi0:16.fileName = a.vmdk"),
        ("scsi1:0.present = TRUE", "scsi1:0.fileName = a.vmdk"),
        ("sata0:0.present = TRUE", "sata0:0.fileName = a.vmdk"),
        ("scsi0:0.present = TRUE", "scsi0:0.deviceType = cdrom-image", "scsi0:0.fileName = a.vmdk"),
    ],
)
def test_what_is_not_there_is_not_told_of(lines: tuple[str, ...]) -> None:
    assert not told("scsi0.present = TRUE", *lines).disks


def test_newer_hardware_has_more_units() -> None:
    lines = ("scsi0.present = TRUE", "scsi0:16.present = TRUE", "scsi0:16.fileName = a.vmdk")
    (found,) = told(*lines, hardware=14).disks
    assert (found.target.dev, str(found.address)) == ("sdp", "0:0:0:16")


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        (("fileName = a.txt",), "fileName"),
        ((), "fileName"),
        (("deviceType = toaster", "fileName = a.vmdk"), "deviceType"),
        (("deviceType = scsi-passthru", "fileName = /vmfs/devices/disks/x"), "fileName"),
        (("deviceType = scsi-hardDisk", "fileName = a.iso"), "deviceType"),
        (("deviceType = atapi-cdrom", "fileName = a.iso"), "deviceType"),
        (("clientDevice = 7", "fileName = a.vmdk"), "clientDevice"),
    ],
)
def test_what_cannot_be_names_its_key(lines: tuple[str, ...], key: str) -> None:
    with pytest.raises(ConfigError, match=f"scsi0:1.{key}: "):
        disk(*lines)


def test_a_floppy_says_what_it_is() -> None:
    with pytest.raises(ConfigError, match=r"floppy0\.fileType: the entry is missing"):
        told("floppy0.present = TRUE", "floppy0.fileName = a.flp")


def elsewhere(line: str) -> Vmx:
    """A file with a drive whose datastore is not there."""
    head = 'config.version = "8"\nvirtualHW.version = "8"\nide0:0.present = "TRUE"\n'
    return Vmx.parse(f"{head}{line}\n")


def test_a_disk_whose_file_is_missing_is_an_error_and_a_medium_is_not() -> None:
    files = DatastoreFiles("[ds] web1", {"ds": "/vmfs/volumes/ds"})
    name = "/vmfs/volumes/gone/a"
    with pytest.raises(ConfigError, match=r"line 4, ide0:0\.fileName: the file .* is missing"):
        domain_of(elsewhere(f'ide0:0.fileName = "{name}.vmdk"'), files)
    (found,) = domain_of(elsewhere(f'ide0:0.fileName = "{name}.iso"'), files).disks
    assert (found.device, found.path) == ("cdrom", None)


def test_a_name_that_the_host_does_not_understand_names_its_key() -> None:
    files = DatastoreFiles("[ds] web1", {})
    with pytest.raises(ConfigError, match=r"line 4, ide0:0\.fileName: .* cannot be understood"):
        domain_of(elsewhere('ide0:0.fileName = "../a.vmdk"'), files)


def test_disks_of_nvme_and_limits_are_told_of_beyond_libvirt() -> None:
    lines = (
        "nvme0.present = TRUE",
        "nvme0:0.present = TRUE",
        "nvme0:0.fileName = a.vmdk",
        "nvme0:0.sharing = multi-writer",
        "sched.nvme0:0.throughputCap = 10MBps",
    )
    (found,) = told(*lines).disks
    assert (found.target.dev, found.target.bus, found.address) == ("nvme0n1", "nvme", None)
    assert (found.shareable, found.iotune.total_bytes_sec) == (True, 10 * 2**20)
    assert not told(*lines, extended=False).disks


def test_a_limit_that_is_none_names_its_key() -> None:
    lines = ("scsi0:1.fileName = a.vmdk", "sched.scsi0:1.throughputCap = fast")
    with pytest.raises(ConfigError, match=r"sched\.scsi0:1\.throughputCap"):
        told("scsi0.present = TRUE", "scsi0:1.present = TRUE", *lines)
    assert not disk("fileName = a.vmdk").iotune
