"""The files of the in-memory host keep data, know their holes, and have a bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.drivers.test.files import CHUNK, HostFiles
from aiovirt.errors import AlreadyExists, NotFound, ResourceUnavailable
from aiovirt.model.storage import Hole


def test_data_is_read_back_across_pieces() -> None:
    file = HostFiles().create("/a", size=3 * CHUNK)
    file.write(CHUNK - 2, b"abcd")
    assert file.read(CHUNK - 3, 6) == b"\0abcd\0"
    assert file.allocation == 2 * CHUNK


def test_holes_stand_between_the_data() -> None:
    file = HostFiles().create("/a", size=5 * CHUNK)
    file.write(2 * CHUNK, b"x" * CHUNK)
    assert list(file.segments(0, file.size)) == [Hole(2 * CHUNK), b"x" * CHUNK, Hole(2 * CHUNK)]


def test_zeros_take_no_room() -> None:
    file = HostFiles().create("/a")
    file.write(0, bytes(10 * CHUNK))
    assert (file.size, file.allocation) == (10 * CHUNK, 0)


def test_all_files_together_are_bounded() -> None:
    files = HostFiles(limit=CHUNK)
    files.write("/a", b"x")
    with pytest.raises(ResourceUnavailable):
        files.write("/b", b"x")
    files.remove("/a")
    files.write("/c", b"x")


def test_a_copy_is_cut_where_the_new_file_ends() -> None:
    files = HostFiles()
    files.write("/a", b"abcdef")
    files.create("/b", size=3).copy_from(files.find("/a"))
    files.find("/b").resize(6)
    assert files.read("/b") == b"abc\0\0\0"


def test_paths_are_one_however_they_are_written() -> None:
    files = HostFiles()
    files.write("/pool//a", b"x")
    assert files.below("/pool/") == ["/pool/a"]
    with pytest.raises(AlreadyExists):
        files.create("/pool/a", exclusive=True)
    files.move("/pool/a", "/b")
    with pytest.raises(NotFound):
        files.read("/pool/a")


_AT = st.integers(0, 3 * CHUNK)
_STEP = st.one_of(
    st.tuples(st.just("write"), _AT, st.binary(max_size=40)),
    st.tuples(st.just("punch"), _AT, st.integers(0, 2 * CHUNK)),
    st.tuples(st.just("resize"), _AT, st.just(0)),
)


@given(st.lists(_STEP, max_size=12))
def test_it_behaves_as_plain_bytes(steps: list[tuple[str, int, bytes | int]]) -> None:
    file, plain = HostFiles().create("/a"), bytearray()
    for kind, offset, value in steps:
        if isinstance(value, bytes):
            if value:
                plain.extend(bytes(max(0, offset + len(value) - len(plain))))
                plain[offset : offset + len(value)] = value
                file.write(offset, value)
        elif kind == "punch":
            plain.extend(bytes(max(0, offset + value - len(plain))))
            plain[offset : offset + value] = bytes(value)
            file.punch(offset, value)
        else:
            plain = plain[:offset] + bytes(max(0, offset - len(plain)))
            file.resize(offset)
    assert file.read(0, file.size) == bytes(plain)
    parts = file.segments(0, file.size)
    assert b"".join(bytes(p.length) if isinstance(p, Hole) else p for p in parts) == bytes(plain)
