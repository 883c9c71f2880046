"""What one client may be told: decided at once by rules, or one after the other by polkit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import anyio
import pytest
from anyio.abc import TaskGroup

from aiovirt._tasks import open_task_group
from aiovirt.bindings.events import row_registered
from aiovirt.daemon.events.client import MAX_ASKED, MAX_NAME, ClientEvents, Wish
from aiovirt.daemon.service.session import Session
from aiovirt.errors import CallerError
from aiovirt.model.constants import DomainEventID, NodeDeviceEventID
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import NodeDeviceKey

pytestmark = pytest.mark.anyio

WEB1, WEB2 = (DomainKey(UUID(int=number), f"web{number}") for number in (1, 2))


@dataclass
class Client:
    """A session whose rights polkit decides, which sees only one domain."""

    tasks: TaskGroup
    everything: bool = False
    asks: bool = True
    sent: list[bytes] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    data: dict[type, Any] = field(default_factory=dict)
    identity = None

    @property
    def daemon(self) -> Client:
        return self

    @property
    def access(self) -> Client:
        return self

    @property
    def grants(self) -> Client:
        return self

    def needs_ask(self, _who: None, permissions: tuple[str, ...]) -> bool:
        return self.asks and bool(permissions)

    async def allowed(
        self, _who: None, permission: str, subject: DomainKey, *, driver: str
    ) -> bool:
        await anyio.lowlevel.checkpoint()
        return self.allows(permission, subject) and driver == "Fake"

    def allows(self, permission: str, subject: DomainKey) -> bool:
        return permission == "domain:getattr" and subject == WEB1

    @property
    def driver(self) -> SimpleNamespace:
        return SimpleNamespace(name="Fake")

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    def drop(self, reason: str) -> None:
        self.dropped.append(reason)

    def on_close(self, work: Callable[[], Awaitable[None]]) -> None:
        del work

    @property
    def events(self) -> tuple[ClientEvents, Wish]:
        """Return its registrations, and one of them."""
        events = ClientEvents(cast("Session", self))
        row = row_registered(DomainEventID, DomainEventID.REBOOT)
        assert row is not None
        return events, Wish(events, row, 1)


async def test_polkit_decides_one_after_the_other() -> None:
    async with open_task_group() as tasks:
        client = Client(tasks)
        events, wish = client.events
        for packet, about in ((b"1", WEB1), (b"2", WEB2), (b"3", WEB1)):
            events.tell(wish, packet, about)
        assert not client.sent
        while len(client.sent) < 2:
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert client.sent == [b"1", b"3"]


async def test_who_has_too_many_to_be_decided_is_dropped() -> None:
    async with open_task_group() as tasks:
        client = Client(tasks)
        events, wish = client.events
        for _ in range(MAX_ASKED + 1):
            events.tell(wish, b"", WEB1)
        tasks.cancel_scope.cancel()
        await anyio.lowlevel.checkpoint()
    assert len(client.dropped) == 1


async def test_rules_decide_at_once() -> None:
    async with open_task_group() as tasks:
        client = Client(tasks, asks=False)
        events, wish = client.events
        events.tell(wish, b"1", WEB1)
        events.tell(wish, b"2", WEB2)
    assert client.sent == [b"1"]


async def test_who_may_do_all_is_told_all() -> None:
    async with open_task_group() as tasks:
        client = Client(tasks, everything=True)
        events, wish = client.events
        events.tell(wish, b"2", WEB2)
    assert client.sent == [b"2"]


async def test_a_registration_keeps_no_name_of_megabytes() -> None:
    async with open_task_group() as tasks:
        events, _ = Client(tasks).events
        row = row_registered(NodeDeviceEventID, NodeDeviceEventID.UPDATE)
        assert row is not None
        Wish(events, row, 1, NodeDeviceKey("d" * MAX_NAME))
        with pytest.raises(CallerError, match="a name of 1025 characters"):
            Wish(events, row, 2, NodeDeviceKey("d" * (MAX_NAME + 1)))
