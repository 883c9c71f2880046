"""Maintenance mode of an ESX host by SSH."""

from __future__ import annotations

import pytest
from esxshell.lab import EsxLab

from aiovirt.drivers.esxssh.driver import EsxSshDriver
from aiovirt.errors import InvalidState, RemoteError
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def test_in_and_out(host: Connection, esx: EsxLab) -> None:
    assert isinstance(host.driver, EsxSshDriver)
    mode = host.driver.maintenance
    assert not await mode.active()
    await mode.enter()
    assert await mode.active()
    with pytest.raises(InvalidState):
        await mode.enter()
    await mode.leave()
    with pytest.raises(InvalidState):
        await mode.leave()
    esx.power(esx.add("web1"), "poweredOn")
    with pytest.raises(RemoteError, match="timed out"):
        await mode.enter(wait_s=1)
