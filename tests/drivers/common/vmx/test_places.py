"""Where disks sit, and what they are called there."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aiovirt.config import Disk, DiskTarget
from aiovirt.drivers.common.vmx.places import BUSES, Place, names_of, place_of
from aiovirt.errors import XMLError
from aiovirt.model.addresses import DeviceAddress, DriveAddress, PciAddress

EVERY = [
    place
    for word, bus in BUSES.items()
    for controller in range(bus.controllers)
    for unit in range(bus.wide)
    if (place := Place(word, controller, unit)).is_on(20)
]


def at(dev: str, bus: str, address: DeviceAddress | None = None) -> Place:
    """The place of a disk."""
    return place_of(Disk(type="file", target=DiskTarget(dev=dev, bus=bus), address=address), bus)


@pytest.mark.parametrize(
    ("dev", "prefix"),
    [
        ("sda", "scsi0:0"),
        ("sdg", "scsi0:6"),
        ("sdh", "scsi0:8"),
        ("sdo", "scsi0:15"),
        ("sdp", "scsi1:0"),
        ("sdbh", "scsi3:15"),
        ("hdd", "ide1:1"),
        ("fdb", "floppy1"),
        ("nvme1n3", "nvme1:2"),
    ],
)
def test_names_are_counted_as_libvirt_does(dev: str, prefix: str) -> None:
    bus = {"s": "scsi", "h": "ide", "f": "fdc", "n": "nvme"}[dev[0]]
    place = at(dev, bus)
    assert place.prefix == prefix
    assert names_of([place], unique=False) == {place: dev}


def test_a_unit_above_15_is_named_as_the_first_of_the_next_controller() -> None:
    wide, next_one = Place("scsi", 0, 16), Place("scsi", 1, 0)
    assert names_of([wide], unique=True)[wide] == "sdp"
    assert at("sdp", "scsi", DriveAddress(unit=16)) == wide
    assert names_of([wide, next_one], unique=False) == {wide: "sdp", next_one: "sdp"}
    assert names_of([wide, next_one], unique=True)[next_one] == "sdp"


@given(st.sets(st.sampled_from(EVERY), max_size=40))
@example({Place("sata", 0, 16), Place("scsi", 0, 17), Place("scsi", 2, 48)})
@example(set(EVERY))
def test_names_are_unique_and_lead_back(places: set[Place]) -> None:
    names = names_of(places, unique=True)
    assert len(set(names.values())) == len(places)
    for place, name in names.items():
        address = None if place.bus == "nvme" else place.address
        assert at(name, place.bus, address) == place


def test_libvirts_addresses_of_sata_are_understood() -> None:
    assert at("sdh", "sata", DriveAddress(controller=1, unit=1)) == Place("sata", 0, 7)
    assert at("sdh", "sata", DriveAddress(unit=7)) == Place("sata", 0, 7)


@pytest.mark.parametrize(
    ("dev", "bus", "address"),
    [
        ("sdbi", "scsi", None),
        ("vda", "scsi", None),
        ("hde", "ide", None),
        ("nvme0n0", "nvme", None),
        ("nvme0n1", "scsi", None),
        ("sda", "scsi", DriveAddress(unit=1)),
        ("sdh", "scsi", DriveAddress(unit=7)),
        ("sda", "scsi", DriveAddress(bus=1)),
        ("sda", "scsi", DriveAddress(target=1)),
        ("hda", "ide", DriveAddress(controller=1)),
        ("sda", "scsi", PciAddress()),
    ],
)
def test_a_place_that_is_not_there_is_refused(
    dev: str, bus: str, address: DeviceAddress | None
) -> None:
    with pytest.raises(XMLError, match="<disk>: there is no place for") as caught:
        at(dev, bus, address)
    assert "name it" in (caught.value.hint or "")


def test_older_hardware_has_fewer_places() -> None:
    scsi = [place for place in EVERY if place.bus == "scsi"]
    assert len(scsi) == 4 * 64
    assert len([place for place in scsi if place.is_on(12)]) == 4 * 15


@given(st.sampled_from(EVERY))
def test_places_are_known_by_their_prefixes(place: Place) -> None:
    assert Place.of(place.prefix) == place


@pytest.mark.parametrize("prefix", ["scsi0", "scsi0:", "scsi10:1", "xscsi0:1", "floppy", "ide0:0:"])
def test_other_prefixes_are_no_places(prefix: str) -> None:
    assert Place.of(prefix) is None
