"""Large documents are worked on where the event loop is not."""

from __future__ import annotations

import threading

import pytest

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.beside import LARGE, worked_on

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("count", "beside"), [(1, False), (LARGE, True)])
async def test_a_large_document_is_worked_on_in_a_thread(count: int, *, beside: bool) -> None:
    config = DomainConfig.parse(f"<domain type='test'>{'<title/>' * count}</domain>")
    where = await worked_on(config, threading.get_ident)
    assert (where != threading.get_ident()) is beside
