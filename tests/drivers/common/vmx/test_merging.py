"""A file that is changed: what is carried over, what goes, and what stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from vmxsamples import FILES, vmx

from aiovirt.config import Disk, DiskSource, DiskTarget, DomainConfig, Interface, InterfaceSource
from aiovirt.drivers.common.vmx import Vmx, domain_of, merge
from aiovirt.model.units import MiB

SERVER = Path(__file__).with_name("samples") / "server.vmx"
DESKTOP = SERVER.with_name("desktop.vmx")

Change = Callable[[DomainConfig], None]


def changed(original: Vmx, change: Change, *, extended: bool = True) -> Vmx:
    """A file after a change of its domain."""
    config = domain_of(original, FILES, extended=extended)
    change(config)
    return merge(original, config, FILES, extended=extended)


def apart(original: Vmx, new: Vmx) -> dict[str, tuple[str | None, str | None]]:
    """The keys whose values differ, with both."""
    keys = {key.lower() for key in (*original, *new)}
    pairs = {key: (original.get(key), new.get(key)) for key in keys}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def test_what_changes_is_changed_and_nothing_else() -> None:
    original = Vmx.parse(SERVER.read_bytes())

    def grow(config: DomainConfig) -> None:
        config.memory = config.current_memory = MiB(8192)
        config.description = "Bigger"

    assert apart(original, changed(original, grow)) == {
        "memsize": ("4096", "8192"),
        "sched.mem.max": ("3072", None),
        "annotation": ("The first database\nAsk before you stop it", "Bigger"),
    }


def test_a_disk_that_goes_takes_all_its_keys_along() -> None:
    original = Vmx.parse(SERVER.read_bytes())

    def remove(config: DomainConfig) -> None:
        del config.disks[0]

    found = apart(original, changed(original, remove))
    assert set(found) == {
        *(f"scsi0:0.{key}" for key in ("present", "devicetype", "filename")),
        *(f"sched.scsi0:0.{key}" for key in ("shares", "throughputcap")),
    }


def test_bridges_stay_when_the_last_disk_goes() -> None:
    original = Vmx.parse(SERVER.read_bytes())

    def empty(config: DomainConfig) -> None:
        config.disks = None

    new = changed(original, empty)
    assert (new.get("pciBridge0.present"), new.get("vmci0.present")) == ("TRUE", "TRUE")
    assert "scsi0.pciSlotNumber" not in new


def test_a_disk_that_comes_has_nothing_of_what_was_there_before() -> None:
    original = vmx("ide0:0.present = FALSE", "ide0:0.mode = undoable", "ide0:0.redo = x")

    def add(config: DomainConfig) -> None:
        target, source = DiskTarget(dev="hda", bus="ide"), DiskSource(file="/a.vmdk")
        config.disks.append(Disk(type="file", target=target, source=source))

    new = changed(original, add)
    assert (new.get("ide0:0.fileName"), "ide0:0.mode" in new) == ("/a.vmdk", False)


def test_a_controller_that_held_nothing_keeps_what_it_is() -> None:
    original = vmx("scsi1.present = TRUE", "scsi1.virtualDev = pvscsi", "scsi1.pciSlotNumber = 9")

    def add(config: DomainConfig) -> None:
        target, source = DiskTarget(dev="sdp", bus="scsi"), DiskSource(file="/a.vmdk")
        config.disks.append(Disk(type="file", target=target, source=source))

    new = changed(original, add)
    assert (new.get("scsi1.virtualDev"), new.get("scsi1.pciSlotNumber")) == ("pvscsi", "9")
    assert new.get("scsi1:0.fileName") == "/a.vmdk"


CARDS = (
    "ethernet1.present = TRUE",
    "ethernet1.generatedAddress = 00:0c:29:00:00:01",
    "ethernet1.pciSlotNumber = 33",
    "ethernet4.present = TRUE",
    "ethernet4.generatedAddress = 00:0c:29:00:00:04",
    "ethernet4.pciSlotNumber = 36",
)


def test_cards_keep_their_numbers_by_their_addresses() -> None:
    original = vmx(*CARDS)

    def reverse(config: DomainConfig) -> None:
        config.interfaces.reverse()
        config.interfaces[0].model = "e1000"

    found = apart(original, changed(original, reverse))
    assert found == {"ethernet4.virtualdev": (None, "e1000")}


def test_a_card_that_goes_takes_its_number_along() -> None:
    original = vmx(*CARDS)

    def remove(config: DomainConfig) -> None:
        del config.interfaces[0]

    new = changed(original, remove)
    assert [key for key in new if key.startswith("ethernet")] == [
        *(f"ethernet4.{key}" for key in ("present", "generatedAddress", "pciSlotNumber"))
    ]


def test_a_card_with_another_address_is_the_same_card() -> None:
    original = vmx(*CARDS)

    def readdress(config: DomainConfig) -> None:
        config.interfaces[0].mac = "00:50:56:00:00:01"
        config.interfaces.append(Interface(type="user"))

    new = changed(original, readdress)
    assert (new.get("ethernet1.address"), new.get("ethernet1.pciSlotNumber")) == (
        "00:50:56:00:00:01",
        "33",
    )
    assert new.get("ethernet0.connectionType") == "nat"


def test_a_card_without_an_address_gets_one_and_not_anothers() -> None:
    lines = [f"ethernet{number}.present = TRUE" for number in (2, 5)]
    original = vmx(*lines, "ethernet2.pciSlotNumber = 32", "ethernet5.pciSlotNumber = 35")

    def connect(config: DomainConfig) -> None:
        card = config.interfaces[1]
        card.type, card.source = "bridge", InterfaceSource(bridge="b")

    new = changed(original, connect)
    assert (new.get("ethernet5.networkName"), "ethernet2.networkName" in new) == ("b", False)


def test_a_folder_that_is_switched_off_keeps_its_number() -> None:
    original = Vmx.parse(DESKTOP.read_bytes())

    def share(config: DomainConfig) -> None:
        folder = config.devices.filesystems[0].copy()
        folder.target = "Videos"
        config.devices.filesystems.append(folder)

    new = changed(original, share)
    names = [new.get(f"sharedFolder{number}.guestName") for number in range(4)]
    assert names == ["Documents", "Music", "Pictures", "Videos"]
    assert (new.get("sharedFolder1.enabled"), new.get("sharedFolder.maxNum")) == ("FALSE", "4")


def test_what_libvirt_does_not_tell_of_stays_where_it_is_the_measure() -> None:
    original = Vmx.parse(DESKTOP.read_bytes())

    def rename(config: DomainConfig) -> None:
        config.name = "New laptop"

    new = changed(original, rename, extended=False)
    assert apart(original, new) == {"displayname": ("Old laptop", "New laptop")}


@pytest.mark.parametrize(
    ("change", "prefix"),
    [
        (lambda config: config.devices.sounds.clear(), "sound."),
        (lambda config: config.devices.filesystems.clear(), "sharedFolder0."),
        (lambda config: config.devices.hostdevs.clear(), "usb.autoConnect."),
        (lambda config: config.controllers.clear(), "ehci."),
    ],
)
def test_extras_that_go_are_gone(change: Change, prefix: str) -> None:
    new = changed(Vmx.parse(DESKTOP.read_bytes()), change)
    assert not [key for key in new if key.startswith(prefix)]


def test_a_drive_that_becomes_another_keeps_what_is_of_the_place() -> None:
    original = vmx(
        "ide0:0.present = TRUE",
        "ide0:0.deviceType = atapi-cdrom",
        "ide0:0.autodetect = TRUE",
        "ide0:0.fileName = auto detect",
        "ide0:0.startConnected = FALSE",
    )

    def insert(config: DomainConfig) -> None:
        config.disks[0].type = "file"
        config.disks[0].source = DiskSource(file="/a.iso")

    assert apart(original, changed(original, insert)) == {
        "ide0:0.devicetype": ("atapi-cdrom", "cdrom-image"),
        "ide0:0.autodetect": ("TRUE", None),
        "ide0:0.filename": ("auto detect", "/a.iso"),
    }
