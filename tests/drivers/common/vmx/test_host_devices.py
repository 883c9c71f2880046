"""Devices of the host, both ways, and in a file that is changed."""

from __future__ import annotations

import pytest
from vmxsamples import FILES, told, vmx, written

from aiovirt.config import DomainConfig, PciHostdev, UsbHostdev
from aiovirt.drivers.common.vmx import domain_of, merge
from aiovirt.errors import ConfigError, XMLError

PCI = ("pciPassthru1.present = TRUE", "pciPassthru1.id = 00000:129:31.7")
CHOSEN = ("pciPassthru0.present = TRUE", "pciPassthru0.vgpu = grid_t4-2q")
USB = (
    "usb.autoConnect.device0 = path:5/7 autoclean:1",
    "usb.autoConnect.device1 =",
    "usb.autoConnect.device2 = vid:03e7 pid:2485 autoclean:0",
    "usb.autoConnect.device3 = 0xbda:0x9210",
)


def cards(config: DomainConfig) -> list[str]:
    """The addresses of the cards."""
    found = [each for each in config.devices.hostdevs if isinstance(each, PciHostdev)]
    return [str(each.source.address.value) for each in found]


def plugged(config: DomainConfig) -> list[tuple[int | None, int | None]]:
    """The numbers of what is plugged by USB."""
    found = [each.source for each in config.devices.hostdevs if isinstance(each, UsbHostdev)]
    return [(each.vendor, each.product) for each in found]


def test_cards_have_decimal_addresses() -> None:
    assert cards(told(*PCI, *CHOSEN)) == ["0000:81:1f.7"]


def test_what_is_plugged_is_known_by_its_numbers() -> None:
    assert plugged(told(*USB)) == [(0x03E7, 0x2485), (0x0BDA, 0x9210)]


def test_libvirt_tells_of_none() -> None:
    assert not told(*PCI, *USB, extended=False).devices.hostdevs


@pytest.mark.parametrize("value", ["0000:8a:00.0", "00000:256:00.0", "00000:001:32.0", "81:0"])
def test_an_address_that_cannot_be_names_its_key(value: str) -> None:
    with pytest.raises(ConfigError, match=r"line 5, pciPassthru1\.id: "):
        told(PCI[0], f"pciPassthru1.id = {value}")


def test_they_are_written() -> None:
    devices = told(*PCI, *USB).to_xml().partition("<devices>")[2].partition("</devices>")[0]
    found = written(devices=devices)
    assert found.get("pciPassthru0.id") == "00000:129:31.7"
    assert found.get("usb.autoConnect.device0") == "0x03e7:0x2485"
    assert found.get("usb.autoConnect.device1") == "0x0bda:0x9210"
    assert found.get("pciBridge4.virtualDev") == "pcieRootPort"


AT_A_PLACE = "<source><address bus='1' device='2'/></source>"


@pytest.mark.parametrize(
    ("devices", "message"),
    [
        ("<hostdev mode='subsystem' type='scsi'><source/></hostdev>", "no device of type 'scsi'"),
        (f"<hostdev mode='subsystem' type='usb'>{AT_A_PLACE}</hostdev>", "named by its place"),
    ],
)
def test_others_are_refused(devices: str, message: str) -> None:
    with pytest.raises(XMLError, match=message):
        written(devices=devices)


def test_those_that_no_domain_tells_of_keep_their_numbers() -> None:
    original = vmx(*CHOSEN, *USB)
    config = domain_of(original, FILES)
    config.devices.hostdevs.append(PciHostdev.at("0000:04:00.0"))
    config.devices.hostdevs.append(UsbHostdev.of(0x1234, 0x5678))
    new = merge(original, config, FILES)
    assert (new.get("pciPassthru0.vgpu"), "pciPassthru0.id" in new) == ("grid_t4-2q", False)
    assert new.get("pciPassthru1.id") == "00000:004:00.0"
    found = [new.get(f"usb.autoConnect.device{number}") for number in range(4)]
    kept = ["path:5/7 autoclean:1", "vid:03e7 pid:2485 autoclean:0", "0xbda:0x9210"]
    assert found == [kept[0], "0x1234:0x5678", *kept[1:]]


def test_one_that_goes_is_gone_alone() -> None:
    original = vmx(*USB)
    config = domain_of(original, FILES)
    del config.devices.hostdevs[0]
    new = merge(original, config, FILES)
    assert "usb.autoConnect.device2" not in new
    assert new.get("usb.autoConnect.device3") == "0xbda:0x9210"
