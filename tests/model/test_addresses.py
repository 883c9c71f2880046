"""Device addresses know their ranges."""

from __future__ import annotations

import pytest

from aiovirt.errors import ConfigError
from aiovirt.model.addresses import CcwAddress, DriveAddress, PciAddress, VirtioSerialAddress


@pytest.mark.parametrize("text", ["0000:00:1f.2", "0001:ff:00.7"])
def test_pci_text_round_trips(text: str) -> None:
    assert str(PciAddress.parse(text)) == text


def test_the_pci_domain_may_be_left_out() -> None:
    assert PciAddress.parse("03:00.1") == PciAddress(bus=3, function=1)


@pytest.mark.parametrize("text", ["", "1f.2", "00:1f.8", "00:20.0", "0000:00:1f", "x"])
def test_refuses_what_is_no_pci_address(text: str) -> None:
    with pytest.raises(ConfigError):
        PciAddress.parse(text)


def test_all_zero_means_anywhere_on_pci() -> None:
    assert PciAddress().is_unassigned
    assert not PciAddress(slot=1).is_unassigned


def test_names_the_number_that_is_out_of_range() -> None:
    with pytest.raises(ConfigError, match="slot is 32") as caught:
        PciAddress(slot=32)
    assert caught.value.field == "slot"


def test_refuses_negative_numbers() -> None:
    with pytest.raises(ConfigError):
        DriveAddress(unit=-1)


def test_what_the_driver_chooses_has_no_range() -> None:
    assert VirtioSerialAddress().port is None
    assert CcwAddress().devno is None
