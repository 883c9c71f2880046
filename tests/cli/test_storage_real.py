"""Verbs about storage and secrets against a real libvirtd: the same data as virsh's."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from clirun import Both, Run, on_terminal, squeezed
from libvirtlab import Lab, LabError, run_virsh
from storagelab import MIB, folder, pool_xml, volume_xml

import aiovirt
from aiovirt.cli import main

pytestmark = pytest.mark.real


@pytest.fixture
def run(lab_run: Run) -> Run:
    """Run one command on the lab."""
    return lab_run


@pytest.fixture
def images(run: Run, lab: Lab) -> Iterator[str]:
    """A pool with a volume of a mebibyte, which is gone at the end."""
    path = folder(lab, "images")
    path.mkdir(parents=True)
    # by virsh, which does it all in one process, a tenth of the time
    made = f"pool-define-as images dir --target {path}; pool-start images"
    run_virsh(lab, f"{made}; vol-create-as images disk 1M --allocation 0")
    yield "images"
    for volume in run("vol-list", "images", "-o", "name").out.split():
        run("vol-delete", volume, "--pool", "images")
    run_virsh(lab, "pool-destroy images; pool-delete images; pool-undefine images")


def test_a_pool_is_made_and_removed(run: Run, lab: Lab) -> None:
    path = folder(lab, "own")
    path.mkdir(parents=True)
    assert run("pool-define-as", "own", "dir", "--target", str(path)).status == 0
    assert run("pool-start", "own").status == 0
    assert run("vol-create-as", "own", "disk", "1M", "--allocation", "0").status == 0
    assert run("vol-delete", "disk", "--pool", "own").status == 0
    assert run("pool-destroy", "own").status == 0
    assert run("pool-delete", "own").out == "Pool own deleted\n"
    assert run("pool-undefine", "own").out == "Pool own has been undefined\n"


@pytest.fixture
def secret(run: Run, tmp_path: Path) -> Iterator[str]:
    """A secret for a volume."""
    path = tmp_path / "secret.xml"
    path.write_text("<secret><usage type='volume'><volume>/images/disk</volume></usage></secret>")
    uuid = run("secret-define", str(path), "-o", "name").out.strip()
    yield uuid
    assert run("secret-undefine", uuid).out == f"Secret {uuid} deleted\n"


HERE = {"PYTHONPATH": str(Path(aiovirt.__file__).parents[1])}
"""The environment in which a new process finds the program that is tested."""


def aiovirt_at(lab: Lab, *argv: str) -> list[str]:
    """The command line of the program as a process of its own."""
    return [sys.executable, "-m", "aiovirt", "--connect", lab.uri("unix"), *argv]


SAME = [
    ("pool-list",),
    ("pool-list", "--all"),
    ("pool-list", "--inactive"),
    ("pool-list", "--all", "--details"),
    ("pool-list", "--all", "--name"),
    ("pool-list", "--uuid"),
    ("pool-list", "--type", "dir,netfs"),
    ("pool-list", "--type", "logical"),
    ("pool-list", "--persistent", "--no-autostart"),
    ("pool-list", "--transient"),
    ("pool-info", "images"),
    ("pool-info", "images", "--bytes"),
    ("pool-dumpxml", "images"),
    ("pool-dumpxml", "images", "--inactive"),
    ("pool-uuid", "images"),
    ("pool-capabilities",),
    ("vol-list", "images"),
    ("vol-list", "images", "--details"),
    ("vol-info", "disk", "--pool", "images"),
    ("vol-info", "disk", "--pool", "images", "--bytes"),
    ("vol-info", "disk", "images", "--bytes", "--physical"),
    ("vol-dumpxml", "disk", "--pool", "images"),
    ("vol-key", "disk", "--pool", "images"),
    ("vol-path", "disk", "--pool", "images"),
]


@pytest.mark.usefixtures("images")
@pytest.mark.parametrize("argv", SAME, ids=" ".join)
def test_it_says_what_virsh_says(both: Both, argv: tuple[str, ...]) -> None:
    ours, virshs = both(*argv)
    assert ours == virshs


@pytest.mark.usefixtures("images")
@pytest.mark.parametrize("argv", [("vol-name",), ("vol-pool",), ("vol-pool", "--uuid")])
def test_a_volume_is_named_by_its_path(both: Both, lab: Lab, argv: tuple[str, ...]) -> None:
    ours, virshs = both(*argv, str(folder(lab, "images") / "disk"))
    assert ours == virshs


def test_a_pool_is_named_by_its_uuid(run: Run, both: Both, images: str) -> None:
    uuid = run("pool-uuid", images).out.strip()
    assert both("pool-name", uuid) == ("images", "images")


HEADED = [
    (("pool-list",), "Name State Autostart"),
    (
        ("pool-list", "--details"),
        "Name State Autostart Persistent Capacity Allocation Available",
    ),
    (("vol-list", "images"), "Name Path"),
    (("vol-list", "images", "--details"), "Name Path Type Capacity Allocation"),
    (("secret-list",), "UUID Usage"),
]


@pytest.mark.usefixtures("images", "secret")
@pytest.mark.parametrize(("argv", "words"), HEADED)
def test_headings_are_virshs(run: Run, argv: tuple[str, ...], words: str) -> None:
    assert run(*argv).out.splitlines()[0].split() == words.split()


DOCUMENTS = [
    ("pool-define-as", "p", "dir", "--target", "/p", "--print-xml"),
    (
        *("pool-create-as", "p", "netfs", "--source-host", "nas", "--source-path", "/x"),
        *("--target", "/p", "--source-format", "nfs", "--source-protocol-ver", "4.1"),
        *("--auth-type", "chap", "--auth-username", "u", "--secret-usage", "s", "--print-xml"),
    ),
    (
        *("pool-define-as", "p", "scsi", "--adapter-wwnn", "2", "--adapter-wwpn", "3"),
        *("--adapter-parent", "scsi_host3", "--target", "/dev/disk", "--print-xml"),
    ),
    ("pool-define-as", "p", "scsi", "--adapter-name", "host1", "--print-xml"),
    (
        *("pool-define-as", "p", "iscsi-direct", "--source-host", "h", "--source-dev", "d"),
        *("--source-initiator", "iqn.x", "--source-name", "n", "--print-xml"),
    ),
    (
        *("vol-create-as", "images", "v", "3G", "--allocation", "1M", "--format", "qcow2"),
        *("--backing-vol", "disk", "--backing-vol-format", "raw", "--print-xml"),
    ),
]


def tree(text: str) -> object:
    """A document without the order of what stands beside each other."""

    def of(element: ET.Element) -> object:
        below = sorted(map(of, element), key=repr)
        attributes = sorted(element.attrib.items())
        return element.tag, attributes, (element.text or "").strip(), below

    return of(ET.fromstring(text))  # noqa: S314 - our own


@pytest.mark.usefixtures("images")
@pytest.mark.parametrize("argv", DOCUMENTS, ids=lambda argv: " ".join(argv[:3]))
def test_documents_are_virshs(both: Both, argv: tuple[str, ...]) -> None:
    ours, virshs = both(*argv)
    assert tree(ours) == tree(virshs)


def test_a_pool_from_a_file(run: Run, lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "pool.xml"
    path.write_text(pool_xml(lab, "filed"))
    assert run("pool-define", str(path)).out == f"Pool filed defined from {path}\n"
    assert run("pool-build", "filed").out == "Pool filed built\n"
    assert run("pool-autostart", "filed").out == "Pool filed marked as autostarted\n"
    assert run("pool-info", "filed", "-o", "json").json["autostart"] is True
    assert "Capacity" not in run("pool-info", "filed").out
    assert run("pool-autostart", "filed", "--disable").out.split()[2] == "unmarked"
    assert run("pool-undefine", "filed", "-o", "json").json["result"] == "undefined"
    assert run("pool-create", str(path)).out == f"Pool filed created from {path}\n"
    assert run("pool-refresh", "filed").out == "Pool filed refreshed\n"
    assert run("pool-destroy", "filed").status == 0


def test_a_pool_is_edited(
    run: Run, images: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s,</pool>,<!-- seen --></pool>," "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    assert run("pool-edit", images).out == "Pool 'images' XML configuration edited\n"
    monkeypatch.setenv("VISUAL", "true")
    assert run("pool-edit", images).out == "Pool 'images' XML configuration not changed\n"


def test_sources_that_are_not_there_are_an_error(run: Run, lab: Lab) -> None:
    done = run("find-storage-pool-sources-as", "netfs", "127.0.0.1")
    with pytest.raises(LabError):
        run_virsh(lab, "find-storage-pool-sources-as", "netfs", "127.0.0.1")
    assert done.status == 1
    assert "127.0.0.1" in done.err


def test_sources_of_the_test_driver(
    lab: Lab, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    uri = lab.uri("unix", "test:///default")
    spec = tmp_path / "spec.xml"
    spec.write_text("<source><host name='nas'/></source>")
    for argv in (
        ("find-storage-pool-sources", "netfs", str(spec)),
        ("find-storage-pool-sources-as", "netfs", "nas"),
    ):
        assert main(["-c", uri, *argv]) == 0
        virshs = run_virsh(lab, *argv, driver="test:///default")
        assert squeezed(capfd.readouterr().out) == squeezed(virshs)


# --- volumes --------------------------------------------------------------------------------------


def test_a_volume_from_a_file(run: Run, images: str, tmp_path: Path) -> None:
    path = tmp_path / "volume.xml"
    path.write_text(volume_xml("filed", MIB))
    assert run("vol-create", images, str(path)).out == f"Vol filed created from {path}\n"
    path.write_text(volume_xml("copied", MIB))
    done = run("vol-create-from", images, str(path), "filed", "--inputpool", images)
    assert done.out == "Vol copied created from input vol filed\n"


def test_a_volume_is_cloned_resized_and_wiped(run: Run, images: str) -> None:
    argv = ("--pool", images)
    assert run("vol-clone", "disk", "twin", *argv).out == "Vol twin cloned from disk\n"
    done = run("vol-resize", "twin", "2M", *argv)
    assert done.out == "Size of volume 'twin' successfully changed to 2M\n"
    done = run("vol-resize", "twin", "-1M", "--delta", "--shrink", *argv)
    assert done.out == "Size of volume 'twin' successfully changed by -1M\n"
    assert run("vol-info", "twin", *argv, "-o", "json").json["capacity"] == MIB
    assert run("vol-wipe", "twin", *argv).out == "Vol twin wiped\n"
    assert run("vol-delete", "twin", *argv).out == "Vol twin deleted\n"


@pytest.mark.parametrize("sparse", [(), ("--sparse",)], ids=["whole", "sparse"])
def test_files_go_in_and_out_as_with_virsh(
    run: Run, images: str, lab: Lab, tmp_path: Path, sparse: tuple[str, ...]
) -> None:
    data, ours, virshs = (tmp_path / name for name in ("data", "ours", "virshs"))
    data.write_bytes(bytes(MIB // 2) + os.urandom(MIB // 2))
    argv = ("--pool", images, *sparse)
    assert run("vol-upload", "disk", str(data), *argv, "-o", "json").json["size"] == MIB
    assert run("vol-download", "disk", str(ours), *argv).status == 0
    run_virsh(lab, "vol-download", "disk", str(virshs), *argv)
    assert ours.read_bytes() == virshs.read_bytes() == data.read_bytes()
    part = ("--offset", str(MIB // 2), "--length", "100")
    assert run("vol-download", "disk", str(ours), *argv, *part).status == 0
    assert ours.read_bytes() == data.read_bytes()[MIB // 2 :][:100]


def test_a_bar_shows_how_far_it_is(images: str, lab: Lab, tmp_path: Path) -> None:
    argv = ("vol-download", "disk", str(tmp_path / "copy"), "--pool", images)
    with on_terminal(*aiovirt_at(lab, *argv), **HERE) as program:
        assert program.finish() == 0
    assert b"downloading disk [" in program.seen
    assert b"1.0 of 1.0 MiB" in program.seen


MISTAKES = [
    (("vol-info", "disk"), "give its pool with --pool"),
    (("vol-info", "none", "--pool", "images"), "aiovirt vol-list images"),
    (("pool-start", "none"), "aiovirt pool-list --all"),
    (("vol-resize", "disk", "-1M", "--pool", "images"), "--delta --shrink"),
    (("vol-resize", "disk", "much", "--pool", "images"), "capacity"),
    (("pool-list", "--type", "cloud"), "known: dir"),
    (("vol-wipe", "disk", "--pool", "images", "--algorithm", "fire"), "none of zero"),
]


@pytest.mark.usefixtures("images")
@pytest.mark.parametrize(("argv", "advice"), MISTAKES, ids=lambda value: str(value)[:30])
def test_a_mistake_gets_advice(run: Run, argv: tuple[str, ...], advice: str) -> None:
    done = run(*argv)
    assert done.status in {1, 2}
    assert advice in done.err


def test_a_pool_that_is_off_is_named(run: Run, images: str) -> None:
    run("pool-destroy", images)
    done = run("vol-info", "disk", "--pool", images)
    assert "hint: aiovirt pool-start images" in done.err
    assert run("pool-start", images).status == 0


# --- secrets --------------------------------------------------------------------------------------


def test_a_secret_is_listed_as_by_virsh(both: Both, secret: str) -> None:
    ours, virshs = both("secret-list")
    assert ours == virshs == f"{secret} volume /images/disk"
    for option in ("--private", "--ephemeral", "--no-private", "--no-ephemeral"):
        ours, virshs = both("secret-list", option)
        assert ours == virshs
    ours, virshs = both("secret-dumpxml", secret)
    assert ours == virshs


VALUE = bytes(range(256))


@pytest.mark.parametrize("plain", [False, True])
def test_a_value_comes_from_a_file(
    run: Run, both: Both, secret: str, tmp_path: Path, *, plain: bool
) -> None:
    path = tmp_path / "value"
    path.write_bytes(VALUE if plain else base64.encodebytes(VALUE))
    option = ("--plain",) if plain else ()
    done = run("secret-set-value", secret, "--file", str(path), *option)
    assert done.out == "Secret value set\n"
    ours, virshs = both("secret-get-value", secret)
    assert ours == virshs == base64.b64encode(VALUE).decode()


def test_a_value_comes_out_as_it_is(lab: Lab, run: Run, secret: str, tmp_path: Path) -> None:
    (tmp_path / "value").write_bytes(VALUE)
    run("secret-set-value", secret, "--plain", "--file", str(tmp_path / "value"))
    command = aiovirt_at(lab, "secret-get-value", secret, "--plain")
    assert subprocess.run(command, capture_output=True, check=True, env=HERE).stdout == VALUE


def test_a_value_on_the_command_line_is_warned_of(run: Run, secret: str) -> None:
    done = run("secret-set-value", secret, "--base64", "a2V5")
    assert done.status == 0
    assert "warning: a secret on the command line can be seen" in done.err
    assert run("secret-get-value", secret).out == "a2V5\n"


def test_a_value_is_asked_for_and_not_shown(lab: Lab, run: Run, secret: str) -> None:
    command = aiovirt_at(lab, "secret-set-value", secret)
    with on_terminal(*command, **HERE) as program:
        program.expect(b"Enter new value for secret: ")
        program.type(b"topsecret\n")
        assert program.finish() == 0
    assert b"topsecret" not in program.seen
    assert run("secret-get-value", secret, "-o", "json").json["base64"] == "dG9wc2VjcmV0"


def test_what_is_no_base64_is_refused_and_not_shown(run: Run, secret: str, tmp_path: Path) -> None:
    path = tmp_path / "value"
    path.write_text("top!secret")
    done = run("secret-set-value", secret, "--file", str(path))
    assert done.status == 2
    assert "--plain" in done.err
    assert "top!secret" not in done.err


def test_a_secret_is_named_by_its_uuid(run: Run) -> None:
    assert "aiovirt secret-list" in run("secret-dumpxml", "disk").err
    uuid = "55806c7d-8e93-456f-829b-607d8c198367"
    assert re.search(f"{uuid}.*\n.*secret-list", run("secret-undefine", uuid).err)
