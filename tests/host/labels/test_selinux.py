"""Labels of SELinux: on a host without it, and with the kernel's attributes made up."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from aiovirt.host.labels import selinux

OLD, NEW = "system_u:object_r:virt_image_t:s0", "system_u:object_r:svirt_image_t:s0:c1,c2"


@pytest.fixture
def attributes(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Return the attributes of every file, which are kept here."""
    kept = {"security.selinux": OLD.encode() + b"\0"}

    def read(_path: Path, name: str) -> bytes:
        if name not in kept:
            raise OSError(errno.ENODATA, "no such attribute")
        return kept[name]

    def write(_path: Path, name: str, value: bytes) -> None:
        kept[name] = value

    def remove(_path: Path, name: str) -> None:
        read(_path, name)
        del kept[name]

    for function, replacement in (("get", read), ("set", write), ("remove", remove)):
        monkeypatch.setattr(os, f"{function}xattr", replacement)
    return kept


def test_a_file_is_labelled_and_gets_its_old_label_back(
    tmp_path: Path, attributes: dict[str, bytes]
) -> None:
    assert selinux.take(tmp_path, NEW) is None
    assert attributes["security.selinux"] == NEW.encode() + b"\0"
    selinux.give_back(tmp_path)
    assert attributes == {"security.selinux": OLD.encode() + b"\0"}


def test_a_file_without_a_label_is_let_alone(tmp_path: Path, attributes: dict[str, bytes]) -> None:
    attributes.clear()
    assert selinux.take(tmp_path, NEW) is None
    assert attributes == {}


def test_whether_it_refuses_is_what_its_files_say(tmp_path: Path) -> None:
    assert not selinux.enabled(tmp_path)
    assert not selinux.enforcing(tmp_path)
    (tmp_path / "enforce").write_text("1")
    assert selinux.enabled(tmp_path)
    assert selinux.enforcing(tmp_path)


def test_a_process_that_is_gone_has_no_label() -> None:
    assert selinux.current_label(2**22 + 1) is None
