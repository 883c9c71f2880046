"""Verbs about devices against a real libvirtd: the same as virsh's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from clirun import Done
from diskguests import DEVICES, MAC
from labsamples import disk, guest_xml
from libvirtlab import Lab, run_virsh

pytestmark = pytest.mark.real

Run = Callable[..., Done]
Both = Callable[..., tuple[str, str]]


@pytest.fixture
def guest(lab_run: Run, tmp_path: Path) -> Iterator[str]:
    """A running guest with a disk, a drive and an interface; gone at the end."""
    path = tmp_path / "guest.xml"
    image = disk(tmp_path / "vda.qcow2", size="4M")
    path.write_text(guest_xml("plug1", disks=(image,), devices=DEVICES))
    assert lab_run("define", str(path)).status == 0
    assert lab_run("start", "plug1").status == 0
    yield "plug1"
    if lab_run("domid", "plug1").out.strip() != "-":
        assert lab_run("destroy", "plug1").status == 0
    assert lab_run("undefine", "plug1").status == 0


def canonical(text: str) -> str:
    return ET.canonicalize(text, strip_text=True)


DISKS = [
    ("/images/b.qcow2", "sdb", "--targetbus", "scsi", "--subdriver", "qcow2"),
    (
        *("/images/b.qcow2", "vdb", "--driver", "qemu", "--cache", "none", "--io", "threads"),
        *("--serial", "S1", "--wwn", "5000c50015ea71aa", "--alias", "ua-b", "--mode", "shareable"),
        *("--address", "pci:0000.00.07.0", "--multifunction", "--iothread", "1", "--rawio"),
    ),
    ("/dev/null", "vdc", "--sourcetype", "block", "--mode", "readonly"),
    ("", "sdc", "--type", "cdrom"),
    ("/images/b.raw", "sdc", "--address", "usb:1.2"),
    ("/images/b.raw", "sdc", "--address", "scsi:0.1.3"),
    ("/images/b.raw", "sdc", "--address", "sata:0.0.4"),
    ("/images/b.raw", "hdb", "--address", "ide:0.1.0"),
    ("/images/b.raw", "vdc", "--address", "ccw:fe.0.1a"),
    (
        *("pool/img", "vdc", "--source-protocol", "nbd", "--source-host-name", "h:10809"),
        *("--source-host-transport", "tcp"),
    ),
    (
        *("img", "vdc", "--source-protocol", "nbd", "--source-host-transport", "unix"),
        *("--source-host-socket", "/run/nbd"),
    ),
]


INTERFACES = [
    ("bridge", "br0"),
    (
        *("network", "default", "--model", "virtio", "--mac", "52:54:00:11:22:55"),
        *("--inbound", "100,200,300", "--outbound", "10", "--alias", "ua-n", "--target", "t0"),
        *("--script", "/x"),
    ),
    ("direct", "eth0"),
    ("hostdev", "0000:00:19.0", "--managed"),
    ("vhostuser", "/run/s", "--source-mode", "server"),
]


def test_documents_are_written_as_virsh_writes_them(lab_run: Run, lab: Lab, guest: str) -> None:
    for verb, forms in (("attach-disk", DISKS), ("attach-interface", INTERFACES)):
        for options in forms:
            words = (verb, guest, *options, "--print-xml")
            done = lab_run(*words)
            assert canonical(done.out) == canonical(run_virsh(lab, *words)), done.err


def test_a_disk_comes_and_goes(
    lab_run: Run, both: Both, lab: Lab, guest: str, tmp_path: Path
) -> None:
    image = str(disk(tmp_path / "b.qcow2", size="1M"))
    words = ("sdb", "--targetbus", "scsi", "--subdriver", "qcow2", "--persistent")
    assert lab_run("attach-disk", guest, image, *words).out == "Disk attached successfully\n"
    assert "sdb" in run_virsh(lab, "domblklist", guest, "--inactive")
    ours, theirs = both("detach-disk", guest, "sdb", "--print-xml")
    assert ours.replace("<backingStore></backingStore>", "") == theirs
    done = lab_run("detach-disk", guest, "sdb", "--config")
    assert done.out == "Disk detached successfully\n"
    assert "sdb" not in run_virsh(lab, "domblklist", guest, "--inactive")
    done = lab_run("detach-disk", guest, "sdz")
    assert (done.status, done.err.splitlines()[-1]) == (1, "hint: it has: vda, sda, sdb")


def test_devices_from_files(lab_run: Run, lab: Lab, guest: str, tmp_path: Path) -> None:
    path = tmp_path / "more.xml"
    path.write_text(
        "<interface type='user'><mac address='52:54:00:11:22:44'/><alias name='ua-m'/></interface>"
    )
    done = lab_run("attach-device", guest, str(path), "--config")
    assert done.out == "Device attached successfully\n"
    done = lab_run("detach-device-alias", guest, "ua-m", "--config")
    assert done.out == "Device with alias 'ua-m' detach request sent successfully\n"
    assert lab_run("attach-device", guest, str(path), "--config").status == 0
    done = lab_run("detach-device", guest, str(path), "--config")
    assert done.out == "Device detached successfully\n"
    path.write_text(
        f"<interface type='user'><mac address='{MAC}'/><link state='down'/></interface>"
    )
    done = lab_run("update-device", guest, str(path), "--config")
    assert done.out == "Device updated successfully\n"
    assert run_virsh(lab, "domif-getlink", guest, MAC, "--config").strip() == f"{MAC} down"


def test_interfaces_come_and_go(lab_run: Run, both: Both, lab: Lab, guest: str) -> None:
    ours, theirs = both("detach-interface", guest, "user", "--mac", MAC, "--print-xml")
    assert canonical(ours) == canonical(theirs)
    done = lab_run("attach-interface", guest, "network", "none1", "--config")
    assert done.out == "Interface attached successfully\n"
    assert "none1" in run_virsh(lab, "domiflist", guest, "--inactive")
    done = lab_run("detach-interface", guest, "network", "--config")
    assert done.out == "Interface detached successfully\n"
    done = lab_run("detach-interface", guest, "network")
    assert (done.status, f"hint: it has: user {MAC}" in done.err) == (1, True)


def test_links(lab_run: Run, both: Both, guest: str) -> None:
    for state, where in (("down", ()), ("up", ()), ("down", ("--config",))):
        done = lab_run("domif-setlink", guest, MAC, state, *where)
        assert done.out == "Device updated successfully\n", done.err
        ours, theirs = both("domif-getlink", guest, MAC, *where)
        assert (ours, theirs) == (f"{MAC} {state}", f"{MAC} {state}")
    ours, theirs = both("domif-setlink", guest, MAC, "down", "--print-xml")
    assert canonical(ours) == canonical(theirs)
    assert lab_run("domif-setlink", guest, "nosuch", "up").status == 1


def test_media(lab_run: Run, both: Both, lab: Lab, guest: str, tmp_path: Path) -> None:
    medium = tmp_path / "cd.iso"
    medium.write_bytes(bytes(4096))
    ours, theirs = both("change-media", guest, "sda", str(medium), "--insert", "--print-xml")
    assert canonical(ours) == canonical(theirs)
    for words in ((str(medium), "--insert"), (str(medium), "--update"), (str(medium),)):
        done = lab_run("change-media", guest, "sda", *words)
        assert done.status == 0, done.err
        assert str(medium) in run_virsh(lab, "domblklist", guest)
    done = lab_run("change-media", guest, "sda", str(medium), "--insert")
    assert (done.status, "already has media" in done.err) == (1, True)
    done = lab_run("change-media", guest, "sda", "--eject")
    assert done.out == "Successfully ejected media.\n"
    assert str(medium) not in run_virsh(lab, "domblklist", guest)
    assert lab_run("change-media", guest, "vda", str(medium)).status == 1


WRONG = [
    ("change-media", "sda"),
    ("change-media", "sda", "x", "--eject"),
    ("change-media", "sda", "x", "--insert", "--update"),
    ("attach-disk", "x", "vdb", "--current", "--live"),
    ("attach-disk", "x", "vdb", "--current", "--persistent"),
    ("attach-disk", "x", "vdb", "--address", "pci:0000.00.07"),
    ("attach-disk", "x", "vdb", "--address", "shelf:1.2.3"),
    ("attach-interface", "hostdev", "eth0"),
    ("attach-interface", "network", "n", "--outbound", "1,2,3,4"),
    ("attach-interface", "network", "n", "--inbound", "fast"),
]


def test_what_excludes_each_other_is_refused(lab_run: Run, guest: str) -> None:
    for verb, *rest in WRONG:
        assert lab_run(verb, guest, *rest).status == 2, rest
