"""An open connection to a simulated vCenter and to a simulated ESX host, for the driver's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from esxhosts import FIRST, opening
from vcsimlab import Simulator

from aiovirt.objects import Connection


@pytest.fixture
async def host(vsphere: Simulator) -> AsyncIterator[Connection]:
    """Return the open host."""
    async with opening(vsphere) as connection:
        yield connection


@pytest.fixture
def name(vsphere: Simulator) -> str:
    """Return the name of a running machine."""
    return FIRST[vsphere.kind]
