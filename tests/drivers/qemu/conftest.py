"""Fixtures of the driver's tests: an open host in a folder of the test's own."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from guests import qemus_of

from aiovirt._open import open as open_host
from aiovirt.objects import Connection


@pytest.fixture
def root(tmp_path: Path, qemu: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a root folder; what still runs below it at the end is killed.

    Every command that the driver sends is checked against the schema of the running QEMU.
    """
    assert qemu.exists()
    monkeypatch.setenv("AIOVIRT_CHECK_QMP", "1")
    path = tmp_path / "root"
    yield path
    for pid in qemus_of(path):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
async def host(root: Path) -> AsyncIterator[Connection]:
    """Return an open host."""
    async with open_host(f"qemu:///embed?root={root}") as connection:
        yield connection
