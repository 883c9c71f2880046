"""Verbs about snapshots, checkpoints, backups and migration: the same data as virsh's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from clirun import Both, Run
from labsamples import disk, guest_xml
from libvirtlab import Lab, LabError, run_virsh
from libvirtlab.fixtures import run_new_lab

pytestmark = pytest.mark.real


@pytest.fixture
def run(lab_run: Run) -> Run:
    """Run one command on the lab."""
    return lab_run


@pytest.fixture
def guest(run: Run, lab: Lab, tmp_path: Path) -> Iterator[str]:
    """A running guest with a disk, gone at the end with all that is kept of it."""
    path = tmp_path / "guest.xml"
    path.write_text(guest_xml("web1", disks=(disk(tmp_path / "vda.qcow2", size="4M"),)))
    assert run("define", str(path)).status == 0
    assert run("start", "web1").status == 0
    yield "web1"
    if "web1" in run("list", "-o", "name").out:
        assert run("destroy", "web1").status == 0
    run_virsh(lab, "undefine", "web1", "--snapshots-metadata", "--checkpoints-metadata")


@pytest.fixture
def tree(run: Run, guest: str) -> str:
    """Its snapshots: s1, from it s2 and s3, and from s2 s4."""
    for name, above in (("s1", None), ("s2", None), ("s4", None), ("s3", "s1")):
        if above:
            assert run("snapshot-revert", guest, above).status == 0
        done = run("snapshot-create-as", guest, name, f"the {name}")
        assert done.out == f"Domain snapshot {name} created\n"
    return guest


LISTS = [
    (),
    ("--tree",),
    ("--parent",),
    ("--name",),
    ("--roots",),
    ("--leaves",),
    ("--no-leaves",),
    ("--from", "s1"),
    ("--from", "s1", "--descendants"),
    ("--from", "s1", "--tree"),
    ("--from", "s1", "--tree", "--descendants"),
    ("--current", "--name"),
    ("--active",),
    ("--inactive", "--name"),
    ("--internal",),
    ("--external", "--disk-only", "--name"),
    ("--metadata",),
]


def test_lists_as_virsh_shows_them(both: Both, tree: str) -> None:
    for options in LISTS:
        ours, theirs = both("snapshot-list", tree, *options)
        assert ours == theirs, options


def test_one_snapshot_as_virsh_shows_it(both: Both, run: Run, tree: str) -> None:
    for command in (
        ("snapshot-info", tree, "s2"),
        ("snapshot-info", tree, "--current"),
        ("snapshot-parent", tree, "s4"),
        ("snapshot-current", tree, "--name"),
    ):
        ours, theirs = both(*command)
        assert ours == theirs, command
    ours, theirs = both("snapshot-dumpxml", tree, "s2")
    assert ET.canonicalize(ours) == ET.canonicalize(theirs)
    done = run("snapshot-parent", tree, "s1")
    assert (done.status, "does not have a parent" in done.err) == (1, True)


def test_setting_and_deleting(run: Run, lab: Lab, tree: str) -> None:
    assert run("snapshot-current", tree, "s2").out == "Snapshot s2 set as current\n"
    assert run_virsh(lab, "snapshot-current", tree, "--name").strip() == "s2"
    assert run("snapshot-delete", tree, "--current").out == "Domain snapshot s2 deleted\n"
    done = run("snapshot-delete", tree, "s1", "--children-only")
    assert done.out == "Domain snapshot s1 children deleted\n"
    assert run("snapshot-list", tree, "-o", "name").out == "s1\n"
    assert run("snapshot-delete", tree).status == 2


def test_a_snapshot_from_a_file(run: Run, guest: str, tmp_path: Path) -> None:
    path = tmp_path / "snap.xml"
    path.write_text("<domainsnapshot><name>f1</name></domainsnapshot>")
    done = run("snapshot-create", guest, str(path))
    assert done.out == f"Domain snapshot f1 created from '{path}'\n"
    again = tmp_path / "again.xml"
    again.write_text(run("snapshot-dumpxml", guest, "f1", "--security-info").out)
    assert run("snapshot-create", guest, str(again), "--redefine", "--current").status == 0
    (kept,) = run("snapshot-list", guest, "-o", "json").json
    assert (kept["name"], kept["state"], kept["parent"]) == ("f1", "running", None)


SPECS = ("--diskspec", "vda,snapshot=external,driver=qcow2,file=/x,,y", "--memspec", "file=/m")


def test_documents_from_options(run: Run, lab: Lab, guest: str) -> None:
    for command in (
        ("snapshot-create-as", guest, "p1", "why & how", "--print-xml", *SPECS),
        ("checkpoint-create-as", guest, "p1", "--print-xml", "--diskspec", "vda,bitmap=b"),
    ):
        ours = run(*command).out
        theirs = run_virsh(lab, *command)
        assert ET.canonicalize(ours, strip_text=True) == ET.canonicalize(theirs, strip_text=True)
    done = run("snapshot-create-as", guest, "--print-xml", "--diskspec", "vda,nonsense=1")
    assert (done.status, "nonsense" in done.err) == (2, True)


def test_editing_a_record(
    run: Run, guest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("snapshot-create-as", guest, "s1", "before")
    run("checkpoint-create-as", guest, "c1", "before")
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i s/before/after/ $1\n")
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    done = run("snapshot-edit", guest, "s1")
    assert done.out == "Snapshot 's1' XML configuration edited\n", done.err
    assert "after" in run("snapshot-dumpxml", guest, "s1").out
    assert run("snapshot-edit", guest, "--current").out.endswith("not changed\n")


def test_checkpoints_as_virsh_shows_them(both: Both, run: Run, guest: str) -> None:
    assert run("checkpoint-create-as", guest, "c1").out == "Domain checkpoint c1 created\n"
    assert run("checkpoint-create-as", guest, "c2", "--diskspec", "vda").status == 0
    for options in LISTS[:7]:
        ours, theirs = both("checkpoint-list", guest, *options)
        assert ours == theirs, options
    for command in (("checkpoint-info", guest, "c1"), ("checkpoint-parent", guest, "c2")):
        ours, theirs = both(*command)
        assert ours == theirs, command
    ours, theirs = both("checkpoint-dumpxml", guest, "c1", "--no-domain", "--size")
    assert ET.canonicalize(ours) == ET.canonicalize(theirs)
    assert run("checkpoint-delete", guest, "c1", "--children").status == 0
    assert run("checkpoint-list", guest, "-o", "json").json == []


def test_editing_a_checkpoint(
    run: Run, guest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("checkpoint-create-as", guest, "c1", "before")
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i s/before/after/ $1\n")
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    done = run("checkpoint-edit", guest, "c1")
    assert done.out == "Checkpoint 'c1' XML configuration edited\n", done.err
    assert "after" in run("checkpoint-dumpxml", guest, "c1").out


def test_backups(run: Run, guest: str, tmp_path: Path) -> None:
    assert run("backup-dumpxml", guest).status == 1
    assert run("backup-begin", guest, "--wait").out == "Backup completed\n"
    path = tmp_path / "backup.xml"
    path.write_text(
        f"<domainbackup mode='pull'><server transport='unix' socket='{tmp_path}/nbd'/>"
        f"<disks><disk name='vda' type='file'><scratch file='{tmp_path}/scratch'/></disk></disks>"
        "</domainbackup>"
    )
    done = run("backup-begin", guest, str(path))
    assert done.out == "Backup started\n", done.err
    assert "mode='pull'" in run("backup-dumpxml", guest).out.replace('"', "'")


def test_limits_of_a_move(both: Both, run: Run, guest: str) -> None:
    assert run("migrate-setspeed", guest, "7").status == 0
    assert run("migrate-setmaxdowntime", guest, "300").status == 0
    for command in ("migrate-getspeed", "migrate-getmaxdowntime"):
        ours, theirs = both(command, guest)
        assert ours == theirs
    assert run("migrate-compcache", guest, "--size", "67108864", "-o", "name").out == "67108864\n"
    assert run("migrate-compcache", guest).out == "Compression cache: 64.00 MiB\n"
    assert run("migrate-postcopy", guest).status == 1


@pytest.fixture(scope="module")
def other_lab() -> Iterator[Lab]:
    """Run a second libvirtd beside the session's."""
    with ExitStack() as stack:
        yield run_new_lab(stack)


def test_moving(run: Run, other_lab: Lab, guest: str, tmp_path: Path) -> None:
    there = other_lab.uri("unix")
    place = ("--migrateuri", f"unix://{tmp_path}/move", "--unsafe")
    try:
        done = run("migrate", "--live", guest, there, *place, "--dname", "web2")
        assert done.out == f"Domain '{guest}' migrated\n", done.err
        assert run_virsh(other_lab, "list", "--name").split() == ["web2"]
        run_virsh(other_lab, "destroy", "web2")
        assert run("start", guest).status == 0
        done = run("migrate", "--live", "--p2p", guest, there, *place, "--bandwidth", "100")
        assert done.out == f"Domain '{guest}' migrated\n", done.err
        run_virsh(other_lab, "destroy", guest)
        assert run("migrate", "--offline", "--persistent", guest, there).status == 0
        assert run_virsh(other_lab, "list", "--all", "--name").split() == [guest]
        assert run("migrate", "--tunnelled", guest, there).status == 2
    finally:
        for verb in ("destroy", "undefine"):
            with suppress(LabError):  # it is not there, or is off
                run_virsh(other_lab, verb, guest)
