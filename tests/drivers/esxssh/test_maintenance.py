"""Maintenance mode of an ESX host by SSH."""

from __future__ import annotations

import pytest
from esxshell.lab import EsxLab

from aiovirt.errors import InvalidState, Unresponsive, Unsupported
from aiovirt.interfaces import Inventory
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def test_in_and_out(host: Connection, esx: EsxLab) -> None:
    mode = host.driver.ability(Inventory)
    assert not await mode.maintenance()
    await mode.enter_maintenance()
    assert await mode.maintenance()
    with pytest.raises(InvalidState):
        await mode.enter_maintenance()
    await mode.leave_maintenance()
    with pytest.raises(InvalidState):
        await mode.leave_maintenance()
    esx.power(esx.add("web1"), "poweredOn")
    with pytest.raises(Unresponsive, match="timed out"):
        await mode.enter_maintenance(timeout_s=1)
    with pytest.raises(Unsupported):
        await mode.maintenance("esx2")
