"""Registering for events, in all ways, over the wire; and clients that do not read."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import anyio
import pytest

from aiovirt._tasks import Broadcast, Subscription
from aiovirt.bindings.events import MONITOR_EVENT, read_event
from aiovirt.clients.libvirt import LibvirtClient, open_client
from aiovirt.daemon.access.policyfile import parse_policy
from aiovirt.daemon.events.hub import events_at
from aiovirt.daemon.settings import Settings
from aiovirt.errors import CallerError, Unsupported
from aiovirt.interfaces import Ability, Events, EventStream, Monitor
from aiovirt.model import events as e
from aiovirt.model.constants import DomainEventID
from aiovirt.model.domain import DomainKey
from aiovirt.model.uri import URI
from aiovirt.protocols.libvirt.connection import Message
from aiovirt.protocols.libvirt.procedure import Empty
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import domain_events as d
from aiovirt.protocols.libvirt.tables import qemu as q
from aiovirt.protocols.libvirt.tables.structs import Domain
from aiovirt.streams.line import Line
from aiovirt.streams.unix import connect_unix
from aiovirt.testing.daemon import RunningDaemon, open_test_daemon

pytestmark = pytest.mark.anyio

A = TypeVar("A", bound=Ability)
NAME = "test:///default"
WEB1 = DomainKey(UUID(int=1), "web1")
REBOOT = e.RebootEvent(time=1.0, domain=WEB1)
STARTED = e.LifecycleEvent(time=1.0, domain=WEB1, detail=e.LifecycleDetail.STARTED_BOOTED)
RESUMED = e.MonitorEvent(time=1.5, domain=WEB1, name="RESUME", data={"a": 1})

HIDING = """
[[rule]]
who = ["user:somebody"]
deny = ["domain:getattr"]
on = { domain = ["web1"] }
"""


class Happening(Events, Monitor):
    """A driver on which happens what the test publishes."""

    driver_name = name = "Fake"
    uri = URI.parse(NAME)

    def __init__(self) -> None:
        self.events: Broadcast[e.Event] = Broadcast(lambda n: e.EventsLost(time=0.0, count=n))
        self.subscribers = 0

    def ability(self, kind: type[A]) -> A:
        return self if isinstance(self, kind) else kind()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Happening]:
        yield self
        self.events.close()

    def subscribe(self, *, limit: int = 1024) -> Subscription[e.Event]:
        self.subscribers += 1
        return self.events.subscribe(backlog=limit)

    @asynccontextmanager
    async def monitor_events(
        self, domain: DomainKey | None = None, event: str | None = None, **_how: object
    ) -> AsyncIterator[EventStream]:
        del domain
        if event == "none":
            raise Unsupported("Fake", "monitor_events")
        async with self.events.subscribe() as events:
            yield events


@dataclass
class Client:
    """A client, and what it was told."""

    core: LibvirtClient
    heard: list[Message] = field(default_factory=list)
    news: anyio.Event = field(default_factory=anyio.Event)

    def __post_init__(self) -> None:
        self.core.on_message = self.hear

    def hear(self, message: Message) -> None:
        self.heard.append(message)
        self.news.set()

    async def first(self) -> Message:
        """Wait for the first message."""
        await self.news.wait()
        return self.heard[0]

    async def register(self, number: int, dom: Domain | None = None) -> int:
        """Register in today's way: the callback's number."""
        args = d.ConnectDomainEventCallbackRegisterAnyArgs(number, dom)
        reply = await self.core.call(d.CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY, args)
        return reply.callback_id


@asynccontextmanager
async def client_of(running: RunningDaemon) -> AsyncIterator[Client]:
    """Connect a client that has opened the host."""
    with await connect_unix(running.socket) as sock:
        line = Line(sock, passes_descriptors=True, local=True, peer="the daemon")
        async with open_client(line) as core:
            await core.call(c.CONNECT_OPEN, c.ConnectOpenArgs(NAME, 0))
            yield Client(core)


@pytest.fixture
async def driver() -> Happening:
    """Return the driver that the daemon serves."""
    return Happening()


@pytest.fixture
async def running(driver: Happening, tmp_path: Path) -> AsyncIterator[RunningDaemon]:
    """Return the daemon; it keeps little for who does not read."""
    limits = replace(Settings().limits, event_backlog=64 * 1024)
    settings = replace(Settings(), limits=limits)
    openers = {NAME: driver.opened}
    async with open_test_daemon(tmp_path, settings=settings, openers=openers) as found:
        host = await found.daemon.hosts.get(NAME)
        await events_at(host).begin(
            found.daemon.tasks
        )  # that no test starts a task that outlives it
        yield found


@pytest.fixture
async def client(running: RunningDaemon) -> AsyncIterator[Client]:
    """Return a client."""
    async with client_of(running) as connected:
        yield connected


async def test_what_happens_after_the_reply_is_told(client: Client, driver: Happening) -> None:
    number = await client.register(DomainEventID.REBOOT)
    driver.events.publish(REBOOT)
    told = await client.first()
    assert told.payload[:4] == number.to_bytes(4, "big")
    assert isinstance(read_event(told.program, told.procedure, told.payload), e.RebootEvent)


async def test_all_clients_share_one_subscription(
    client: Client, running: RunningDaemon, driver: Happening
) -> None:
    async with client_of(running) as other:
        await client.register(DomainEventID.REBOOT)
        await other.register(DomainEventID.REBOOT)
        driver.events.publish(REBOOT)
        await client.first()
        await other.first()
    assert driver.subscribers == 1


async def test_what_is_taken_back_is_told_no_more(client: Client, driver: Happening) -> None:
    gone = await client.register(DomainEventID.REBOOT)
    await client.register(DomainEventID.LIFECYCLE)
    await client.core.call(
        d.CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY,
        d.ConnectDomainEventCallbackDeregisterAnyArgs(gone),
    )
    driver.events.publish(REBOOT)
    driver.events.publish(STARTED)
    assert (await client.first()).procedure == d.DOMAIN_EVENT_CALLBACK_LIFECYCLE.number


async def test_the_oldest_way_tells_lives_only(client: Client, driver: Happening) -> None:
    await client.core.call(d.CONNECT_DOMAIN_EVENT_REGISTER, Empty())
    driver.events.publish(REBOOT)
    driver.events.publish(STARTED)
    assert (await client.first()).procedure == d.DOMAIN_EVENT_LIFECYCLE.number
    await client.core.call(d.CONNECT_DOMAIN_EVENT_DEREGISTER, Empty())


async def test_the_old_way_has_one_registration_of_a_kind(client: Client) -> None:
    args = d.ConnectDomainEventRegisterAnyArgs(DomainEventID.REBOOT)
    await client.core.call(d.CONNECT_DOMAIN_EVENT_REGISTER_ANY, args)
    with pytest.raises(CallerError):
        await client.core.call(d.CONNECT_DOMAIN_EVENT_REGISTER_ANY, args)
    undo = d.ConnectDomainEventDeregisterAnyArgs(DomainEventID.REBOOT)
    await client.core.call(d.CONNECT_DOMAIN_EVENT_DEREGISTER_ANY, undo)
    with pytest.raises(CallerError):
        await client.core.call(d.CONNECT_DOMAIN_EVENT_DEREGISTER_ANY, undo)


@pytest.mark.parametrize("number", [99, -1])
async def test_an_unknown_kind_is_refused(client: Client, number: int) -> None:
    with pytest.raises(CallerError):
        await client.register(number)


async def test_a_callback_of_another_kind_is_not_taken_back(client: Client) -> None:
    number = await client.register(DomainEventID.REBOOT)
    with pytest.raises(CallerError):
        await client.core.call(
            c.CONNECT_NETWORK_EVENT_DEREGISTER_ANY, c.ConnectNetworkEventDeregisterAnyArgs(number)
        )


async def test_a_monitors_events_come_until_they_are_taken_back(
    client: Client, driver: Happening
) -> None:
    args = q.ConnectDomainMonitorEventRegisterArgs(None, None, 0)
    reply = await client.core.call(q.CONNECT_DOMAIN_MONITOR_EVENT_REGISTER, args)
    driver.events.publish(RESUMED)
    told = await client.first()
    assert (told.program, told.procedure) == (MONITOR_EVENT.program, MONITOR_EVENT.number)
    undo = q.ConnectDomainMonitorEventDeregisterArgs(reply.callback_id)
    await client.core.call(q.CONNECT_DOMAIN_MONITOR_EVENT_DEREGISTER, undo)
    with pytest.raises(CallerError):
        await client.core.call(q.CONNECT_DOMAIN_MONITOR_EVENT_DEREGISTER, undo)


async def test_a_monitor_that_cannot_tell_refuses_the_call(client: Client) -> None:
    args = q.ConnectDomainMonitorEventRegisterArgs(None, "none", 0)
    with pytest.raises(Unsupported):
        await client.core.call(q.CONNECT_DOMAIN_MONITOR_EVENT_REGISTER, args)


async def test_who_may_not_see_a_domain_is_not_told_of_it(
    client: Client, running: RunningDaemon, driver: Happening
) -> None:
    await client.register(DomainEventID.REBOOT)
    await client.register(DomainEventID.LIFECYCLE)
    (session,) = running.daemon.main.clients.values()
    session.becomes(uid=12345, user="somebody")
    running.daemon.access.policy = parse_policy(HIDING)
    session.access_changed()
    driver.events.publish(REBOOT)
    driver.events.publish(replace(STARTED, domain=DomainKey(UUID(int=2), "other")))
    assert (await client.first()).procedure == d.DOMAIN_EVENT_CALLBACK_LIFECYCLE.number


async def test_who_does_not_read_is_dropped_and_others_are_told(
    client: Client,
    running: RunningDaemon,
    driver: Happening,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await client.register(DomainEventID.DEVICE_ADDED)
    big = e.DeviceAddedEvent(time=1.0, domain=WEB1, alias="x" * 100_000)
    async with client_of(running) as lazy:
        await lazy.register(DomainEventID.DEVICE_ADDED)
        lazy.core.channel.pause()
        with caplog.at_level(logging.WARNING):
            while len(running.daemon.main.clients) == 2:
                driver.events.publish(big)
                client.news = anyio.Event()
                await client.news.wait()
        assert "does not read" in caplog.text
    client.heard.clear()
    client.news = anyio.Event()
    driver.events.publish(big)
    await client.first()
