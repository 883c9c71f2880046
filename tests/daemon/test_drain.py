"""The ordered end: what is at work is finished, within a bound, and nothing new begins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from servedhost import DOM, Served, served

from aiovirt._tasks import open_task_group
from aiovirt.clients.libvirt import LibvirtClient
from aiovirt.daemon.settings import Settings
from aiovirt.errors import AiovirtError
from aiovirt.protocols.libvirt.tables import domain as d

pytestmark = pytest.mark.anyio


def without_patience(settings: Settings) -> Settings:
    return replace(settings, limits=replace(settings.limits, drain_timeout_s=0))


async def suspended(client: LibvirtClient, ends: list[str]) -> None:
    """Call something that takes until the test lets go, and note how it ends."""
    try:
        await client.call(d.DOMAIN_SUSPEND, d.DomainSuspendArgs(DOM))
    except AiovirtError as error:
        ends.append(type(error).__name__)
    else:
        ends.append("done")


async def at_work(host: Served) -> None:
    """Wait until the call has reached the driver."""
    while not host.script.asked:
        await anyio.lowlevel.checkpoint()


async def test_a_change_at_work_is_finished(tmp_path: Path) -> None:
    ends: list[str] = []
    async with served(tmp_path) as host, host.client() as client, open_task_group() as tasks:
        tasks.start_soon(suspended, client, ends)
        await at_work(host)
        tasks.start_soon(host.running.daemon.drain)
        await anyio.wait_all_tasks_blocked()
        host.script.hold.set()
    assert ends == ["done"]


async def test_a_change_that_does_not_end_is_given_up(tmp_path: Path) -> None:
    ends: list[str] = []
    async with (
        served(tmp_path, without_patience) as host,
        host.client() as client,
        open_task_group() as tasks,
    ):
        tasks.start_soon(suspended, client, ends)
        await at_work(host)
        assert not await host.running.daemon.drain()
        host.script.hold.set()


async def test_no_further_client_is_taken(tmp_path: Path) -> None:
    async with served(tmp_path) as host:
        assert await host.running.daemon.drain()
        before = host.running.daemon.clients
        async with host.line():
            await anyio.wait_all_tasks_blocked()
            assert host.running.daemon.clients == before


async def test_no_further_change_begins(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client() as client:
        assert await host.running.daemon.drain()
        with pytest.raises(AiovirtError, match="the daemon ends"):
            await client.call(d.DOMAIN_CREATE, d.DomainCreateArgs(DOM))
    assert not host.script.asked
