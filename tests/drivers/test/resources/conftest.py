"""A host in memory for each test of its resources."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aiovirt.testing import TestHost, open_test_host


@pytest.fixture
async def host() -> AsyncIterator[TestHost]:
    """Return the host of ``test:///default``."""
    async with open_test_host() as opened:
        yield opened
