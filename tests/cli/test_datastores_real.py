"""Datastores, switches and hosts from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from clirun import Run
from vcsimlab import Simulator
from vcsimlab.fixtures import Check

pytestmark = pytest.mark.real

STORE = "LocalDS_0"


@pytest.fixture
def program(esx: Simulator, at: Callable[..., Run]) -> Run:
    """Run the program at an ESX host."""
    uri = esx.uri(cacert=str(esx.ca))
    return at(uri, esx.auth_file)


def test_an_image_goes_up_and_comes_back(program: Run, tmp_path: Path) -> None:
    image, copy = tmp_path / "image", tmp_path / "copy"
    image.write_bytes(b"boot" * 50_000)
    assert program("vol-create-as", STORE, "iso/a.iso", "0").out == "Vol iso/a.iso created\n"
    volume = ("--pool", STORE, "iso/a.iso")
    assert "200000 bytes" in program("vol-upload", *volume, str(image)).out
    assert json.loads(program("vol-info", *volume, "-o", "json").out)["capacity"] == 200_000
    assert "200000 bytes" in program("vol-download", *volume, str(copy)).out
    assert copy.read_bytes() == image.read_bytes()


def test_files_are_moved_and_removed(program: Run, esx: Simulator, check: Check) -> None:
    assert program("pool-mkdir", STORE, "a/b").out == f"Folder a/b created in pool {STORE}\n"
    assert program("vol-create-as", STORE, "a/b/c.vmdk", "1M").status == 0
    moved = program("pool-move", STORE, "a/b/c.vmdk", "d/e.vmdk")
    assert moved.out == f"a/b/c.vmdk moved to d/e.vmdk in pool {STORE}\n"
    (folder,) = json.loads(program("pool-files", STORE, "a", "-o", "json").out)
    assert (folder["name"], folder["folder"], folder["size"]) == ("a/b", True, None)
    assert program("pool-remove", STORE, "a").status == 0
    assert check(esx).files() >= {"d"}
    assert "a" not in check(esx).files()


def test_what_a_machine_uses_is_not_removed(program: Run) -> None:
    done = program("pool-remove", STORE, "ha-host_VM0")
    assert done.status != 0
    assert "used by domain 'ha-host_VM0'" in done.err
    assert "hint: " in done.err


def test_what_a_host_lacks_is_said(program: Run) -> None:
    assert "RebootHost_Task" in program("host-reboot").err
    assert "…-00000" in program("licences").out
