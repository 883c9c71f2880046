"""Device addresses are one typed value in XML."""

from __future__ import annotations

import pytest

from aiovirt.config import Controller, Disk, Hub, problems
from aiovirt.errors import XMLError
from aiovirt.model.addresses import (
    CcidAddress,
    CcwAddress,
    DeviceAddress,
    DriveAddress,
    IsaAddress,
    MmioAddress,
    OtherAddress,
    PciAddress,
    SpaprVioAddress,
    UnassignedAddress,
    UsbAddress,
    VirtioSerialAddress,
)

ROWS: list[tuple[DeviceAddress, str]] = [
    (PciAddress(), "type='pci' domain='0x0000' bus='0x00' slot='0x00' function='0x0'"),
    (
        PciAddress(1, 2, 31, 7, multifunction=True),
        "type='pci' domain='0x0001' bus='0x02' slot='0x1f' function='0x7' multifunction='on'",
    ),
    (DriveAddress(unit=5), "type='drive' controller='0' bus='0' target='0' unit='5'"),
    (VirtioSerialAddress(0, 0, 1), "type='virtio-serial' controller='0' bus='0' port='1'"),
    (CcidAddress(0, 1), "type='ccid' controller='0' slot='1'"),
    (UsbAddress(0, "1.2"), "type='usb' bus='0' port='1.2'"),
    (IsaAddress(0x3F8, 4), "type='isa' iobase='0x3f8' irq='0x4'"),
    (CcwAddress(0xFE, 0, 1), "type='ccw' cssid='0xfe' ssid='0x0' devno='0x0001'"),
    (SpaprVioAddress(0x1000), "type='spapr-vio' reg='0x00001000'"),
    (MmioAddress(), "type='virtio-mmio'"),
    (UnassignedAddress(), "type='unassigned'"),
    (OtherAddress("future", (("a", "1"),)), "type='future' a='1'"),
]


@pytest.mark.parametrize(("address", "attributes"), ROWS)
def test_writes_as_libvirt_does(address: DeviceAddress, attributes: str) -> None:
    device = Controller(type="usb", address=address)
    assert f"<address {attributes}/>" in device.to_xml()


@pytest.mark.parametrize("address", [row[0] for row in ROWS])
def test_reads_what_it_writes(address: DeviceAddress) -> None:
    device = Controller(type="usb", address=address)
    assert Controller.parse(device.to_xml()).address == address


def _with(attributes: str) -> Controller:
    return Controller.parse(f"<controller><address {attributes}/></controller>")


def test_numbers_are_read_as_c_does() -> None:
    assert _with("type='pci' bus='0x1F' slot='010' function='1'").address == PciAddress(
        bus=0x1F, slot=8, function=1
    )


@pytest.mark.parametrize(
    "attributes",
    [
        "type='pci' slot='32'",
        "type='pci' slot='x'",
        "type='pci' slot='09'",
        "type='pci' slot=''",
        "type='pci' multifunction='maybe'",
        "type='drive' unit='-1'",
        "type='ccw' cssid='0xff'",
    ],
)
def test_a_wrong_number_is_an_error_with_its_place(attributes: str) -> None:
    device = _with(attributes)
    with pytest.raises(XMLError) as caught:
        _ = device.address
    assert caught.value.element == "controller/address"
    assert caught.value.expected


@pytest.mark.parametrize(
    ("attributes", "named", "expected"),
    [
        ("type='pci' bus='256'", "bus of a pci address cannot be '256'", "a number, 0 to 255"),
        ("type='pci' slot='zz'", "slot of a pci address cannot be 'zz'", "a number, 0 to 31"),
        ("type='pci' multifunction='maybe'", "multifunction of a pci", "'on' or 'off'"),
        ("type='usb' bus='0' port='x.y'", "port of a usb address", "ports such as 1.2"),
        ("type='usb' port='1'", "bus of a usb address is missing", "a number"),
        ("", "the address has no type", "one of 'pci', 'drive'"),
        ("type='pcii'", "the type of an address cannot be 'pcii'", "one of 'pci', 'drive'"),
    ],
)
def test_a_problem_names_the_attribute_and_what_it_may_be(
    attributes: str, named: str, expected: str
) -> None:
    problem = next(
        problems(Controller.parse(f"<controller type='usb'><address {attributes}/></controller>"))
    )
    assert named in str(problem)
    assert (problem.expected or "").startswith(expected)


def test_an_address_of_an_unknown_type_can_be_read() -> None:
    assert _with("type='future' a='1'").address == OtherAddress("future", (("a", "1"),))


def test_none_lets_the_driver_assign_it() -> None:
    device = _with("type='pci' slot='1'")
    device.address = None
    assert "<address" not in device.to_xml()


def test_a_new_address_leaves_nothing_of_the_old() -> None:
    device = _with("type='pci' slot='1' future='x'")
    device.address = MmioAddress()
    assert "<address type='virtio-mmio'/>" in device.to_xml()


def test_the_same_address_again_changes_nothing() -> None:
    device = Controller.parse(
        "<controller><address type='pci' slot='1'><zpci/></address></controller>"
    )
    device.address = PciAddress(slot=1)
    assert "<zpci/>" in device.to_xml()


def test_what_is_no_address_is_refused() -> None:
    field = "address"  # past the type checker, which would find the mistake
    with pytest.raises(XMLError, match="PciAddress"):
        setattr(Controller(), field, "0000:00:01.0")


def test_text_that_xml_cannot_carry_is_refused_and_nothing_changes() -> None:
    device = Controller(type="usb", address=MmioAddress())
    with pytest.raises(XMLError):
        device.address = UsbAddress(0, "1\0")
    assert device.address == MmioAddress()


def test_a_number_of_s390_stands_in_an_address_of_pci() -> None:
    disk = Disk.parse(
        "<disk><address type='pci'><zpci uid='0x0001' fid='0x00000002'/></address></disk>"
    )
    assert (disk.zpci_uid, disk.zpci_fid) == (1, 2)


def test_a_number_of_s390_elsewhere_is_a_problem() -> None:
    hub = Hub.parse("<hub type='usb'><address type='usb' bus='0'><zpci uid='1'/></address></hub>")
    assert [problem.element for problem in problems(hub)] == ["hub/address/zpci"]
