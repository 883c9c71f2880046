"""Devices on their way into a running guest: their names and their places."""

from __future__ import annotations

import pytest
from qemuvalues import X86, completed, small

from aiovirt.drivers.common.devices import device_of
from aiovirt.drivers.qemu.devices import complete
from aiovirt.drivers.qemu.engine.plugging import with_device
from aiovirt.errors import InvalidState, XMLError

DISK = "<disk type='file'><source file='/b.raw'/><target dev='sdb' bus='scsi'/></disk>"
CARD = "<interface type='user'><mac address='52:54:00:00:00:09'/><model type='virtio'/></interface>"


def test_a_plugged_device_gets_name_and_place_and_others_keep_theirs() -> None:
    running = completed(small(CARD, machine="pc"))
    running.interfaces[0].alias = "net3"
    changed, added, extra = with_device(running, device_of(CARD.replace("09", "0a")))
    assert [each.alias for each in changed.interfaces] == ["net3", "net1"]
    assert added.address is not None
    assert not extra


def test_a_name_that_a_user_gives_is_not_given_twice() -> None:
    named = CARD.replace("</interface>", "<alias name='ua-card'/></interface>")
    running, added, _ = with_device(completed(small(machine="pc")), device_of(named))
    assert added.alias == "ua-card"
    with pytest.raises(XMLError, match="another device has the alias 'ua-card'"):
        with_device(running, device_of(named.replace("09", "0a")))


def test_a_controller_comes_with_the_disk_that_needs_it() -> None:
    _, added, extra = with_device(completed(small(machine="pc")), device_of(DISK))
    assert added.alias == "scsi0-0-1"
    assert [each.type for each in extra] == ["scsi"]


def test_a_root_port_cannot_be_plugged() -> None:
    full, _, _ = with_device(completed(small(CARD)), device_of(CARD.replace("09", "0a")))
    with pytest.raises(InvalidState, match="no free PCI slot"):
        with_device(full, device_of(CARD.replace("09", "0b")))


ROOM = """
<controller type='scsi' model='virtio-scsi'/><controller type='usb' model='qemu-xhci'/>
<controller type='virtio-serial'/><smartcard mode='host'/><disk type='file'><source file='/a.raw'/>
<target dev='sda' bus='scsi'/></disk><channel type='pty'><target type='virtio' name='a'/></channel>
<serial type='pty'/><graphics type='vnc'/><input type='tablet' bus='usb'/>
<hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host0'/>
<address bus='0' target='0' unit='0'/></source></hostdev>
"""
MODULES = (
    "<maxMemory slots='4' unit='MiB'>2048</maxMemory>"
    "<cpu><numa><cell id='0' cpus='0' memory='64' unit='MiB'/></numa></cpu>"
)
PLUGGED = {
    "disk": "<disk type='file'><source file='/b.raw'/><target dev='vdb' bus='virtio'/></disk>",
    "SCSI disk": DISK,
    "USB disk": "<disk type='file'><source file='/b'/><target dev='sdc' bus='usb'/></disk>",
    "card": CARD,
    "channel": "<channel type='unix'><target type='virtio' name='b'/></channel>",
    "console": "<console type='pty'><target type='virtio'/></console>",
    "serial port": "<serial type='pty'><target type='pci-serial' port='1'/></serial>",
    "module": "<memory model='dimm'><target><size unit='MiB'>128</size><node>0</node></target>"
    "</memory>",
    "tablet": "<input type='tablet' bus='usb'/>",
    "mouse": "<input type='mouse' bus='virtio'/>",
    "SCSI device": "<hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host0'/>"
    "<address bus='0' target='1' unit='0'/></source></hostdev>",
    "redirection": "<redirdev bus='usb' type='tcp'><source mode='connect' host='a' service='9'/>"
    "</redirdev>",
    "random numbers": "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>",
    "watchdog": "<watchdog model='i6300esb' action='none'/>",
    "socket": "<vsock model='virtio'><cid auto='no' address='9'/></vsock>",
    "controller": "<controller type='scsi' model='virtio-scsi' index='5'/>",
}


@pytest.mark.parametrize("what", PLUGGED)
def test_a_guest_is_complete_with_what_is_plugged(what: str) -> None:
    running = completed(small(ROOM, machine="pc", more=MODULES))
    changed, _, _ = with_device(running, device_of(PLUGGED[what]))
    again = changed.copy()
    complete(again, X86)
    assert again.to_xml(secure=True) == changed.to_xml(secure=True)
