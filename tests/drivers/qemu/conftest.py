"""Fixtures of the driver's tests: an open host in a folder of the test's own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from guests import SmallDisk, none_left_running

from aiovirt._open import open as open_host
from aiovirt.drivers.qemu.binaries import BinaryCapabilities, cache, probe
from aiovirt.objects import Connection

_PROBED: dict[tuple[Path, bool, frozenset[str]], BinaryCapabilities] = {}


async def _probe_once(path: Path, *, kvm: bool, drivers: frozenset[str]) -> BinaryCapabilities:
    """Ask a binary that no test changes once for all of them."""
    key = path, kvm, drivers
    if key not in _PROBED:
        _PROBED[key] = await probe(path, kvm=kvm, drivers=drivers)
    return _PROBED[key]


@pytest.fixture
def root(tmp_path: Path, qemu: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a root folder; a QEMU that still runs below it at the end fails the test.

    Every command that the driver sends is checked against the schema of the running QEMU.
    """
    assert qemu.exists()
    monkeypatch.setenv("AIOVIRT_CHECK_QMP", "1")
    # A busy machine may need more than a user should wait for; a test has more than that in all.
    monkeypatch.setattr("aiovirt.drivers.qemu.engine.adopt.ADOPT_BOUND_S", 30)
    monkeypatch.setattr(cache, "probe", _probe_once)
    path = tmp_path / "root"
    with none_left_running(path):
        yield path


@pytest.fixture
async def host(root: Path) -> AsyncIterator[Connection]:
    """Return an open host."""
    async with open_host(f"qemu:///embed?root={root}") as connection:
        yield connection


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Return what mounts a file system of so many bytes (``64k``, ``1m``)."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    path = tmp_path / "small"
    path.mkdir()

    def mount(size: str) -> Path:
        options = ["-t", "tmpfs", "-o", f"size={size}", "none"]
        subprocess.run(["mount", *options, path], check=True)  # noqa: S607
        return path

    yield mount
    subprocess.run(["umount", "--lazy", path], check=True)  # noqa: S607
