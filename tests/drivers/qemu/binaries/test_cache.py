"""What is known of a binary is kept, and asked anew when the binary changes."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import anyio
import msgspec
import pytest

from aiovirt.drivers.qemu.binaries import BinaryCache
from aiovirt.drivers.qemu.binaries.cache import identify
from aiovirt.drivers.qemu.binaries.find import kvm_accessible
from aiovirt.errors import CannotExecute, ExecutableNotFound

pytestmark = [pytest.mark.anyio, pytest.mark.real]


class Counted:
    """A program that notes each of its runs and becomes QEMU."""

    def __init__(self, folder: Path, qemu: Path) -> None:
        self.runs = folder / "runs"
        self.path = folder / "qemu-counted"
        self._qemu = qemu
        self.write()

    def write(self) -> None:
        self.path.write_text(f'#!/bin/sh\necho run >> {self.runs}\nexec {self._qemu} "$@"\n')
        self.path.chmod(0o755)

    @property
    def count(self) -> int:
        """How often it was probed: one that can use KVM is run once more without it."""
        runs = len(self.runs.read_text().splitlines()) if self.runs.exists() else 0
        return runs // (1 + kvm_accessible())


@pytest.fixture
def counted(tmp_path: Path, qemu: Path) -> Counted:
    return Counted(tmp_path, qemu)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


async def test_a_binary_is_probed_once(counted: Counted, folder: Path) -> None:
    cache = BinaryCache(folder)
    first = await cache.get(counted.path)
    assert await cache.get(counted.path) is first
    assert counted.count == 1


async def test_another_process_reads_the_file(counted: Counted, folder: Path) -> None:
    first = await BinaryCache(folder).get(counted.path)
    assert await BinaryCache(folder).get(counted.path) == first
    assert counted.count == 1


async def test_many_callers_wait_for_one_probe(counted: Counted, folder: Path) -> None:
    cache = BinaryCache(folder)
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(cache.get, counted.path)
    assert counted.count == 1


async def test_a_binary_that_was_replaced_is_probed_again(counted: Counted, folder: Path) -> None:
    cache = BinaryCache(folder)
    await cache.get(counted.path)
    os.utime(counted.path, ns=(1, 1))
    await cache.get(counted.path)
    assert counted.count == 2


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff\xfe", b'{"identity": 7}'])
async def test_a_damaged_file_is_replaced(
    damage: bytes, counted: Counted, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await BinaryCache(folder).get(counted.path)
    (file,) = folder.iterdir()
    file.write_bytes(damage)
    with caplog.at_level(logging.WARNING):
        await BinaryCache(folder).get(counted.path)
    assert "not readable" in caplog.text
    assert msgspec.json.decode(file.read_bytes())["identity"]["path"] == str(counted.path)


async def test_a_file_of_an_earlier_version_is_replaced_without_a_word(
    counted: Counted, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await BinaryCache(folder).get(counted.path)
    (file,) = folder.iterdir()
    written = file.read_bytes()
    earlier = msgspec.json.decode(written)
    earlier["identity"]["format"] -= 1
    del earlier["identity"]["asked"]
    file.write_bytes(msgspec.json.encode(earlier))
    with caplog.at_level(logging.WARNING):
        await BinaryCache(folder).get(counted.path)
    assert (caplog.text, file.read_bytes()) == ("", written)


async def test_a_cache_that_cannot_be_written_is_no_error(
    counted: Counted, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING):
        await BinaryCache(tmp_path / "file").get(counted.path)
    assert "not cached" in caplog.text


async def test_a_cancelled_probe_lets_the_next_caller_in(counted: Counted, folder: Path) -> None:
    cache = BinaryCache(folder)
    with anyio.move_on_after(0):
        await cache.get(counted.path)
    assert (await cache.get(counted.path)).arch == "x86_64"


async def test_the_file_is_small_enough_for_every_start(counted: Counted, folder: Path) -> None:
    await BinaryCache(folder).get(counted.path)
    (file,) = folder.iterdir()
    assert file.stat().st_size < 64 * 1024


async def test_a_missing_binary_is_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ExecutableNotFound, match="no QEMU at"):
        await BinaryCache(tmp_path).get(tmp_path / "none")


async def test_a_binary_that_may_not_be_executed_is_told(tmp_path: Path) -> None:
    (tmp_path / "qemu").touch(mode=0o644)
    with pytest.raises(CannotExecute):
        identify(tmp_path / "qemu")
