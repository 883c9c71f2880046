"""A connection that heals, against the fake libvirtd."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import anyio
import pytest
from anyio.abc import TaskGroup, TaskStatus

from aiovirt import _open
from aiovirt.drivers.libvirt import link
from aiovirt.drivers.libvirt.driver import LibvirtDriver
from aiovirt.errors import Closed, ConnectionLost, NotFound, Unresponsive
from aiovirt.model.events import ConnectionEvent, Event, LifecycleDetail, LifecycleEvent
from aiovirt.objects import Connection
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables.structs import Domain, DomainStatsRecord
from aiovirt.testing.fake_libvirtd import FakeLibvirtd, run_fake_libvirtd
from aiovirt.testing.faults import Cut, Fault, Garbage, Refuse, Silent

pytestmark = pytest.mark.anyio


class Daemon:
    """A fake that can die and come back at its path; each life is a task."""

    def __init__(self, path: Path, tasks: TaskGroup) -> None:
        self.path = path
        self.fake: FakeLibvirtd
        self._tasks = tasks
        self._life = anyio.CancelScope()
        self._over = anyio.Event()

    async def start(self) -> FakeLibvirtd:
        """Come up."""
        self._life, self._over = anyio.CancelScope(), anyio.Event()
        await self._tasks.start(self._live)
        return self.fake

    async def _live(self, *, task_status: TaskStatus[None]) -> None:
        with self._life:
            async with run_fake_libvirtd(self.path) as self.fake:
                self.fake.on(c.CONNECT_GET_ALL_DOMAIN_STATS, lambda _: self._stats())
                task_status.started()
                await anyio.sleep_forever()
        self._over.set()

    async def die(self) -> None:
        """Go away with all connections."""
        self._life.cancel()
        await self._over.wait()

    def _stats(self) -> c.ConnectGetAllDomainStatsRet:
        params = {"state.state": 1, "state.reason": 1}
        return c.ConnectGetAllDomainStatsRet(
            [DomainStatsRecord(domain, params) for domain in self.fake.domains]
        )


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncIterator[tuple[Daemon, Connection]]:
    """Run a daemon and open it."""
    async with anyio.create_task_group() as tasks:
        daemon = Daemon(tmp_path / "sock", tasks)
        await daemon.start()
        async with _open.open(f"qemu+unix:///system?socket={daemon.path}") as host:
            yield daemon, host
        tasks.cancel_scope.cancel()


async def dies(daemon: Daemon, host: Connection) -> None:
    """Let the daemon die, and the connection notice."""
    await daemon.die()
    assert isinstance(host.driver, LibvirtDriver)
    while host.driver.link.client_now is not None:
        await anyio.lowlevel.checkpoint()


async def test_goes_on_with_the_daemon_that_came_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as (daemon, host):
        assert await host.hostname() == "fake"
        await dies(daemon, host)
        await daemon.start()
        assert await host.hostname() == "fake"


async def test_call_under_way_is_told_and_the_next_waits(tmp_path: Path) -> None:
    async with opened(tmp_path) as (daemon, host):
        (vm,) = await host.domains.list()
        silent = Silent()
        daemon.fake.script.add("DOMAIN_GET_INFO", silent)

        async def ask() -> None:
            with pytest.raises(ConnectionLost) as caught:
                await vm.info()
            assert caught.value.maybe_done

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await silent.reached.wait()
            await daemon.die()
            tasks.start_soon(host.hostname)
            await anyio.wait_all_tasks_blocked()
            await daemon.start()


async def test_call_that_waits_in_vain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "PATIENCE_S", 0.05)
    async with opened(tmp_path) as (daemon, host):
        await dies(daemon, host)
        with pytest.raises(ConnectionLost, match="did not come back") as caught:
            await host.hostname()
        assert not caught.value.maybe_done


async def test_first_connection_must_succeed(tmp_path: Path) -> None:
    uri = f"qemu+unix:///system?socket={tmp_path / 'nobody'}"
    with pytest.raises(NotFound):
        async with _open.open(uri):
            pytest.fail("it opened")


async def test_closed_connection(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_daemon, host):
        vms = await host.domains.list()
    for call in (host.hostname, vms[0].info):
        with pytest.raises(Closed):
            await call()


async def test_closing_a_daemon_that_says_nothing_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiovirt.drivers.libvirt.opening.CLOSE_TIMEOUT_S", 0.01)
    async with opened(tmp_path) as (daemon, host):
        daemon.fake.script.add("CONNECT_CLOSE", Silent())
        assert await host.hostname() == "fake"


GREETING = [
    "AUTH_LIST",
    "CONNECT_OPEN",
    "CONNECT_GET_TYPE",
    "CONNECT_GET_LIB_VERSION",
    "CONNECT_SUPPORTS_FEATURE",
]


@pytest.mark.parametrize("name", GREETING)
async def test_first_opening_that_is_not_answered_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("aiovirt.drivers.libvirt.opening.OPEN_TIMEOUT_S", 0.05)
    with pytest.raises(Unresponsive, match="did not open the connection within"):
        await open_with(tmp_path, name, Silent())


@pytest.mark.parametrize("name", GREETING)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [(Cut(0), ConnectionLost), (Cut(13), ConnectionLost), (Garbage(b"HTTP/1.1"), ConnectionLost)],
)
async def test_error_of_the_first_opening_leaves_as_itself(
    tmp_path: Path, name: str, fault: Fault, kind: type[Exception]
) -> None:
    with pytest.raises(kind) as caught:
        await open_with(tmp_path, name, fault)
    assert type(caught.value) is kind


async def open_with(tmp_path: Path, name: str, fault: Fault) -> None:
    """Open a daemon that does wrong at one call."""
    async with run_fake_libvirtd(tmp_path / "sock") as fake:
        fake.script.add(name, fault)
        async with _open.open(f"qemu+unix:///system?socket={fake.path}"):
            pytest.fail("it opened")


async def test_daemon_that_refuses_to_tell_about_pings_is_used_without(tmp_path: Path) -> None:
    async with run_fake_libvirtd(tmp_path / "sock") as fake:
        fake.script.add("CONNECT_SUPPORTS_FEATURE", Refuse())
        async with _open.open(f"qemu+unix:///system?socket={fake.path}") as host:
            assert await host.hostname() == "fake"


async def test_call_made_at_the_moment_of_the_loss_waits_for_the_next(tmp_path: Path) -> None:
    async with opened(tmp_path) as (daemon, host):
        assert isinstance(host.driver, LibvirtDriver)
        client = await host.driver.link.client()
        client.on_end(None)
        assert await host.hostname() == "fake"
        assert len(daemon.fake.sessions) <= 2


@pytest.mark.parametrize("name", GREETING)
async def test_closed_while_it_reconnects(tmp_path: Path, name: str) -> None:
    async with opened(tmp_path) as (daemon, host):
        await dies(daemon, host)
        silent = Silent()
        (await daemon.start()).script.add(name, silent)
        await silent.reached.wait()


@pytest.mark.parametrize("fault", [Cut(0), Garbage(b"\0" * 40), Refuse()])
@pytest.mark.parametrize("name", GREETING[:-1])
async def test_tries_again_when_a_further_opening_fails(
    tmp_path: Path, name: str, fault: Fault
) -> None:
    async with opened(tmp_path) as (daemon, host):
        await dies(daemon, host)
        (await daemon.start()).script.add(name, fault)
        assert await host.hostname() == "fake"
        assert daemon.fake.calls.count(name) == 2


WEB1 = Domain("web1", UUID(int=1).bytes, 3)
WEB2 = Domain("web2", UUID(int=2).bytes, 4)


async def test_what_was_missed_is_told_as_synthetic(tmp_path: Path) -> None:
    async with opened(tmp_path) as (daemon, host):
        daemon.fake.domains = [WEB1]
        async with host.events() as events:
            await daemon.die()
            (await daemon.start()).domains = [WEB2]
            told = [event async for event in until_connected(events)]
    assert [type(event) for event in told][:: len(told) - 1] == [ConnectionEvent] * 2
    lives = [event for event in told if isinstance(event, LifecycleEvent)]
    assert {(event.domain.name, event.detail) for event in lives} == {
        ("web1", LifecycleDetail.STOPPED_SHUTDOWN),
        ("web1", LifecycleDetail.UNDEFINED_REMOVED),
        ("web2", LifecycleDetail.DEFINED_ADDED),
        ("web2", LifecycleDetail.STARTED_BOOTED),
    }
    assert all(event.synthetic for event in lives)


async def until_connected(events: AsyncIterator[Event]) -> AsyncIterator[Event]:
    """Give events up to the one that says that the connection is there again."""
    async for event in events:
        yield event
        if isinstance(event, ConnectionEvent) and event.connected:
            return


async def test_subscriptions_are_renewed_and_dropped(tmp_path: Path) -> None:
    async with opened(tmp_path) as (daemon, host):
        name = "CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY"
        async with host.events() as events, host.events():
            first = daemon.fake.calls.count(name)
            await daemon.die()
            await daemon.start()
            _ = [event async for event in until_connected(events)]
            assert first == daemon.fake.calls.count(name) > 20
        await host.hostname()
        await dies(daemon, host)
        await daemon.start()
        await host.hostname()
        assert daemon.fake.calls.count(name) == 0


async def test_cancelled_while_the_daemon_is_away(tmp_path: Path) -> None:
    async with opened(tmp_path) as (daemon, host):
        await dies(daemon, host)
        with anyio.move_on_after(0.05) as scope:
            while True:
                await host.hostname()
        assert scope.cancelled_caught
