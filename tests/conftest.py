"""Fixtures of every test: the event loops a test runs on."""

from __future__ import annotations

from typing import Any

import pytest
import uvloop

LOOPS = [
    pytest.param(("asyncio", {"loop_factory": None}), id="asyncio"),
    pytest.param(("asyncio", {"loop_factory": uvloop.new_event_loop}), id="uvloop"),
    pytest.param(("trio", {}), id="trio"),
]


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Run the test once on each event loop."""
    backend: tuple[str, dict[str, Any]] = request.param
    return backend
