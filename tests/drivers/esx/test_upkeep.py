"""Snapshots kept in order, and tickets for consoles."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from vcsimlab import Checker, Simulator

from aiovirt import _open
from aiovirt.config import SnapshotConfig
from aiovirt.errors import AlreadyExists, InvalidState
from aiovirt.model.credentials import Login
from aiovirt.objects import Connection, Domain
from aiovirt.testing.vsphere import FakeVSphere, Settings, run_fake_vsphere

pytestmark = pytest.mark.anyio

Check = Callable[[Simulator], Checker]


@asynccontextmanager
async def faking() -> AsyncIterator[tuple[FakeVSphere, Domain]]:
    """Run a fake ESX host, and have a machine of it."""
    async with run_fake_vsphere(Settings(kind="esx"), tls=False) as fake:
        uri = f"esx://root@127.0.0.1:{fake.port}/?transport=http"
        async with _open.open(uri, credentials=Login("root", "secret")) as host:
            yield fake, await host.domains.get("machine0")


@pytest.mark.real
async def test_all_snapshots_go_at_once(
    vsphere: Simulator, host: Connection, name: str, check: Check
) -> None:
    vm = await host.domains.get(name)
    for each in ("a", "b"):
        await vm.snapshots.create(SnapshotConfig(name=each))
    await vm.snapshots.delete_all()
    assert not check(vsphere).machine(name).snapshots
    assert await vm.snapshots.list() == []


async def test_a_snapshot_gets_another_name() -> None:
    async with faking() as (_, vm):
        first = await vm.snapshots.create(SnapshotConfig(name="first", description="before"))
        await vm.snapshots.create(SnapshotConfig(name="second"))
        renamed = await first.rename("zeroth")
        assert (await renamed.config()).description == "before"
        again = await renamed.rename("zeroth", description="after")
        assert (await again.config()).description == "after"
        assert {each.name for each in await vm.snapshots.list()} == {"zeroth", "second"}
        with pytest.raises(AlreadyExists, match="'second'"):
            await again.rename("second")


async def test_disks_are_consolidated() -> None:
    async with faking() as (fake, vm):
        assert not await vm.snapshots.needs_consolidation()
        await vm.snapshots.consolidate()
        assert fake.plan.calls["ConsolidateVMDisks_Task"] == 1


async def test_a_ticket_for_the_console() -> None:
    async with faking() as (_, vm):
        ticket = await vm.console_ticket()
        assert ticket.url.reveal() == f"wss://{ticket.host}:443/ticket/{ticket.ticket.reveal()}"
        assert ticket.ticket.reveal() not in repr(ticket)
        assert (await vm.console_ticket("mks")).port == 902
        await vm.destroy()
        with pytest.raises(InvalidState, match="does not run"):
            await vm.console_ticket()
