"""Devices of the host that the guest is given: PCI cards and, on desktops, what is plugged by USB.

libvirt's translation leaves them out.  The address of a card is decimal in all its parts, as ESX
writes it: 00000:129:00.0 is 0000:81:00.0 to Linux.  A card that the host chooses has none, and
stands in no domain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aiovirt.config import DomainConfig, PciHostdev, PciHostSource, UsbHostdev
from aiovirt.config.shared.pci import PciPlace
from aiovirt.drivers.common.vmx.section import Section, present
from aiovirt.drivers.common.vmx.translation import Known, Reading, Writing, wrong
from aiovirt.model.addresses import PciAddress

__all__ = ["PCI", "USB", "pci_numbers", "read", "usb_numbers", "write"]

PCI = "pciPassthru"
USB = "usb.autoConnect.device"

_USB_DEVICES = 32
_PCI_ID = re.compile(r"([0-9]{1,5}):([0-9]{1,3}):([0-9]{1,2})\.([0-7])")
_USB_ID = re.compile(
    r"(?:vid:|0x)(?P<vendor>[0-9a-f]{1,4})(?: pid:|:0x)(?P<product>[0-9a-f]{1,4})(?: .*)?"
)


def read(reading: Reading, config: DomainConfig) -> None:
    """Tell of all of them, where it is asked for.

    Raises:
        ConfigError: An address cannot be.
    """
    if not reading.extended:
        return
    for _, address in _cards(reading):
        if address is not None:
            source = PciHostSource(address=PciPlace.of(address))
            card = PciHostdev(mode="subsystem", type="pci", source=source)
            config.devices.hostdevs.append(card)
    for _, found in _plugged(reading):
        if found is not None:
            vendor, product = int(found["vendor"], 16), int(found["product"], 16)
            config.devices.hostdevs.append(UsbHostdev.of(vendor, product))


def _cards(reading: Reading) -> Iterator[tuple[int, PciAddress | None]]:
    for number, section in present(reading.vmx, PCI):
        yield number, _address(section) if section.text("id") else None


def _address(section: Section) -> PciAddress:
    said = section.needed("id")
    found = _PCI_ID.fullmatch(said)
    domain, bus, slot, function = (0, 0, 0, 0) if found is None else map(int, found.groups())
    highest = PciAddress.HIGHEST
    if found is None or bus > highest["bus"] or slot > highest["slot"]:
        section.refuse_value("id", said, "decimal numbers such as 00000:129:00.0")
    return PciAddress(domain, bus, slot, function)


def _plugged(reading: Reading) -> Iterator[tuple[int, re.Match[str] | None]]:
    """What stands in the list; a device that is named by the place where it is plugged is None."""
    own = reading.section()
    for number in range(_USB_DEVICES):
        said = own.word(f"{USB}{number}")
        if said:
            yield number, _USB_ID.fullmatch(said)


def pci_numbers(reading: Reading) -> Known:
    """By what each card of a file is known when that is changed, its address, and its number.

    Raises:
        ConfigError: An address cannot be.
    """
    cards = _cards(reading)
    return [(None if address is None else str(address), number) for number, address in cards]


def usb_numbers(reading: Reading) -> Known:
    """By what each device of USB is known when a file is changed, its numbers, and its place."""
    plugged = _plugged(reading)
    return [(None if found is None else _id(*found.groups()), number) for number, found in plugged]


def _id(vendor: str, product: str) -> str:
    return f"0x{vendor:0>4}:0x{product:0>4}"


def write(writing: Writing, config: DomainConfig) -> None:
    """Write all of them.

    Raises:
        XMLError: VMware passes no such device through.
    """
    places, plugged = [], []
    for device in config.devices.hostdevs:
        if isinstance(device, PciHostdev):
            places.append(device.source.address.value)
        elif isinstance(device, UsbHostdev):
            plugged.append(_id_of(device))
        else:
            raise wrong(device, f"VMware passes no device of type {device.type!r} through")
    _write_cards(writing, places)
    for number, each in zip(writing.numbers.assign(USB, plugged), plugged, strict=True):
        writing.section().put(f"{USB}{number}", each)


def _write_cards(writing: Writing, places: list[PciAddress]) -> None:
    assigned = writing.numbers.assign(PCI, [str(place) for place in places])
    for at, number in zip(places, assigned, strict=True):
        section = writing.section(f"{PCI}{number}")
        section.say(present=True, id=f"{at.domain:05d}:{at.bus:03d}:{at.slot:02d}.{at.function}")


def _id_of(device: UsbHostdev) -> str:
    source = device.source
    if source.vendor is None or source.product is None:
        expected = "<vendor/> and <product/>"
        raise wrong(device, "the device is named by its place", expected=expected)
    return _id(f"{source.vendor:x}", f"{source.product:x}")
