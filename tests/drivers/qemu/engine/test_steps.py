"""What a running QEMU is told that gets what the start would have given it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from qemuvalues import S390, X86, completed, small

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.devices import device_of
from aiovirt.drivers.qemu.argv import Resources, Tap
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.devices import family_for
from aiovirt.drivers.qemu.engine.pluggable import check_pluggable
from aiovirt.drivers.qemu.engine.plugging import with_device
from aiovirt.drivers.qemu.engine.steps import Step, more_words, steps_of
from aiovirt.errors import Unsupported

PORTS = "<controller type='pci' model='pcie-root-port'/>" * 6
DISK = (
    "<disk type='file'><driver name='qemu' type='raw'/><source file='/i'/>"
    "<target dev='vdz' bus='virtio'/></disk>"
)


def steps(device: str, machine: str = "q35", taps: dict[str, Tap] | None = None) -> list[Step]:
    """What plugging a device into a guest takes."""
    binary = S390 if machine == "s390-ccw-virtio" else X86
    config = completed(small(PORTS if machine == "q35" else "", machine=machine), binary)
    after, added, extra = with_device(config, device_of(device))
    resources = replace(Resources.imagined(after, Path("/run/guest")), taps=taps or {})
    guests = (Guest(each, binary, resources, family_for(each)) for each in (config, after))
    kinds = {each.kind for each in (added, *extra)}
    return list(steps_of(more_words(kinds, *guests)))


def names(found: list[Step]) -> list[str]:
    return [step.command for step in found]


def test_a_disk_is_its_nodes_and_then_its_device() -> None:
    found = steps(DISK)
    assert names(found) == ["blockdev-add", "blockdev-add", "device_add"]
    assert [step.undo and step.undo[0] for step in found] == ["blockdev-del", "blockdev-del", None]


def test_what_the_guest_has_already_is_not_told_again() -> None:
    assert "balloon0" not in {step.arguments.get("id") for step in steps(DISK)}


def test_limits_that_disks_share_go_before_the_filter() -> None:
    tuned = DISK.replace(
        "</disk>",
        "<iotune><total_iops_sec>9</total_iops_sec><group_name>g</group_name></iotune></disk>",
    )
    assert names(steps(tuned)) == ["blockdev-add"] * 2 + [
        "object-add",
        "blockdev-add",
        "device_add",
    ]


def test_a_controller_that_is_needed_comes_along_before_the_device() -> None:
    scsi = DISK.replace("vdz", "sdz").replace("virtio", "scsi")
    found = steps(scsi, "pc")
    assert [each.arguments["driver"] for each in found[-2:]] == ["lsi", "scsi-hd"]


def test_a_function_of_s390x_gets_its_numbers_first_and_loses_them_alone() -> None:
    card = """<hostdev mode='subsystem' type='pci'><source>
    <address domain='0' bus='0' slot='0' function='0'/></source></hostdev>"""
    numbers, device = steps(card, "s390-ccw-virtio")
    said = {"driver": "zpci", "uid": 1, "fid": 0, "target": "hostdev0", "id": "zpci1"}
    assert numbers == Step("device_add", said, ("device_del", {"id": "zpci1"}))
    assert (device.arguments["id"], device.undo) == ("hostdev0", None)


def test_descriptors_get_names() -> None:
    card = "<interface type='ethernet'><mac address='52:54:00:00:00:01'/></interface>"
    found = steps(card, taps={"net0": Tap((7, 8), (9, 10))})
    assert names(found) == ["getfd"] * 4 + ["netdev_add", "device_add"]
    assert [step.handed for step in found[:4]] == [7, 8, 9, 10]
    assert found[4].arguments["fds"] == "fds-hostnet0-0:fds-hostnet0-1"
    assert found[4].arguments["vhostfds"] == "vhostfds-hostnet0-0:vhostfds-hostnet0-1"


def test_a_channel_has_its_end_first() -> None:
    channel = "<channel type='pty'><target type='virtio' name='x'/></channel>"
    found = steps(channel)
    assert names(found) == ["chardev-add", "device_add", "device_add"]
    assert found[0].undo == ("chardev-remove", {"id": "charchannel0"})


def test_a_watchdog_says_what_it_does() -> None:
    found = steps("<watchdog model='i6300esb' action='none'/>", "pc")
    assert found[0].command == "watchdog-set-action"
    assert found[0].arguments == {"action": "none"}


@pytest.mark.parametrize(
    "device",
    [
        "<disk type='file'><source file='/i'/><target dev='sda' bus='sata'/></disk>",
        "<video><model type='vga'/></video>",
        "<controller type='pci' model='pcie-root-port'/>",
        "<input type='mouse' bus='ps2'/>",
        "<serial type='pty'><target type='isa-serial'/></serial>",
        "<watchdog model='ib700'/>",
        "<tpm model='tpm-tis'><backend type='emulator'/></tpm>",
    ],
)
def test_what_cannot_come_and_go_is_refused(device: str) -> None:
    with pytest.raises(Unsupported, match="while a domain runs"):
        check_pluggable(device_of(device))


def test_aliases_of_others_stay() -> None:
    config = DomainConfig.parse(completed(small(PORTS)).to_xml())
    after, added, _ = with_device(config, device_of(DISK))
    assert [each.alias for each in after.devices.all() if each.alias != added.alias] == [
        each.alias for each in config.devices.all()
    ]
