"""Every test of the spawner runs on the C helper and on its Python twin."""

from __future__ import annotations

import importlib

import pytest

from aiovirt.processes import _start
from aiovirt.processes._engine import Engine, HelperEngine, TwinEngine


def _helper() -> Engine:
    try:
        return HelperEngine(importlib.import_module("aiovirt.processes._spawn"))
    except ImportError:
        pytest.skip("the C helper is not built here")


@pytest.fixture(params=["helper", "twin"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Start programs by one of the two."""
    chosen = _helper() if request.param == "helper" else TwinEngine()
    monkeypatch.setattr(_start, "engine", chosen)
    return chosen
