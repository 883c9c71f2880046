"""A fake ESX host for each test, and the connection to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from esxshell.lab import EsxLab, run_esx

from aiovirt import _open
from aiovirt.objects import Connection


@pytest.fixture
def esx(tmp_path: Path) -> Iterator[EsxLab]:
    """Return a host of the newest version."""
    with run_esx(tmp_path / "host") as lab:
        yield lab


@pytest.fixture
async def host(esx: EsxLab) -> AsyncIterator[Connection]:
    """Return the open connection to it."""
    async with _open.open(esx.uri) as connection:
        yield connection
