"""A daemon in the test's process over a driver that does what the test says, and raw clients."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeVar
from uuid import UUID

import anyio
import anyio.lowlevel

from aiovirt.clients.libvirt import LibvirtClient, open_client
from aiovirt.daemon.settings import Settings
from aiovirt.errors import NotFound
from aiovirt.interfaces import Ability, Definition, Lifecycle, immediate
from aiovirt.model.constants import ConnectListAllDomainsFlags, DomainCreateFlags
from aiovirt.model.domain import DomainKey, DomainRecord, StateReason
from aiovirt.model.uri import URI
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables.structs import Domain
from aiovirt.streams.line import Line
from aiovirt.streams.unix import connect_unix
from aiovirt.testing.daemon import RunningDaemon, open_test_daemon

A = TypeVar("A", bound=Ability)

KEY = DomainKey(UUID(int=1), "web1")
DOM = Domain("web1", bytes(15) + b"\x01", -1)
NUMBER = 7


@dataclass
class Script:
    """What the driver does, and what it was asked."""

    hold: anyio.Event = field(default_factory=anyio.Event)
    asked: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    error: Exception | None = None
    number: int = NUMBER

    async def ask(self, name: str) -> None:
        """Do something that takes until the test lets go."""
        self.asked.append(name)
        try:
            await self.hold.wait()
        except anyio.get_cancelled_exc_class():
            self.ended.append(f"{name} cancelled")
            raise
        if self.error is not None:
            raise self.error
        self.ended.append(name)


class ScriptedDefinition(Definition):
    """One domain; what never waits is marked so."""

    def __init__(self, script: Script) -> None:
        self.script = script

    @immediate
    async def find_by_name(self, name: str) -> DomainKey:
        if name != KEY.name:
            raise NotFound(f"no domain {name!r}")
        return KEY

    @immediate
    async def record(self, domain: DomainKey) -> DomainRecord:
        reason = StateReason.RUNNING_BOOTED
        return DomainRecord(domain, self.script.number, reason, persistent=True, autostart=False)

    @immediate
    async def records(self) -> list[DomainRecord]:
        return [await self.record(KEY)]

    async def keys(
        self,
        *,
        active: bool | None = None,
        flags: ConnectListAllDomainsFlags | Literal[0] = 0,
    ) -> list[DomainKey]:
        del flags
        return [] if active is False else [KEY]

    @immediate
    async def state(self, domain: DomainKey) -> StateReason:
        del domain
        return StateReason.RUNNING_BOOTED

    @immediate
    async def is_updated(self, domain: DomainKey) -> bool:
        del domain
        raise RuntimeError("a fault of the driver")

    async def os_type(self, domain: DomainKey) -> str:
        del domain
        await self.script.ask("os_type")
        return "hvm"


class ScriptedLifecycle(Lifecycle):
    """What changes something."""

    def __init__(self, script: Script) -> None:
        self.script = script

    async def start(
        self,
        domain: DomainKey,
        *,
        paused: bool = False,
        flags: DomainCreateFlags | Literal[0] = 0,
    ) -> None:
        del domain, paused
        self.script.asked.append(f"start {int(flags)}")

    async def destroy(self, domain: DomainKey, *, graceful: bool = False, flags: int = 0) -> None:
        del domain, graceful, flags
        self.script.asked.append("destroy")

    async def suspend(self, domain: DomainKey) -> None:
        del domain
        await self.script.ask("suspend")


class ScriptedDriver:
    """The driver."""

    name = "Scripted"
    uri = URI.parse("test:///default")

    def __init__(self, script: Script) -> None:
        self._abilities: dict[type[Ability], Ability] = {
            Definition: ScriptedDefinition(script),
            Lifecycle: ScriptedLifecycle(script),
        }

    def ability(self, kind: type[A]) -> A:
        found = self._abilities.get(kind)
        return found if isinstance(found, kind) else kind()


@dataclass
class Served:
    """The daemon, and the script of its driver."""

    running: RunningDaemon
    script: Script

    @asynccontextmanager
    async def line(self, *, readonly: bool = False) -> AsyncIterator[Line]:
        """Connect, and say nothing."""
        path = self.running.readonly if readonly else self.running.socket
        with await connect_unix(path) as sock:
            yield Line(sock, passes_descriptors=True, local=True, peer="the daemon")

    @asynccontextmanager
    async def client(
        self, *, flags: int = 0, opened: bool = True, window: int = 100
    ) -> AsyncIterator[LibvirtClient]:
        """Connect, and open the host."""
        async with self.line() as line, open_client(line, window=window) as client:
            if opened:
                await client.call(c.CONNECT_OPEN, c.ConnectOpenArgs("test:///default", flags))
            yield client


@asynccontextmanager
async def served(
    folder: Path, change: Callable[[Settings], Settings] = lambda settings: settings
) -> AsyncGenerator[Served, None]:
    """Run a daemon over a scripted driver."""
    script = Script()

    @asynccontextmanager
    async def opener() -> AsyncIterator[ScriptedDriver]:
        yield ScriptedDriver(script)

    plain = Settings()
    hosts = replace(plain.hosts, qemu=False, autostart=())
    settings = change(replace(plain, hosts=hosts))
    openers = {"test:///default": opener}
    async with open_test_daemon(folder, settings=settings, openers=openers) as running:
        yield Served(running, script)


async def until(holds: Callable[[], object]) -> None:
    """Let everything go on until something holds."""
    while not holds():
        await anyio.wait_all_tasks_blocked()
        await anyio.lowlevel.checkpoint()
