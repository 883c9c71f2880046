"""A list of children is the tree."""

from __future__ import annotations

from collections.abc import Callable
from operator import methodcaller

import pytest

from aiovirt.config import Devices, Disk, DomainConfig, View
from aiovirt.errors import XMLError

DISKS = "disks"
"""By this name mistakes get past the type checker that it would find."""


def _devices() -> Devices:
    xml = "<devices><disk type='a'/><!-- x --><hostdev/><disk type='b'/><disk type='c'/></devices>"
    return Devices.parse(xml)


def _types(devices: Devices) -> list[str | None]:
    return [disk.type for disk in devices.disks]


def test_indexes_and_slices() -> None:
    disks = _devices().disks
    assert disks[-1].type == "c"
    assert [disk.type for disk in disks[:2]] == ["a", "b"]


def test_an_index_out_of_range_is_an_error() -> None:
    with pytest.raises(IndexError):
        _ = _devices().disks[3]


def test_what_is_appended_stays_a_view() -> None:
    devices, disk = Devices(), Disk.file("/a.raw")
    devices.disks.append(disk)
    disk.serial = "123"
    assert devices.disks[0].serial == "123"


def test_what_sits_in_a_tree_is_copied() -> None:
    one, two = _devices(), Devices()
    two.disks.append(one.disks[0])
    assert (len(one.disks), len(two.disks)) == (3, 1)


@pytest.mark.parametrize(
    ("index", "expected"), [(0, "xabc"), (1, "axbc"), (-1, "abxc"), (9, "abcx"), (-9, "xabc")]
)
def test_inserts_like_a_list(index: int, expected: str) -> None:
    devices = _devices()
    devices.disks.insert(index, Disk.parse("<disk type='x'/>"))
    assert _types(devices) == list(expected)


def test_replacing_keeps_the_place() -> None:
    devices = _devices()
    devices.disks[1] = Disk.parse("<disk type='x'/>")
    assert [device.kind for device in devices.all()] == ["disk", "hostdev", "disk", "disk"]
    assert _types(devices) == ["a", "x", "c"]


def test_slices_can_be_assigned() -> None:
    devices = _devices()
    devices.disks[1:] = [Disk.parse(f"<disk type='{kind}'/>") for kind in "xyz"]
    assert _types(devices) == ["a", "x", "y", "z"]


def test_reversing_moves_the_elements() -> None:
    devices = _devices()
    first = devices.disks[0]
    devices.disks = list(reversed(devices.disks))
    first.serial = "still a view"
    assert devices.disks[2].serial == "still a view"


def test_removes_the_very_element_not_its_twin() -> None:
    devices = Devices.parse("<devices><disk/><hub/><disk/></devices>")
    devices.disks.remove(devices.disks[1])
    assert [device.kind for device in devices.all()] == ["disk", "hub"]


def test_removing_what_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="not in the list"):
        _devices().disks.remove(Disk.file("/a.raw"))


def test_clearing_leaves_the_rest() -> None:
    devices = _devices()
    devices.disks.clear()
    assert [device.kind for device in devices.all()] == ["hostdev"]


def test_compares_with_lists() -> None:
    assert Devices(disks=[Disk.file("/a.raw")]).disks == [Disk.file("/a.raw")]


def test_another_kind_is_refused_and_nothing_changes() -> None:
    devices = _devices()
    with pytest.raises(XMLError, match="disks cannot hold DomainConfig"):
        setattr(devices, DISKS, [Disk(), DomainConfig()])
    assert _types(devices) == ["a", "b", "c"]


def test_an_item_of_another_kind_is_refused() -> None:
    devices = _devices()
    with pytest.raises(XMLError, match="disks cannot hold int"):
        methodcaller("__setitem__", 0, 5)(devices.disks)
    with pytest.raises(XMLError, match="disks cannot hold int"):
        methodcaller("__setitem__", slice(0, 1), 5)(devices.disks)
    assert _types(devices) == ["a", "b", "c"]


def test_a_view_given_twice_is_copied() -> None:
    disk = Disk.file("/a.raw")
    devices = Devices(disks=[disk, disk])
    assert len(devices.disks) == 2
    devices.disks = [devices.disks[1], devices.disks[1], devices.disks[1]]
    assert len(devices.disks) == 3


def test_a_device_of_an_unknown_kind_can_be_pickled(repickle: Callable[[View], View]) -> None:
    unknown = list(_devices().all())[1]
    assert repickle(unknown) == unknown
    assert unknown.kind == "hostdev"
