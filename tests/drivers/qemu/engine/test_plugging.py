"""Devices on their way into a running guest: their names and their places."""

from __future__ import annotations

import pytest
from qemuvalues import completed, small

from aiovirt.drivers.common.devices import device_of
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
