"""What libvirt leaves out, both ways."""

from __future__ import annotations

import pytest
from vmxsamples import told, written

from aiovirt.errors import ConfigError, XMLError

EXTRAS = (
    "sound.present = TRUE",
    "sound.virtualDev = hdaudio",
    "usb.present = TRUE",
    "usb_xhci.present = TRUE",
    "vtpm.present = TRUE",
    "bios.bootOrder = cdrom, ethernet2, hdd,ethernet",
    "bios.bootDelay = 100000",
    "hpet0.present = TRUE",
    "sched.mem.pin = TRUE",
)


def test_devices_are_told_of() -> None:
    devices = told(*EXTRAS).devices
    assert [sound.model for sound in devices.sounds] == ["ich6"]
    models = [(each.index, each.model) for each in devices.controllers]
    assert models == [(0, "piix4-uhci"), (1, "nec-xhci")]
    (tpm,) = devices.tpms
    assert (tpm.model, tpm.backend.type, tpm.backend.version) == ("tpm-crb", "emulator", "2.0")


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
        ("bios.bootDelay = long", "bios.bootDelay"),
        ("usb.present = 7", "usb.present"),
    ],
)
def test_what_cannot_be_names_its_key(line: str, key: str) -> None:
    with pytest.raises(ConfigError, match=f"{key}: "):
        told(line, "sound.present = TRUE")


def test_all_of_it_is_written_again() -> None:
    devices = "".join(told(*EXTRAS).to_xml().partition("<devices>")[2].partition("</devices>")[0])
    vmx = written(devices=devices)
    expected = {
        "sound.virtualDev": "hdaudio",
        "usb.present": "true",
        "usb_xhci.present": "true",
        "vtpm.present": "true",
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
    ],
)
def test_what_vmware_has_not_is_refused(devices: str, message: str) -> None:
    with pytest.raises(XMLError, match=message):
        written(devices=devices)
