"""Disks and the numbers of their images."""

from __future__ import annotations

import pytest

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.devices import drop_live
from aiovirt.drivers.qemu.engine.blockjobs import JobName
from aiovirt.drivers.qemu.engine.chains import Link, relink
from aiovirt.drivers.qemu.engine.nodes import (
    disk_of_node,
    find_disk,
    next_number,
    node_of,
    number_images,
)
from aiovirt.errors import InvalidState, NotFound
from aiovirt.model.blocks import BlockJobKind


def config() -> DomainConfig:
    disks = [Disk.file("/a.qcow2"), Disk.cdrom(), Disk.file("/b.qcow2", target="vdb")]
    made = DomainConfig(name="web1", memory="1MiB", disks=disks)
    number_images(made)
    return made


def test_images_are_numbered_by_their_places() -> None:
    assert [disk.source.index for disk in config().disks] == [1, None, 3]
    assert next_number(config()) == 4


def test_a_disk_keeps_its_node_when_one_before_it_goes() -> None:
    changed = config()
    del changed.disks[0]
    found = disk_of_node(changed, "libvirt-3-format")
    assert found is not None
    assert found.target.dev == "vdb"
    assert node_of(changed, found) == "libvirt-3-format"


@pytest.mark.parametrize("name", ["vdb", "/b.qcow2"])
def test_a_disk_is_found_by_target_and_by_image(name: str) -> None:
    assert find_disk(config(), name).path == "/b.qcow2"


def test_a_disk_that_is_not_there_is_named() -> None:
    with pytest.raises(NotFound, match="vdz") as caught:
        find_disk(config(), "vdz")
    assert caught.value.hint == "there is vda, sda, vdb"


def test_an_empty_drive_has_no_node() -> None:
    with pytest.raises(InvalidState, match="empty"):
        node_of(config(), find_disk(config(), "sda"))


def test_another_image_takes_the_place_of_the_old_one() -> None:
    changed = config()
    disk = find_disk(changed, "vda")
    relink(disk, [Link.at("/c.raw", "raw", 7)])
    assert (disk.path, disk.driver.type, disk.source.index) == ("/c.raw", "raw", 7)


def test_numbers_are_not_kept_in_a_definition() -> None:
    changed = config()
    drop_live(changed)
    assert all(disk.source.index is None for disk in changed.disks)


def test_a_jobs_id_says_all_of_it() -> None:
    name = JobName("copy", "vda", 4)
    assert str(name) == "copy-vda-4"
    assert JobName.of("copy-vda-4") == name
    assert name.kind is BlockJobKind.COPY
    assert JobName.of("commit-vda-delete") == JobName("commit", "vda", delete=True)


def test_an_id_of_somebody_elses_is_none_of_ours() -> None:
    assert JobName.of("drive-virtio-disk0") is None
