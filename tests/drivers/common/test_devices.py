"""Devices of a configuration."""

from __future__ import annotations

import pytest

from aiovirt.config import Disk, DomainConfig, Interface
from aiovirt.drivers.common.devices import (
    add_device,
    check_new,
    device_of,
    find_alias,
    find_device,
    parts_unlike,
    remove_device,
    replace_device,
)
from aiovirt.errors import AlreadyExists, ConfigError, NotFound
from aiovirt.model.addresses import DriveAddress

DISK = "<disk type='file'><source file='/b.raw'/><target dev='sdb' bus='scsi'/></disk>"
CARD = "<interface type='user'><mac address='52:54:00:00:00:09'/><model type='virtio'/></interface>"


def config() -> DomainConfig:
    disk = Disk.file("/a.raw", target="sda", bus="scsi")
    return DomainConfig(name="web1", memory="1MiB", disks=[disk])


def test_a_device_is_read_from_xml_and_from_a_view() -> None:
    assert isinstance(device_of(DISK), Disk)
    assert isinstance(device_of(f"<?xml version='1.0'?>\n{CARD}"), Interface)
    assert device_of(Disk.file("/x")) == Disk.file("/x")


@pytest.mark.parametrize("xml", ["<disk>", DISK + CARD, ""])
def test_what_is_no_device_is_refused(xml: str) -> None:
    with pytest.raises(ConfigError):
        device_of(xml)


def test_a_disk_is_found_by_its_target() -> None:
    changed = config()
    add_device(changed, device_of(DISK))
    found = find_device(changed, device_of("<disk><target dev='sdb'/></disk>"))
    assert isinstance(found, Disk)
    assert found.path == "/b.raw"
    remove_device(changed, found)
    with pytest.raises(NotFound, match="disk"):
        find_device(changed, device_of(DISK))


def test_a_device_takes_the_place_of_another() -> None:
    changed = config()
    new = changed.disks[0].copy()
    new.serial = "one"
    replace_device(changed, changed.disks[0], new)
    assert [disk.serial for disk in changed.disks] == ["one"]


RNG = "<rng model='virtio'><backend model='random'>/dev/{name}</backend>{more}</rng>"
MEMORY = "<memory model='dimm'><target><size unit='{unit}'>{size}</size></target></memory>"


def test_a_device_of_few_words_is_found_by_what_is_said_of_it() -> None:
    changed = config()
    alias = "<alias name='rng0'/>"
    add_device(changed, device_of(RNG.format(name="random", more=alias)))
    add_device(changed, device_of(RNG.format(name="urandom", more="")))
    found = find_device(changed, device_of(RNG.format(name="random", more="")))
    assert found is not None
    assert found.alias == "rng0"
    with pytest.raises(NotFound, match="no device"):
        find_device(changed, device_of(RNG.format(name="hwrng", more="")))
    with pytest.raises(NotFound, match="2 devices"):
        find_device(changed, device_of("<rng model='virtio'/>"))


def test_a_name_tells_devices_apart_that_are_alike() -> None:
    changed = config()
    for name in ("rng0", "rng1"):
        alias = f"<alias name='{name}'/>"
        add_device(changed, device_of(RNG.format(name="random", more=alias)))
    alias = "<alias name='rng1'/>"
    assert find_device(changed, device_of(RNG.format(name="random", more=alias))).alias == "rng1"
    assert find_alias(changed, "rng0").alias == "rng0"


@pytest.mark.parametrize("name", ["rng1", "", "a\0", "\ud800", "'\""], ids=ascii)
def test_a_name_that_none_has_is_not_found(name: str) -> None:
    with pytest.raises(NotFound, match="no device with the alias"):
        find_alias(config(), name)


def test_sizes_are_alike_in_any_unit() -> None:
    changed = config()
    add_device(changed, device_of(MEMORY.format(unit="KiB", size=131072)))
    assert find_device(changed, device_of(MEMORY.format(unit="MiB", size=128))).kind == "memory"


def test_what_the_guest_would_take_for_another_is_refused() -> None:
    changed = config()
    with pytest.raises(AlreadyExists, match="'sda'"):
        check_new(changed, device_of(DISK.replace("sdb", "sda")))
    add_device(changed, device_of(CARD))
    with pytest.raises(AlreadyExists, match="52:54"):
        check_new(changed, device_of(CARD))


def test_a_changed_device_keeps_its_place_and_its_name() -> None:
    changed = config()
    place = "<address type='drive' controller='0' bus='0' target='0' unit='3'/>"
    old = add_device(changed, device_of(DISK.replace("</disk>", f"{place}</disk>")))
    new = replace_device(changed, old, device_of(DISK.replace("b.raw", "c.raw")))
    assert new.address == DriveAddress(unit=3)


def test_memory_is_the_same_whatever_is_asked_of_it() -> None:
    text = (
        "<memory model='virtio-mem'><target><size unit='MiB'>64</size>"
        "<block unit='MiB'>2</block><requested unit='MiB'>{}</requested></target></memory>"
    )
    changed = config()
    there = add_device(changed, device_of(text.format(8)))
    assert find_device(changed, device_of(text.format(32))) == there


def test_the_unit_of_an_address_is_no_unit_of_an_amount() -> None:
    placed = "<address type='drive' controller='0' bus='0' target='0' unit='{}'/></disk>"
    there, same, other = (
        device_of(DISK.replace("</disk>", placed.format(unit))) for unit in (0, 0, 1)
    )
    assert parts_unlike(there, same) == []
    assert parts_unlike(there, other) == ["address"]
