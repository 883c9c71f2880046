"""A fake ESX host for each test, and the connection to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from esxshell.lab import EsxLab, run_esx

from aiovirt import _open
from aiovirt.config import DomainConfig
from aiovirt.objects import Connection, Domain


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


@pytest.fixture
async def vm(host: Connection) -> Domain:
    """Return a machine that is off."""
    config = DomainConfig(type="vmware", name="web1", memory="64 MiB", vcpus=2)
    return await host.domains.define(config)
