"""Verbs about disks and the jobs on them against a real libvirtd: the same as virsh's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from clirun import Done
from diskguests import DEVICES
from labsamples import disk, guest_xml
from libvirtlab import Lab, run_virsh

pytestmark = pytest.mark.real

Run = Callable[..., Done]
Both = Callable[..., tuple[str, str]]


@pytest.fixture
def guest(lab_run: Run, tmp_path: Path) -> Iterator[str]:
    """A running guest with a disk and an empty drive; gone at the end."""
    path = tmp_path / "guest.xml"
    image = disk(tmp_path / "vda.qcow2", size="4M")
    path.write_text(guest_xml("blocks1", disks=(image,), devices=DEVICES))
    assert lab_run("define", str(path)).status == 0
    assert lab_run("start", "blocks1").status == 0
    yield "blocks1"
    assert lab_run("destroy", "blocks1").status == 0
    assert lab_run("undefine", "blocks1").status == 0


def image(lab: Lab, guest: str) -> str:
    """The image that the disk has now."""
    (line,) = [line for line in run_virsh(lab, "domblklist", guest).splitlines() if "vda" in line]
    return Path(line.split()[1]).name


SHOWN = [
    ("domblkinfo", "vda"),
    ("domblkinfo", "vda", "--human"),
    ("domblkinfo", "--all"),
    ("domblkinfo", "--all", "--human"),
    ("domblkerror",),
    ("blkdeviotune", "vda"),
    ("blkdeviotune", "vda", "--config"),
]


def test_shown_as_virsh_shows_it(both: Both, lab_run: Run, guest: str) -> None:
    for verb, *rest in SHOWN:
        ours, theirs = both(verb, guest, *rest)
        assert ours == theirs, rest
    assert lab_run("blockjob", guest, "vda").out == "No current block job for vda\n"


def test_sizes(lab_run: Run, guest: str) -> None:
    done = lab_run("blockresize", guest, "vda", "8192")
    assert done.out == "Block device 'vda' is resized\n"
    (info, _) = lab_run("domblkinfo", guest, "--all", "-o", "json").json
    assert (info["name"], info["capacity"]) == ("vda", 8 * 1024**2)
    assert lab_run("blockresize", guest, "vda", "8x").status == 1
    assert lab_run("domblkinfo", guest).status == 2
    assert lab_run("domblkthreshold", guest, "vda", "1M").status == 0


def test_limits(lab_run: Run, both: Both, guest: str) -> None:
    words = ("--total-bytes-sec", "1M", "--read-iops-sec", "7", "--group-name", "slow", "--live")
    assert lab_run("blkdeviotune", guest, "vda", *words).status == 0
    ours, theirs = both("blkdeviotune", guest, "vda")
    assert ours == theirs
    assert "total_bytes_sec: 1048576" in ours
    assert "group_name : slow" in ours


def test_a_copy(lab_run: Run, both: Both, lab: Lab, guest: str, tmp_path: Path) -> None:
    copy = str(tmp_path / "copy.qcow2")
    words = ("blockcopy", guest, "vda", copy, "--format", "qcow2", "--transient-job", "--print-xml")
    ours, theirs = both(*words)
    assert ET.canonicalize(ours, strip_text=True) == ET.canonicalize(theirs, strip_text=True)
    done = lab_run("blockcopy", guest, "vda", copy, "--wait", "--bandwidth", "2000")
    assert done.out == "Now in mirroring phase\n", done.err
    for options in ((), ("--raw",), ("--bytes",)):
        ours, theirs = both("blockjob", guest, "vda", *options)
        # virsh writes the part before the limit to its standard error.
        assert ours.removeprefix("Block Copy: [100 %] ") == theirs
    assert lab_run("blockjob", guest, "vda", "--bandwidth", "5").status == 0
    ours, theirs = both("blockjob", guest, "vda")
    assert ours.endswith("Bandwidth limit: 5242880 bytes/s (5.000 MiB/s)")
    assert ours.endswith(theirs)
    job = lab_run("blockjob", guest, "vda", "-o", "json").json
    assert (job["type"], job["bandwidth"]) == ("Block Copy", 5 * 1024**2)
    assert lab_run("blockjob", guest, "vda", "--abort").status == 0
    assert image(lab, guest) == "vda.qcow2"


def test_a_copy_to_its_end(lab_run: Run, lab: Lab, guest: str, tmp_path: Path) -> None:
    path = tmp_path / "copy.xml"
    path.write_text(
        f"<disk type='file'><source file='{tmp_path}/copy.qcow2'/><driver type='qcow2'/></disk>"
    )
    done = lab_run("blockcopy", guest, "vda", "--xml", str(path), "--finish")
    assert done.out == "Successfully copied\n", done.err
    assert image(lab, guest) == "vda.qcow2"
    (tmp_path / "copy.qcow2").unlink()
    done = lab_run("blockcopy", guest, "vda", "--xml", str(path), "--pivot")
    assert done.out == "Successfully pivoted\n", done.err
    assert image(lab, guest) == "copy.qcow2"


def overlay(lab: Lab, guest: str, path: Path) -> None:
    spec = f"vda,snapshot=external,file={path}"
    words = ("--disk-only", "--no-metadata", "--diskspec", spec, "--diskspec", "sda,snapshot=no")
    run_virsh(lab, "snapshot-create-as", guest, "above", *words)


def test_commits_and_pulls(lab_run: Run, lab: Lab, guest: str, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        overlay(lab, guest, tmp_path / f"{name}.qcow2")
    middle = str(tmp_path / "one.qcow2")
    done = lab_run("blockcommit", guest, "vda", "--top", middle, "--wait")
    assert done.out == "Commit complete\n", done.err
    done = lab_run("blockcommit", guest, "vda", "--active", "--shallow", "--wait")
    assert done.out == "Now in synchronized phase\n", done.err
    assert lab_run("blockjob", guest, "vda", "--pivot").status == 0
    assert image(lab, guest) == "two.qcow2"
    done = lab_run("blockcommit", guest, "vda", "--keep-overlay")
    assert done.out == "Commit complete, overlay image kept\n", done.err
    done = lab_run("blockpull", guest, "vda", "--wait")
    assert done.out == "Pull complete\n", done.err
    overlay(lab, guest, tmp_path / "four.qcow2")
    done = lab_run("blockcommit", guest, "vda", "--pivot")
    assert done.out == "Successfully pivoted\n", done.err
    assert image(lab, guest) == "two.qcow2"


WRONG = [
    ("blockcopy", "vda"),
    ("blockcopy", "vda", "x", "--pivot", "--finish"),
    ("blockcopy", "vda", "--xml", "x", "--blockdev"),
    ("blockcommit", "vda"),
    ("blockcommit", "vda", "--top", "x", "--active"),
    ("blockcommit", "vda", "--pivot", "--keep-overlay"),
    ("blockjob", "vda", "--abort", "--info"),
    ("domblkinfo", "vda", "--all"),
]


def test_what_excludes_each_other_is_refused(lab_run: Run, guest: str) -> None:
    for verb, *rest in WRONG:
        assert lab_run(verb, guest, *rest).status == 2, rest
