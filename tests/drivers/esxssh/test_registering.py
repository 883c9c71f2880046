"""Putting machines whose files are there onto the list of an ESX host by SSH."""

from __future__ import annotations

import pytest
from guests import wait_for

from aiovirt.drivers.esxssh.driver import EsxSshDriver
from aiovirt.errors import AlreadyExists, ConfigError, NotFound
from aiovirt.model.events import LifecycleDetail
from aiovirt.objects import Connection, Domain

pytestmark = [pytest.mark.anyio, pytest.mark.real]

PATH = "[datastore1] web1/web1.vmx"


async def test_what_was_undefined_comes_back(host: Connection, vm: Domain) -> None:
    assert isinstance(host.driver, EsxSshDriver)
    with pytest.raises(AlreadyExists):
        await host.driver.register(PATH)
    await vm.undefine()
    async with host.events() as events:
        assert await host.driver.register(PATH) == vm.key
        await wait_for(events, LifecycleDetail.DEFINED_ADDED)
    assert await host.domains.list() == [vm]


async def test_what_cannot_come(host: Connection) -> None:
    assert isinstance(host.driver, EsxSshDriver)
    for path, error in (
        ("web1.vmx", ConfigError),
        ("[datastore1] gone/gone.vmx", NotFound),
        ("[gone] web1/web1.vmx", NotFound),
    ):
        with pytest.raises(error):
            await host.driver.register(path)
