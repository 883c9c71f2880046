"""A host in memory for each test of its domains, with the guest that runs there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aiovirt.objects import Domain
from aiovirt.testing import TestHost, open_test_host


@pytest.fixture
async def host() -> AsyncIterator[TestHost]:
    """Return the host of ``test:///default``."""
    async with open_test_host() as opened:
        yield opened


@pytest.fixture
async def vm(host: TestHost) -> Domain:
    """Return the domain that runs there."""
    return await host.domains.get("test")
