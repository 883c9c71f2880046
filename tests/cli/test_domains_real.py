"""Verbs about domains, their figures and names against a real libvirtd: the same as virsh's."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from clirun import Both, Run
from labsamples import container_xml, disk, guest_xml
from libvirtlab import Lab, run_virsh

pytestmark = pytest.mark.real

CARD = "52:54:00:11:22:33"
PORTS = "<controller type='pci' model='pcie-root'/>" + (
    8 * "<controller type='pci' model='pcie-root-port'/>"
)
DEVICES = (
    PORTS + "<controller type='scsi' model='virtio-scsi'/>"
    f"<interface type='bridge'><mac address='{CARD}'/><source bridge='lab0'/>"
    "<target dev='cli0'/><model type='virtio'/></interface>"
    "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>"
    "<memballoon model='virtio'/>"
)


@pytest.fixture
def run(lab_run: Run) -> Run:
    """Run one command on the lab."""
    return lab_run


@pytest.fixture
def guest(run: Run, tmp_path: Path) -> Iterator[str]:
    """A guest with a disk above another, which stands still; gone at the end."""
    base = disk(tmp_path / "base.qcow2", size="4M")
    top = tmp_path / "top.qcow2"
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(base), "-F", "qcow2", str(top)]
    subprocess.run(argv, check=True)
    path = tmp_path / "guest.xml"
    path.write_text(guest_xml("cli1", disks=(top,), devices=DEVICES))
    assert run("define", str(path)).status == 0
    assert run("start", "--paused", "cli1").status == 0
    yield "cli1"
    run("destroy", "cli1")
    assert run("undefine", "cli1").status == 0


@pytest.fixture
def idle(run: Run, tmp_path: Path) -> Iterator[str]:
    """A guest that is off."""
    path = tmp_path / "idle.xml"
    path.write_text(guest_xml("cli2"))
    assert run("define", str(path)).status == 0
    yield "cli2"
    assert run("undefine", "cli2").status == 0


SAME = [
    ("domblkstat", "cli1", "vda"),
    ("domblkstat", "cli1", "vda", "--human"),
    ("domblkinfo", "cli1", "vda"),
    ("domblkinfo", "cli1", "vda", "--human"),
    ("domblkinfo", "cli1", "--all"),
    ("domblkerror", "cli1"),
    ("domif-getlink", "cli1", CARD),
    ("domifstat", "cli1", "cli0"),
    ("domcontrol", "cli1"),
    ("domstate", "cli1", "--reason"),
    ("blkdeviotune", "cli1", "vda"),
    ("domid", "cli1"),
    ("domuuid", "cli1"),
    ("domstats", "cli1", "--state", "--interface", "--block", "--balloon"),
    ("domstats", "--list-paused", "--block", "--backing", "--nowait"),
    ("domblklist", "cli1"),
    ("domiflist", "cli1"),
    ("list", "--all", "--without-snapshot"),
    ("list", "--all", "--with-snapshot", "--name"),
    ("list", "--all", "--without-managed-save", "--without-checkpoint", "--title"),
]


@pytest.mark.usefixtures("guest")
@pytest.mark.parametrize("argv", SAME, ids=lambda argv: "-".join(argv[::2]))
def test_what_stands_still_is_told_alike(both: Both, argv: tuple[str, ...]) -> None:
    ours, theirs = (lines.splitlines() for lines in both(*argv))
    # rss and last update come and go between two calls
    moving = re.compile(r"balloon\.(rss|last-update)")
    assert [one for one in ours if not moving.match(one)] == [
        one for one in theirs if not moving.match(one)
    ]


@pytest.mark.usefixtures("guest")
@pytest.mark.parametrize("argv", [("domstats",), ("dommemstat", "cli1"), ("cpu-stats", "cli1")])
def test_what_moves_has_the_same_names(both: Both, argv: tuple[str, ...]) -> None:
    ours, theirs = (lines.splitlines() for lines in both(*argv))
    assert [re.split("[ =]", line)[0] for line in ours] == [
        re.split("[ =]", line)[0] for line in theirs
    ]


@pytest.mark.usefixtures("guest")
def test_figures_for_programs(run: Run) -> None:
    (stats,) = run("domstats", "cli1", "--vcpu", "-o", "json").json
    assert stats["stats"]["vcpu.current"] == 1
    assert run("dommemstat", "cli1", "-o", "json").json["current"] == 64 << 20
    assert run("domcontrol", "cli1", "-o", "json").json["control"] == "ok"
    cpus = run("cpu-stats", "cli1", "--start", "0", "--count", "1", "-o", "json").json
    assert (len(cpus["cpus"]), cpus["total"]) == (1, None)
    assert run("cpu-stats", "cli1", "--total", "-o", "json").json["cpus"] == []


def test_how_often_a_guest_tells_of_its_memory(run: Run, guest: str) -> None:
    done = run("dommemstat", guest, "--period", "7", "--live", "--config")
    assert done.out == f"Domain '{guest}' tells of its memory every 7 s\n"
    for which in ((), ("--inactive",)):
        assert "<stats period='7'/>" in run("dumpxml", guest, *which).out
    assert run("dommemstat", guest, "--period", "-1").status == 2


@pytest.mark.usefixtures("idle")
def test_names_and_notes(run: Run, both: Both) -> None:
    assert run("domrename", "cli2", "cli3").out == "Domain successfully renamed\n"
    assert run("domrename", "cli3", "cli2").status == 0
    assert run("desc", "cli2").out == "No description for domain: cli2\n"
    assert run("desc", "cli2", "--title", "The", "second").status == 0
    assert run("desc", "cli2", "A guest").status == 0
    uri = "http://example.org/1"
    done = run("metadata", "cli2", uri, "--key", "k", "--set", "<a/>")
    assert done.out == "Metadata modified\n"
    for argv in (("desc", "cli2"), ("desc", "cli2", "--title"), ("metadata", "cli2", uri)):
        ours, theirs = both(*argv)
        assert ours == theirs
    assert run("metadata", "cli2", uri, "--remove").out == "Metadata removed\n"
    assert run("metadata", "cli2", uri).status == 1
    assert run("autostart", "cli2", "--once").status == 1


@pytest.mark.usefixtures("guest")
def test_keys_interrupts_and_actions(run: Run) -> None:
    assert run("send-key", "cli1", "--codeset", "xt", "42").status == 0
    assert run("inject-nmi", "cli1").status == 0
    assert run("set-lifecycle-action", "cli1", "crash", "destroy", "--live").status == 0
    assert run("reboot", "cli1", "--mode", "acpi").status in {0, 1}
    assert run("shutdown", "cli1", "--mode", "nosuch").status == 2


def test_native_forms(run: Run, lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "guest.xml"
    path.write_text(guest_xml("cli3"))
    ours = run("domxml-to-native", "qemu-argv", "--xml", str(path))
    theirs = run_virsh(lab, "domxml-to-native", "qemu-argv", "--xml", str(path))
    assert ours.out.split()[:4] == theirs.split()[:4]
    box = tmp_path / "box.conf"
    box.write_text("lxc.uts.name = box\nlxc.rootfs.path = /\n")
    done = run("domxml-from-native", "lxc-tools", str(box), driver="lxc:///system")
    assert "<name>box</name>" in done.out


def test_a_transient_domain(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "box.xml"
    path.write_text(container_xml("clibox"))
    done = run("create", str(path), driver="lxc:///system")
    assert done.out == f"Domain 'clibox' created from {path}\n"
    assert run("destroy", "clibox", driver="lxc:///system").status == 0
