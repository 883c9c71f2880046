"""Disks."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.config import Disk, DiskIoTune
from aiovirt.errors import ConfigError


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a.qcow2", "qcow2"), ("a.IMG", "raw"), ("a.raw", "raw"), ("a.vhd", "vpc"), ("a.disk", None)],
)
def test_the_suffix_tells_the_format(path: str, expected: str | None) -> None:
    assert Disk.file(path).driver.type == expected


def test_a_given_format_wins() -> None:
    assert Disk.file("a.img", format="qcow2").driver.type == "qcow2"


def test_a_relative_path_starts_here() -> None:
    assert Disk.file("a.qcow2").source.file == str(Path.cwd() / "a.qcow2")


def test_an_empty_path_is_refused() -> None:
    with pytest.raises(ConfigError, match="path is empty"):
        Disk.file("")


def test_a_block_device_is_raw() -> None:
    disk = Disk.block("/dev/vg/a", target="sda", bus="scsi")
    assert (disk.type, disk.path, disk.driver.type) == ("block", "/dev/vg/a", "raw")


def test_a_cdrom_is_read_only() -> None:
    disk = Disk.cdrom("/a.iso")
    assert (disk.device, disk.readonly, disk.source.file) == ("cdrom", True, "/a.iso")


def test_an_empty_drive_has_no_source() -> None:
    assert not Disk.cdrom().source


def test_settings_can_be_changed_afterwards() -> None:
    disk = Disk.file("/a.raw")
    disk.iotune = DiskIoTune(total_iops_sec=100)
    disk.source.file = "/b.raw"
    disk.boot_order = 1
    again = Disk.parse(disk.to_xml())
    assert (again.iotune.total_iops_sec, again.path, again.boot_order) == (100, "/b.raw", 1)


def test_a_disk_goes_through_groups_of_limits() -> None:
    disk = Disk.parse(
        "<disk><throttlefilters><throttlefilter group='a'/><throttlefilter group='b'/>"
        "</throttlefilters></disk>"
    )
    assert disk.throttle_filters == ("a", "b")
