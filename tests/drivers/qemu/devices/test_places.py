"""Places on drives, USB ports and serial buses."""

from __future__ import annotations

import pytest
from qemuvalues import completed, small

from aiovirt.drivers.qemu.devices.order import disk_index
from aiovirt.errors import XMLError
from aiovirt.model.addresses import DriveAddress, UsbAddress, VirtioSerialAddress

DISK = "<disk type='file'><source file='/i'/><target dev='{dev}' bus='{bus}'/>{address}</disk>"
TABLET = "<input type='tablet' bus='usb'/>"
CHANNEL = "<channel type='null'><target type='virtio' name='c{}'/></channel>"


@pytest.mark.parametrize(
    ("dev", "index"),
    [("vda", 0), ("sdz", 25), ("vdaa", 26), ("hdb1", 1), ("x", None), ("sd?", None)],
)
def test_the_place_of_a_disk_follows_from_its_name(dev: str, index: int | None) -> None:
    assert disk_index(dev) == index


@pytest.mark.parametrize(
    ("dev", "bus", "machine", "place"),
    [
        ("hdd", "ide", "pc", DriveAddress(0, 1, 0, 1)),
        ("sdg", "sata", "q35", DriveAddress(1, 0, 0, 0)),
        ("sdh", "scsi", "q35", DriveAddress(1, 0, 0, 0)),
        ("fdb", "fdc", "pc", DriveAddress(0, 0, 0, 1)),
    ],
)
def test_a_disk_gets_the_unit_that_its_name_suggests(
    dev: str, bus: str, machine: str, place: DriveAddress
) -> None:
    device = " device='floppy'" if bus == "fdc" else ""
    text = DISK.format(dev=dev, bus=bus, address="").replace("<disk", f"<disk{device}")
    config = completed(small(text, machine=machine))
    assert config.disks[0].address == place


def test_a_unit_that_is_taken_is_passed_over() -> None:
    given = DISK.format(dev="sdb", bus="sata", address="<address type='drive' unit='0'/>")
    config = completed(small(given + DISK.format(dev="sda", bus="sata", address="")))
    assert config.disks[1].address == DriveAddress(0, 0, 0, 1)


def test_two_disks_at_one_place_are_refused() -> None:
    address = "<address type='drive' unit='3'/>"
    disks = [DISK.format(dev=dev, bus="sata", address=address) for dev in ("sda", "sdb")]
    with pytest.raises(XMLError, match="taken by another device"):
        completed(small("".join(disks)))


def test_a_fifth_ide_disk_is_refused() -> None:
    disks = [DISK.format(dev=f"hd{letter}", bus="ide", address="") for letter in "abcde"]
    with pytest.raises(XMLError, match="no place is left"):
        completed(small("".join(disks), machine="pc"))


def test_a_hub_comes_when_the_ports_are_full() -> None:
    config = completed(small(TABLET * 3, machine="pc"))
    places = [device.address for device in config.inputs]
    assert places == [UsbAddress(0, "2"), UsbAddress(0, "1.1"), UsbAddress(0, "1.2")]
    hubs = [device.address for device in config.devices.all() if device.kind == "hub"]
    assert hubs == [UsbAddress(0, "1")]


def test_port_zero_of_virtio_serial_is_for_the_console() -> None:
    console = "<console type='null'><target type='virtio'/></console>"
    config = completed(
        small("<serial type='null'/>" + CHANNEL.format(0) + "<console type='null'/>" + console)
    )
    assert config.channels[0].address == VirtioSerialAddress(0, 0, 1)
    assert config.consoles[1].address == VirtioSerialAddress(0, 0, 0)


def test_a_second_virtio_serial_controller_comes_when_the_first_is_full() -> None:
    config = completed(small("".join(CHANNEL.format(n) for n in range(31))))
    assert config.channels[30].address == VirtioSerialAddress(1, 0, 1)
    assert len([c for c in config.controllers if c.type == "virtio-serial"]) == 2
