"""What was made on the host for a guest, and its unmaking."""

from __future__ import annotations

import logging
import os
from pathlib import Path, PurePosixPath

import pytest

from aiovirt.drivers.qemu.process import undo
from aiovirt.drivers.qemu.process.notes import Kind, note, notes
from aiovirt.drivers.qemu.process.undo import clear_away
from aiovirt.host.cgroups import Group, Hierarchies

pytestmark = pytest.mark.anyio


def test_notes_are_told_in_their_order(tmp_path: Path) -> None:
    note(tmp_path, Kind.CGROUP, "machine/one")
    note(tmp_path, Kind.LABEL, "/images/a", owner="0:0")
    assert [(each.kind, each.what) for each in notes(tmp_path)] == [
        (Kind.CGROUP, "machine/one"),
        (Kind.LABEL, "/images/a"),
    ]
    assert notes(tmp_path)[1].more == {"owner": "0:0"}


def test_a_folder_without_notes_has_none(tmp_path: Path) -> None:
    assert notes(tmp_path) == []


def test_a_note_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    note(tmp_path, Kind.CGROUP, "machine/one")
    path = tmp_path / "host.jsonl"
    path.write_bytes(path.read_bytes() + b'{"kind":"cgr')
    assert len(notes(tmp_path)) == 1


async def test_a_folder_is_cleared_away_with_what_it_notes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = Hierarchies({"cpu": tmp_path / "cpu"})
    monkeypatch.setattr(undo, "hierarchies", lambda: hosts)
    made = Group(hosts, PurePosixPath("machine/one"))
    made.folders()[0].mkdir(parents=True)
    folder = tmp_path / "run"
    folder.mkdir()
    note(folder, Kind.CGROUP, str(made.path))
    await clear_away(folder)
    assert not made.exists()
    assert not folder.exists()
    await clear_away(folder)


async def test_what_cannot_be_unmade_is_logged_and_keeps_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hosts = Hierarchies({"cpu": tmp_path / "cpu"})
    monkeypatch.setattr(undo, "hierarchies", lambda: hosts)
    full = tmp_path / "cpu/machine/one"
    full.mkdir(parents=True)
    (full / "file").touch()
    folder = tmp_path / "run"
    folder.mkdir()
    note(folder, Kind.CGROUP, "machine/one")
    with caplog.at_level(logging.WARNING, "aiovirt.qemu"):
        await clear_away(folder)
    assert "machine/one" in caplog.text
    assert not os.path.lexists(folder)
