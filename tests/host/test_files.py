"""Files are whole or not there; folders are private."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from aiovirt.errors import HostError, PermissionDenied, ResourceUnavailable
from aiovirt.host.files import (
    empty_file,
    host_error,
    make_folder,
    make_private_folder,
    read_end,
    remove_durably,
    remove_leftovers,
    write_atomically,
)


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.anyio
async def test_write_replaces_the_whole_file(tmp_path: Path, durable: bool) -> None:  # noqa: FBT001
    path = tmp_path / "file"
    await anyio.Path(path).write_bytes(b"old and long")
    await write_atomically(path, b"new", durable=durable)
    assert await anyio.Path(path).read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.anyio
async def test_written_file_is_private(tmp_path: Path) -> None:
    await write_atomically(tmp_path / "file", b"secret")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


@pytest.mark.anyio
async def test_failed_write_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(HostError, match="cannot write"):
        await write_atomically(tmp_path / "taken", b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]


@pytest.mark.anyio
async def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResourceUnavailable, match=r"cannot write .*/no/file: No such file"):
        await write_atomically(tmp_path / "no" / "file", b"")


@pytest.mark.anyio
async def test_remove_twice_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    await anyio.Path(path).touch()
    await remove_durably(path)
    await remove_durably(path)
    assert not path.exists()


@pytest.mark.anyio
async def test_private_folder_with_parents(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


@pytest.mark.anyio
async def test_file_in_the_folders_place(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(HostError, match="cannot make the folder"):
        make_private_folder(tmp_path / "a")


@pytest.mark.anyio
async def test_permission_error_has_a_hint() -> None:
    error = host_error(PermissionError(13, os.strerror(13)), "cannot write x")
    assert isinstance(error, PermissionDenied)
    assert error.hint


def test_leftovers_of_a_killed_writer_are_removed(tmp_path: Path) -> None:
    for name in (".web1.xml.x1.unfinished", "web1.xml", ".keep"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".keep", "web1.xml"]


def test_end_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"0123456789")
    assert read_end(tmp_path / "log", 3) == b"789"
    assert read_end(tmp_path / "log", 30) == b"0123456789"
    empty_file(tmp_path / "log")
    assert read_end(tmp_path / "log", 3) == b""


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_neither_read_nor_waited_for(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "log")
    for call in (lambda: read_end(tmp_path / "log", 9), lambda: empty_file(tmp_path / "log")):
        with pytest.raises(HostError):
            call()


def test_link_in_the_files_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "log").symlink_to(tmp_path / "precious")
    with pytest.raises(HostError, match="cannot open"):
        empty_file(tmp_path / "log")
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_folder_that_others_may_pass(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "a", passable=True)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o711


def test_folder_of_the_user_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    make_folder(tmp_path)
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777


def test_way_through_a_folder_of_the_user_is_opened_only_when_needed(tmp_path: Path) -> None:
    make_folder(tmp_path / "a")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    make_folder(tmp_path / "a", passable=True)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o711


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder away needs root")
def test_private_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    os.chown(tmp_path / "a", 65534, 65534)
    with pytest.raises(PermissionDenied, match="belongs to the user with id 65534"):
        make_private_folder(tmp_path / "a")


def test_a_file_in_the_place_of_a_folder_comes_with_advice(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    for path in (tmp_path / "a", tmp_path / "a/b"):
        with pytest.raises(ResourceUnavailable) as caught:
            make_folder(path)
        assert "use another place" in (caught.value.hint or "")
