"""What libvirt leaves out, both ways."""

from __future__ import annotations

import pytest
from vmxsamples import told, written

from aiovirt.config import PciHostdev, UsbHostdev
from aiovirt.errors import ConfigError, XMLError

EXTRAS = (
    "sound.present = TRUE",
    "sound.virtualDev = hdaudio",
    "usb.present = TRUE",
    "usb_xhci.present = TRUE",
    "usb.autoConnect.device0 = vid:03e7 pid:2485 autoclean:0",
    "usb.autoConnect.device1 = path:5/7 autoclean:1",
    "usb.autoConnect.device2 = 0x0bda:0x9210",
    "vtpm.present = TRUE",
    "pciPassthru1.present = TRUE",
    "pciPassthru1.id = 00000:129:31.7",
    "bios.bootOrder = cdrom, ethernet2, hdd,ethernet",
    "bios.bootDelay = 100000",
    "hpet0.present = TRUE",
    "sched.mem.pin = TRUE",
)

AT_A_PLACE = "<source><address bus='1' device='2'/></source>"


def test_devices_are_told_of() -> None:
    devices = told(*EXTRAS).devices
    assert [sound.model for sound in devices.sounds] == ["ich6"]
    models = [(each.index, each.model) for each in devices.controllers]
    assert models == [(0, "piix4-uhci"), (1, "nec-xhci")]
    (tpm,) = devices.tpms
    assert (tpm.model, tpm.backend.type, tpm.backend.version) == ("tpm-crb", "emulator", "2.0")


def test_devices_of_the_host_are_told_of() -> None:
    devices = list(told(*EXTRAS).devices.hostdevs)
    usb = [each.source for each in devices if isinstance(each, UsbHostdev)]
    assert [(each.vendor, each.product) for each in usb] == [(0x03E7, 0x2485), (0x0BDA, 0x9210)]
    pci = [str(each.source.address.value) for each in devices if isinstance(each, PciHostdev)]
    assert pci == ["0000:81:1f.7"]


def test_the_rest_is_told_of() -> None:
    config = told(*EXTRAS)
    assert config.os.boot == ("cdrom", "hd", "network")
    assert (config.os.boot_menu, config.os.boot_menu_timeout) == (True, 65535)
    assert [(timer.name, timer.present) for timer in config.clock.timers] == [("hpet", True)]
    assert config.memory_backing.locked


def test_nothing_of_it_is_told_of_where_libvirt_is_the_measure() -> None:
    assert told(*EXTRAS, extended=False).to_xml() == told(extended=False).to_xml()


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("sound.virtualDev = gravis", "sound.virtualDev"),
        ("pciPassthru0.id = 0000:8a:00.0", "pciPassthru0.id"),
        ("pciPassthru0.id = 00000:256:00.0", "pciPassthru0.id"),
        ("pciPassthru0.id = 81:0", "pciPassthru0.id"),
        ("bios.bootDelay = long", "bios.bootDelay"),
        ("usb.present = 7", "usb.present"),
    ],
)
def test_what_cannot_be_names_its_key(line: str, key: str) -> None:
    with pytest.raises(ConfigError, match=f"{key}: "):
        told(line, "sound.present = TRUE", f"pciPassthru0.present = {'pci' in line}")


def test_all_of_it_is_written_again() -> None:
    devices = "".join(told(*EXTRAS).to_xml().partition("<devices>")[2].partition("</devices>")[0])
    vmx = written(devices=devices)
    expected = {
        "sound.virtualDev": "hdaudio",
        "usb.present": "true",
        "usb_xhci.present": "true",
        "usb.autoConnect.device0": "0x03e7:0x2485",
        "usb.autoConnect.device1": "0x0bda:0x9210",
        "vtpm.present": "true",
        "pciPassthru0.id": "00000:129:31.7",
        "pciBridge4.virtualDev": "pcieRootPort",
    }
    assert {key: vmx.get(key) for key in expected} == expected


def test_boot_timers_and_memory_are_written() -> None:
    vmx = written(
        "<memoryBacking><locked/></memoryBacking>"
        "<clock offset='utc'><timer name='hpet' present='yes'/></clock>",
        os="<type>hvm</type><boot dev='cdrom'/><boot dev='network'/>"
        "<bootmenu enable='yes' timeout='3000'/>",
    )
    assert vmx.get("bios.bootOrder") == "cdrom,ethernet"
    assert vmx.get("bios.bootDelay") == "3000"
    assert (vmx.get("hpet0.present"), vmx.get("sched.mem.pin")) == ("true", "true")


def test_the_usual_boot_order_is_not_written() -> None:
    assert "bios.bootOrder" not in written(os="<type>hvm</type><boot dev='hd'/>")


@pytest.mark.parametrize(
    ("devices", "message"),
    [
        ("<sound model='virtio'/>", "the sound card cannot be 'virtio'"),
        (
            "<tpm model='tpm-tis'><backend type='passthrough'/></tpm>",
            "an emulated module of version 2.0 only",
        ),
        ("<hostdev mode='subsystem' type='scsi'><source/></hostdev>", "no device of type 'scsi'"),
        (f"<hostdev mode='subsystem' type='usb'>{AT_A_PLACE}</hostdev>", "named by its place"),
    ],
)
def test_what_vmware_has_not_is_refused(devices: str, message: str) -> None:
    with pytest.raises(XMLError, match=message):
        written(devices=devices)
