"""Verbs about screen and keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from clirun import Run
from fakeguest import PNG, Guest


@pytest.mark.usefixtures("web1")
def test_a_screenshot_is_a_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    done = run("screenshot", "web1", str(path))
    assert done.out == f"Screenshot saved to {path}, with type of image/png\n"
    assert path.read_bytes() == PNG


@pytest.mark.usefixtures("web1")
def test_a_screenshot_bears_the_domains_name(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("screenshot", "web1", "-o", "json").json["file"] == "web1.png"
    assert (tmp_path / "web1.png").read_bytes() == PNG
    assert not list(tmp_path.glob(".*"))


@pytest.mark.usefixtures("web1")
def test_a_screenshot_that_cannot_be_written_leaves_nothing(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "taken"
    target.mkdir()
    done = run("screenshot", "web1", str(target))
    assert (done.status, list(target.iterdir())) == (1, [])
    assert not list(tmp_path.glob(".*.part"))


def test_keys_are_names_and_codes(run: Run, web1: Guest) -> None:
    assert run("send-key", "web1", "KEY_LEFTCTRL", "0x1e", "30", "--holdtime", "250").status == 0
    assert web1.pressed == [(250, ("KEY_LEFTCTRL", 30, 30))]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(("KEY_NONE",), 1), ((), 2), (("3x",), 1), (("KEY_A", "--holdtime", "0"), 2)],
)
def test_wrong_keys_are_refused(
    run: Run, web1: Guest, arguments: tuple[str, ...], status: int
) -> None:
    assert run("send-key", "web1", *arguments).status == status
    assert web1.pressed == []


@pytest.mark.usefixtures("web1")
def test_a_screenshot_that_cannot_be_written_is_named_as_the_user_did(
    run: Run, tmp_path: Path
) -> None:
    done = run("screenshot", "web1", f"{tmp_path}/nosuch/x.png")
    assert done.err == f"error: {tmp_path}/nosuch/x.png: No such file or directory\n"
