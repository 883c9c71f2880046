"""Files that are given away and given back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aiovirt.errors import Busy, HostError
from aiovirt.host.labels import memory
from aiovirt.host.labels.dac import give_back, owner_of, take

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
GUEST, OTHER = (4001, 4002), (4003, 4004)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file on a file system with attributes."""
    path = tmp_path / "disk.img"
    path.touch()
    os.chown(path, 7, 8)
    return path


def owner(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_uid, found.st_gid


def noted(path: Path) -> list[str]:
    return sorted(name for name in os.listxattr(path) if name.startswith("trusted.libvirt"))


def test_a_file_is_given_back_as_it_was(file: Path) -> None:
    kept = take(file, GUEST)
    assert owner(file) == GUEST
    give_back(file, kept)
    assert owner(file) == (7, 8)
    assert noted(file) == []


def test_the_last_of_several_users_gives_it_back(file: Path) -> None:
    kept = [take(file, GUEST), take(file, GUEST)]
    if kept != [None, None]:
        pytest.skip("this file system has no attributes")
    give_back(file)
    assert owner(file) == GUEST
    give_back(file)
    assert owner(file) == (7, 8)


def test_what_another_account_uses_is_not_taken_from_it(file: Path) -> None:
    if take(file, GUEST) is not None:
        pytest.skip("this file system has no attributes")
    with pytest.raises(Busy, match=r"\+4003:\+4004"):
        take(file, OTHER)
    assert owner(file) == GUEST


def test_libvirts_names_are_used(file: Path) -> None:
    if take(file, GUEST) is not None:
        pytest.skip("this file system has no attributes")
    assert os.getxattr(file, "trusted.libvirt.security.dac") == b"+7:+8"
    assert os.getxattr(file, "trusted.libvirt.security.ref_dac") == b"1"
    assert noted(file)[-1] == "trusted.libvirt.security.timestamp_dac"


def test_after_a_reboot_nobody_uses_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take(file, GUEST)
    monkeypatch.setattr(memory, "_boot_time", lambda: "1")
    take(file, OTHER)
    assert owner(file) == OTHER


def test_where_the_file_cannot_remember_the_caller_does(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    kept = take(file, GUEST)
    assert kept == "+7:+8"
    give_back(file, kept)
    assert owner(file) == (7, 8)


def test_a_file_that_is_gone_is_given_back_by_nobody(file: Path) -> None:
    take(file, GUEST)
    file.unlink()
    give_back(file)


def test_a_file_that_is_not_there_cannot_be_given(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="none"):
        take(tmp_path / "none", GUEST)


@pytest.mark.parametrize(
    ("text", "known"), [("+1:+2", (1, 2)), ("1:2", (1, 2)), ("root:root", None), ("", None)]
)
def test_an_owner_is_read_as_libvirt_writes_it(text: str, known: object) -> None:
    assert owner_of(text) == known
