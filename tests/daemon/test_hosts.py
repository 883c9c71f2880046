"""Hosts by URI: opened once, for all, by nobody's own task; and the daemon's reload and end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from servedhost import DOM, Script, ScriptedDriver, served, until

from aiovirt._tasks import open_task_group
from aiovirt.daemon.hosts import Hosts, Opener, configured, qemu_uri
from aiovirt.daemon.settings import HostSettings, Settings
from aiovirt.errors import AiovirtError, HostError
from aiovirt.interfaces.driver import Driver
from aiovirt.protocols.libvirt.tables import domain as d

pytestmark = pytest.mark.anyio

URI = "test:///default"


class Opened:
    """Counts how often a host is opened, and closed."""

    def __init__(self, errors: list[Exception] | None = None) -> None:
        self.errors = errors or []
        self.opened = self.closed = 0
        self.gate = anyio.Event()
        self.gate.set()

    @asynccontextmanager
    async def opener(self) -> AsyncIterator[Driver]:
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop()
        self.opened += 1
        try:
            yield ScriptedDriver(Script())
        finally:
            self.closed += 1


@asynccontextmanager
async def hosts(
    openers: Mapping[str, Opener], *, default: str | None = None
) -> AsyncIterator[Hosts]:
    async with open_task_group() as tasks:
        made = Hosts(openers, tasks, default=default)
        yield made
        made.close()


async def test_a_host_that_does_not_open_does_not_hold_up_the_end() -> None:
    count = Opened()
    count.gate = anyio.Event()
    with anyio.fail_after(4):
        async with hosts({URI: count.opener}) as served_hosts, open_task_group() as tasks:
            tasks.start_soon(served_hosts.get, URI)
            await until(lambda: served_hosts.open)
            tasks.cancel_scope.cancel()
    assert count.opened == 0


async def test_a_host_is_opened_once_for_all() -> None:
    count = Opened()
    async with hosts({URI: count.opener}) as served_hosts:
        first, second = await served_hosts.get(URI), await served_hosts.get(f"{URI}?some=thing")
        assert first is second
    assert (count.opened, count.closed) == (1, 1)


@pytest.mark.parametrize("name", [None, "", URI])
async def test_who_names_none_gets_the_default(name: str | None) -> None:
    async with hosts({URI: Opened().opener}, default=URI) as served_hosts:
        assert str((await served_hosts.get(name)).uri) == URI


@pytest.mark.parametrize("name", ["qemu:///system", None, "test:///etc/passwd"])
async def test_what_is_not_served_is_refused(name: str | None) -> None:
    async with hosts({URI: Opened().opener}) as served_hosts:
        with pytest.raises(AiovirtError) as caught:
            await served_hosts.get(name)
        assert caught.value.libvirt is not None
        assert caught.value.libvirt.code == 5


async def test_a_host_that_could_not_be_opened_is_tried_again() -> None:
    count = Opened([HostError("the disk is full")])
    async with hosts({URI: count.opener}) as served_hosts:
        with pytest.raises(HostError, match="the disk is full"):
            await served_hosts.get(URI)
        await served_hosts.get(URI)
    assert count.opened == 1


async def test_a_host_that_fails_takes_nobody_with_it() -> None:
    count = Opened([RuntimeError("a fault of the driver")])
    async with hosts({URI: count.opener}) as served_hosts:
        with pytest.raises(AiovirtError):
            await served_hosts.get(URI)
        assert (await served_hosts.get(URI)).is_open


async def test_a_client_that_goes_disturbs_no_other_who_waits() -> None:
    count = Opened()
    count.gate = anyio.Event()
    async with hosts({URI: count.opener}) as served_hosts, open_task_group() as tasks:
        with anyio.CancelScope() as gone:
            tasks.start_soon(served_hosts.get, URI)
            await anyio.wait_all_tasks_blocked()
            gone.cancel()
            await served_hosts.get(URI)
        count.gate.set()
        assert (await served_hosts.get(URI)).is_open
    assert count.opened == 1


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (Settings(), ["qemu:///system", URI]),
        (Settings(session=True), ["qemu:///session", URI]),
        (Settings(hosts=HostSettings(qemu=False)), [URI]),
    ],
)
def test_the_settings_say_what_is_served(settings: Settings, names: list[str]) -> None:
    openers, default = configured(settings, Path("/var/lib/aiovirt"))
    assert (list(openers), default) == (names, names[0])


def test_the_settings_of_qemu_each_stand_alone(tmp_path: Path) -> None:
    plain = qemu_uri(HostSettings(), tmp_path).parameters
    moved = qemu_uri(HostSettings(migration_tls=tmp_path), tmp_path).parameters
    assert moved == {**plain, "migration_tls": str(tmp_path)}
    assert plain["relabel"] == plain["late_detach"] == "yes"


# --- the daemon -----------------------------------------------------------------------------------


async def test_new_settings_hold_for_who_is_there(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client():
        daemon = host.running.daemon
        await daemon.reload(
            replace(daemon.settings, limits=replace(daemon.settings.limits, max_clients=9))
        )
        assert daemon.main.limits.max_clients == 9


async def test_wrong_settings_change_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as host:
        daemon = host.running.daemon
        before = daemon.settings, daemon.access
        wrong = replace(daemon.settings.access, policy=tmp_path / "none.toml")
        with pytest.raises(AiovirtError):
            await daemon.reload(replace(daemon.settings, access=wrong))
        assert (daemon.settings, daemon.access) == before


async def test_draining_waits_for_changes_and_takes_no_more(tmp_path: Path) -> None:
    suspend = d.DomainSuspendArgs(DOM)
    async with served(tmp_path) as host, host.client() as client, open_task_group() as tasks:
        tasks.start_soon(client.call, d.DOMAIN_SUSPEND, suspend)
        await until(lambda: host.script.asked)
        tasks.start_soon(host.running.daemon.drain)
        await until(lambda: host.running.daemon.draining)
        with pytest.raises(AiovirtError, match="the daemon ends"):
            await client.call(d.DOMAIN_SUSPEND, suspend)
        assert host.script.ended == []
        host.script.hold.set()
    assert host.script.ended == ["suspend"]


async def test_draining_has_an_end(tmp_path: Path) -> None:
    async with (
        served(
            tmp_path,
            lambda settings: replace(
                settings, limits=replace(settings.limits, drain_timeout_s=0.01)
            ),
        ) as host,
        host.client() as client,
        open_task_group() as tasks,
    ):
        tasks.start_soon(client.call, d.DOMAIN_SUSPEND, d.DomainSuspendArgs(DOM))
        await until(lambda: host.script.asked)
        assert not await host.running.daemon.drain()
        tasks.cancel_scope.cancel()
