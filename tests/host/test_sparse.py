"""Big files with holes: read piece by piece, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import HostError
from aiovirt.host import sparse
from aiovirt.host.sparse import open_reader, open_writer
from aiovirt.model.storage import Hole

pytestmark = pytest.mark.anyio

PAGE = 64 * 1024
"""What every file system can leave out."""


@pytest.fixture
def holey(tmp_path: Path) -> Path:
    """Return a file: a hole, data, a hole, data, a hole."""
    path = tmp_path / "holey"
    with path.open("wb") as file:
        for place in (1, 3):
            file.seek(place * PAGE)
            file.write(os.urandom(PAGE))
        file.truncate(5 * PAGE)
    return path


async def pieces(path: Path, *, offset: int = 0, length: int = 0, holes: bool = True) -> list[int]:
    """Return the lengths of the pieces, those of holes negative."""
    found = []
    async with open_reader(path, offset=offset, length=length, holes=holes) as reader:
        while piece := await reader.read():
            found.append(-piece.length if isinstance(piece, Hole) else len(piece))
    return found


async def test_holes_are_told(holey: Path) -> None:
    assert await pieces(holey) == [-PAGE, PAGE, -PAGE, PAGE, -PAGE]


async def test_holes_are_zeros_for_who_wants_none(holey: Path) -> None:
    assert await pieces(holey, holes=False) == [5 * PAGE]


async def test_a_part_is_read(holey: Path) -> None:
    assert await pieces(holey, offset=PAGE // 2, length=PAGE) == [-PAGE // 2, PAGE // 2]
    assert await pieces(holey, offset=9 * PAGE) == []


async def test_a_file_comes_out_as_it_went_in(holey: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    async with open_reader(holey) as reader, open_writer(copy) as writer:
        while piece := await reader.read():
            await writer.write([piece])
    assert copy.read_bytes() == holey.read_bytes()
    assert copy.stat().st_blocks == holey.stat().st_blocks


@pytest.mark.parametrize("path", ["/dev/zero", "/none", "/proc"])
async def test_what_has_no_length_is_not_read(path: str) -> None:
    with pytest.raises(HostError, match=path):
        await pieces(Path(path))


async def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(HostError, match="pipe"):
        await pieces(tmp_path / "pipe")


async def test_a_file_that_becomes_shorter_is_told(holey: Path) -> None:
    async with open_reader(holey, holes=False) as reader:
        os.truncate(holey, 0)
        with pytest.raises(HostError, match="shorter"):
            await reader.read()


async def fail(path: Path) -> None:
    async with open_writer(path) as writer:
        await writer.write([b"new"])
        raise ZeroDivisionError


async def test_an_error_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError):
        await fail(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


async def test_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch(0o640)
    path.chmod(0o640)
    async with open_writer(path) as writer:
        await writer.write([b"new", Hole(PAGE)])
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.read_bytes() == b"new" + bytes(PAGE)


async def test_a_link_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "file")
    async with open_writer(link) as writer:
        await writer.write([b"new"])
    assert link.is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


async def test_a_device_is_written_as_it_comes() -> None:
    async with open_writer(Path("/dev/null")) as writer:
        await writer.write([b"new", Hole(3 * PAGE)])


async def test_a_full_disk_is_told() -> None:
    async with open_writer(Path("/dev/full")) as writer:
        with pytest.raises(HostError, match="/dev/full"):
            await writer.write([b"new"])


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="none/file"):
        await fail(tmp_path / "none/file")


@given(st.integers(0, 5 * PAGE), st.integers(0, 6 * PAGE), st.booleans())
def test_the_pieces_are_the_part(offset: int, length: int, holes: bool) -> None:  # noqa: FBT001
    path = Path(f"/proc/self/fd/{os.memfd_create('sparse')}")
    descriptor = int(path.name)
    os.pwrite(descriptor, os.urandom(PAGE), 2 * PAGE)
    os.ftruncate(descriptor, 5 * PAGE)
    end = min(5 * PAGE, offset + length) if length else 5 * PAGE
    reader = sparse.SparseReader(path, descriptor, offset, max(offset, end), holes=holes)
    found = b""
    while piece := reader._read():
        found += bytes(piece.length) if isinstance(piece, Hole) else piece
    assert found == os.pread(descriptor, 6 * PAGE, 0)[offset:end]
    os.close(descriptor)
