"""What carries out a driver's operations."""

from __future__ import annotations

import threading

import pytest

from aiovirt.bindings.arguments import arg
from aiovirt.bindings.binding import bind
from aiovirt.bindings.values import Value
from aiovirt.daemon.service.operations import LARGE, arguments
from aiovirt.interfaces import Networks
from aiovirt.protocols.libvirt.tables import network as n

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("size", "beside"), [(LARGE - 1, False), (LARGE, True)])
async def test_a_large_text_is_read_beside_the_event_loop(size: int, *, beside: bool) -> None:
    readers: list[int] = []

    def read(text: str) -> str:
        readers.append(threading.get_ident())
        return text

    row = bind(Networks.find_by_name, n.NETWORK_LOOKUP_BY_NAME, arg("name", value=Value(str, read)))
    given = await arguments(row, n.NetworkLookupByNameArgs("x" * size))
    assert given == {"name": "x" * size}
    assert (readers != [threading.get_ident()]) is beside
