"""The host in memory that users' tests get: whole, new each time, and as faulty as asked."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from aiovirt.errors import Closed, ConnectionLost, HostError, XMLError
from aiovirt.model.domain import DomainState
from aiovirt.model.events import ConnectionEvent
from aiovirt.testing import Faults, open_test_host

pytestmark = pytest.mark.anyio


async def test_each_is_a_host_of_its_own() -> None:
    async with open_test_host() as one, open_test_host() as two:
        await (await one.domains.get("test")).destroy()
        assert (await (await two.domains.get("test")).state()).state is DomainState.RUNNING


async def test_it_is_what_its_document_says(tmp_path: Path) -> None:
    async with open_test_host("<node/>") as host:
        assert await host.domains.list() == []
    path = tmp_path / "host.xml"
    path.write_text("<node><network><name>lab</name></network></node>")
    async with open_test_host(path) as host:
        assert [net.name for net in await host.networks.list()] == ["lab"]
    with pytest.raises(XMLError):
        async with open_test_host("<node><pool type='dir'/></node>"):
            pass


async def test_a_fault_hits_and_is_counted() -> None:
    async with open_test_host() as host:
        vm = await host.domains.get("test")
        host.faults.fail("Lifecycle.destroy", HostError)
        with pytest.raises(HostError):
            await vm.destroy()
        await vm.destroy()
        assert host.faults.calls["Lifecycle.destroy"] == 2


async def test_a_call_that_hangs_can_be_given_up() -> None:
    faults = Faults()
    hang = faults.hang("Lifecycle.destroy", of="test")
    async with open_test_host(faults=faults) as host:
        vm = await host.domains.get("test")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(vm.destroy)
            await hang.reached.wait()
            tasks.cancel_scope.cancel()
        assert (await vm.state()).state is DomainState.RUNNING


async def test_a_lost_connection_is_an_event_and_heals() -> None:
    async with open_test_host() as host, host.events() as events:
        host.faults.disconnect("Networks.*")
        with pytest.raises(ConnectionLost):
            await host.networks.list()
        lost, found = await events.__anext__(), await events.__anext__()
        assert isinstance(lost, ConnectionEvent)
        assert isinstance(found, ConnectionEvent)
        assert (lost.connected, found.connected) == (False, True)
        assert await host.networks.list()


async def test_it_ends_with_its_block() -> None:
    async with open_test_host() as host:
        pass
    with pytest.raises(Closed):
        await host.domains.list()
