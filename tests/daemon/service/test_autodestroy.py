"""Domains that end with their client, also when it goes while one of them is starting."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import anyio
import pytest

from aiovirt._tasks import open_task_group
from aiovirt.daemon.service.autodestroy import arrange
from aiovirt.daemon.service.session import Session
from aiovirt.model.domain import DomainKey
from aiovirt.protocols.libvirt.tables import domain as d
from aiovirt.protocols.libvirt.tables.structs import Domain

pytestmark = pytest.mark.anyio


@dataclass
class Client:
    """A session, its host and its driver, whose numbers take until the test lets go."""

    hold: anyio.Event = field(default_factory=anyio.Event)
    data: dict[type, Any] = field(default_factory=dict)
    ends: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    destroyed: list[str] = field(default_factory=list)
    gone: bool = False

    @property
    def host(self) -> SimpleNamespace:
        return SimpleNamespace(driver=self, operations=SimpleNamespace(numbers=self))

    async def of(self, _key: DomainKey) -> int:
        await self.hold.wait()
        return 7

    def ability(self, _kind: object) -> Client:
        return self

    async def destroy(self, domain: DomainKey) -> None:
        self.destroyed.append(domain.name)

    async def at_end(self, work: Callable[[], Awaitable[None]]) -> None:
        if self.gone:
            await work()
        else:
            self.ends.append(work)

    async def start(self, number: int) -> None:
        dom = Domain(f"web{number}", UUID(int=number).bytes, -1)
        await arrange(cast("Session", self), d.DomainCreateXmlRet(dom))

    async def go(self) -> None:
        self.gone = True
        for work in self.ends:
            await work()


async def test_all_end_with_the_client() -> None:
    client = Client()
    client.hold.set()
    for number in range(2):
        await client.start(number)
    await client.go()
    assert sorted(client.destroyed) == ["web0", "web1"]


async def test_who_starts_while_the_client_goes_ends_too() -> None:
    client = Client()
    client.hold.set()
    await client.start(0)
    client.hold = anyio.Event()
    async with open_task_group() as tasks:
        tasks.start_soon(client.start, 1)
        tasks.start_soon(client.go)
        await anyio.wait_all_tasks_blocked()
        client.hold.set()
    assert sorted(client.destroyed) == ["web0", "web1"]
