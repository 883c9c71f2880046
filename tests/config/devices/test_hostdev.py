"""Devices of the host that a guest is given."""

from __future__ import annotations

from uuid import UUID

import pytest

from aiovirt.config import (
    Devices,
    Hostdev,
    MdevHostdev,
    PciHostdev,
    ScsiHostdev,
    UsbHostdev,
    problems,
)
from aiovirt.model.addresses import PciAddress

MDEV = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"


def _one(xml: str) -> Hostdev:
    return Devices.parse(f"<devices>{xml}</devices>").hostdevs[0]


def test_a_card_is_named_by_its_place() -> None:
    card = PciHostdev.at("0000:04:00.0")
    assert (card.source.address.value, card.managed) == (PciAddress(bus=4), True)


def test_a_usb_device_is_named_by_its_numbers() -> None:
    assert "<vendor id='0x1d6b'/>" in UsbHostdev.of(0x1D6B, 2).to_xml()


def test_numbers_of_usb_may_be_decimal() -> None:
    device = _one("<hostdev type='usb'><source><address bus='3' device='0x04'/></source></hostdev>")
    assert isinstance(device, UsbHostdev)
    assert (device.source.address.bus, device.source.address.device) == (3, 4)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("pci", PciHostdev), ("usb", UsbHostdev), ("scsi", ScsiHostdev), ("new", Hostdev)],
)
def test_the_type_says_the_class(kind: str, expected: type[Hostdev]) -> None:
    assert type(_one(f"<hostdev type='{kind}'/>")) is expected


def test_a_device_is_of_its_class_among_all_devices() -> None:
    devices = Devices.parse("<devices><hub type='usb'/><hostdev type='usb'/></devices>")
    assert [type(each).__name__ for each in devices.all()] == ["Hub", "UsbHostdev"]


def test_a_mediated_device_has_a_uuid() -> None:
    device = _one(f"<hostdev type='mdev'><source><address uuid='{MDEV}'/></source></hostdev>")
    assert isinstance(device, MdevHostdev)
    assert device.uuid == UUID(MDEV)


def test_what_another_class_has_is_a_problem() -> None:
    device = f"<hostdev type='pci'><source><address uuid='{MDEV}'/></source></hostdev>"
    (problem,) = problems(Devices.parse(f"<devices>{device}</devices>"))
    assert "@uuid means nothing where type is 'pci'" in str(problem)
