"""``doctor``: what it looks at, and what it advises."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from clirun import Run
from fakehost import FakeHost


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A search path with nothing on it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(path: Path, program: str, script: str) -> None:
    (path / program).write_text(f"#!/bin/sh\n{script}\n")
    (path / program).chmod(0o755)


def findings(run: Run) -> dict[str, dict[str, str]]:
    return {finding["name"]: finding for finding in run("doctor", "-o", "json").json}


def test_what_is_there_is_ok(run: Run, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "toy")
    install(path, "qemu-system-toy", "exit 0")
    found = findings(run)["QEMU"]
    assert (found["verdict"], found["detail"]) == ("ok", f"{path}/qemu-system-toy")


@pytest.mark.usefixtures("path")
def test_what_is_missing_is_told_with_advice_and_fails(run: Run) -> None:
    done = run("doctor")
    assert done.status == 1
    assert "apt install qemu-system" in done.out
    assert done.err == "error: domains cannot run here: see QEMU\n"


@pytest.mark.usefixtures("path")
def test_what_one_can_do_without_is_optional(run: Run) -> None:
    assert findings(run)["qemu-img"]["verdict"] == "optional"


def test_a_host_that_does_not_open_is_told(run: Run, host: FakeHost) -> None:
    found = {f["name"]: f for f in run("-c", "nosuch://x", "doctor", "-o", "json").json}
    assert found["host nosuch://x"]["verdict"] == "missing"
    assert host.guests == {}


def test_a_host_is_named_without_its_parameters(run: Run) -> None:
    uri = "vpx://me@vc/DC0?proxy=http://u:hidden@p:1&nosuch=1"
    done = run("-c", uri, "doctor")
    assert "host vpx://me@vc/DC0 " in done.out
    assert "hidden" not in done.out + done.err


def test_a_state_folder_must_be_writable(run: Run) -> None:
    done = run("-c", "fake:///lab?root=/proc/nowhere", "doctor", "-o", "json")
    (found,) = (f for f in done.json if f["name"] == "state folder")
    assert found["detail"] != ""


def test_a_full_disk_is_told(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=0))
    uri = f"qemu:///embed?root={tmp_path}"
    (found,) = [
        finding
        for finding in run("doctor", "-o", "json", "-c", uri).json
        if finding["name"] == "state folder"
    ]
    assert (found["verdict"], "0 MiB free" in found["detail"]) == ("missing", True)
    assert found["advice"] == f"make room on the disk of {tmp_path}"
