"""Files are whole or not there; folders are private."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest

from aiovirt.errors import HostError, PermissionDenied, ResourceUnavailable
from aiovirt.host.files import host_error, make_private_folder, remove_durably, write_atomically

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("durable", [True, False])
async def test_write_replaces_the_whole_file(tmp_path: Path, durable: bool) -> None:  # noqa: FBT001
    path = tmp_path / "file"
    await anyio.Path(path).write_bytes(b"old and long")
    await write_atomically(path, b"new", durable=durable)
    assert await anyio.Path(path).read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


async def test_written_file_is_private(tmp_path: Path) -> None:
    await write_atomically(tmp_path / "file", b"secret")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


async def test_failed_write_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(HostError, match="cannot write"):
        await write_atomically(tmp_path / "taken", b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]


async def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResourceUnavailable, match=r"cannot write .*/no/file: No such file"):
        await write_atomically(tmp_path / "no" / "file", b"")


async def test_remove_twice_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    await anyio.Path(path).touch()
    await remove_durably(path)
    await remove_durably(path)
    assert not path.exists()


async def test_private_folder_with_parents(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


async def test_file_in_the_folders_place(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(HostError, match="cannot make the folder"):
        make_private_folder(tmp_path / "a")


async def test_permission_error_has_a_hint() -> None:
    error = host_error(PermissionError(13, os.strerror(13)), "cannot write x")
    assert isinstance(error, PermissionDenied)
    assert error.hint
