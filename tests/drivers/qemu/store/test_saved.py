"""Files with the memory of a guest."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.drivers.qemu.store.saved import (
    SavedHead,
    make_saved,
    open_saved,
    read_head,
    replace_head,
)
from aiovirt.errors import ConfigError, InvalidState, NotFound

HEAD = SavedHead("<domain/>", running=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a whole file."""
    path = tmp_path / "a.save"
    with make_saved(path, HEAD) as file:
        file.write(b"memory")
    return path


def test_the_memory_follows_the_head(path: Path) -> None:
    head, file = open_saved(path)
    with file:
        assert head == HEAD
        assert file.read() == b"memory"
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_head_leaves_the_memory_alone(path: Path) -> None:
    replace_head(path, SavedHead("<domain type='qemu'/>", running=False))
    head, file = open_saved(path)
    with file:
        assert not head.running
        assert file.read() == b"memory"


def test_a_head_that_does_not_fit_is_refused(path: Path) -> None:
    with pytest.raises(InvalidState, match="too long"):
        replace_head(path, SavedHead("x" * 100_000, running=False))
    assert read_head(path) == HEAD


@pytest.mark.parametrize("data", [b"", b"LibvirtQemudSave", b"aiovirt-saved-1\0\0\0"])
def test_another_programs_file_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "b").write_bytes(data)
    with pytest.raises(ConfigError):
        read_head(tmp_path / "b")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="gone"):
        read_head(tmp_path / "gone")
