"""Folders of the host that guests mount."""

from __future__ import annotations

from aiovirt.config import Filesystem, problems


def test_a_shared_folder_is_served_by_virtiofs() -> None:
    folder = Filesystem.shared("/a", "data")
    assert (folder.driver.type, folder.source.dir, folder.target) == ("virtiofs", "/a", "data")
    assert list(problems(folder)) == []


def test_modes_are_octal() -> None:
    folder = Filesystem.parse("<filesystem fmode='0644'/>")
    assert folder.fmode == 0o644


def test_a_folder_must_be_named() -> None:
    (problem,) = problems(Filesystem.parse("<filesystem><source/><target dir='a'/></filesystem>"))
    assert "dir is missing" in str(problem)
