"""A host in memory, with a driver of its own: a strict peer for what speaks to public objects.

It keeps its domains while the process lives, refuses what a real driver would refuse, and tells
its events. ``fake:///NAME`` is the host of that name once this module stands in the table of
drivers; what its guests do on console, screen and monitor is in `fakeguest`.
"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID, uuid4

import anyio
from fakeguest import FakeConsoles, FakeMonitor, FakeScreen, Guest

from aiovirt._tasks import Broadcast
from aiovirt.config import DomainConfig
from aiovirt.errors import AlreadyExists, Busy, ConfigError, InvalidState, NotFound, Unresponsive
from aiovirt.interfaces import (
    Ability,
    Definition,
    Events,
    EventStream,
    HostInfo,
    Lifecycle,
    OpenOptions,
    Statistics,
    refuse_flags,
)
from aiovirt.model.domain import (
    Control,
    ControlInfo,
    DomainInfo,
    DomainKey,
    DomainRecord,
    StateReason,
)
from aiovirt.model.events import Event, EventsLost, LifecycleDetail, LifecycleEvent, RebootEvent
from aiovirt.model.params import ParamValue
from aiovirt.model.statistics import DomainStats, StatsGroup, figures_of
from aiovirt.model.statsgroups import (
    BalloonStats,
    BlockStats,
    CpuStats,
    InterfaceCounters,
    InterfaceStats,
    VcpuStats,
)
from aiovirt.model.units import GiB
from aiovirt.model.uri import URI

__all__ = ["HOSTS", "FakeHost", "open_driver"]

A = TypeVar("A", bound=Ability)

GIB = 1024**3


@dataclass
class FakeHost:
    """What is on a host. It stays when its connection is closed."""

    guests: dict[UUID, Guest] = field(default_factory=dict)
    opened: bool = False
    refusals: int = 0
    """So many times it is busy when it is opened."""
    stubborn: bool = False
    """Guests ignore their power button."""
    soon: list[Event] = field(default_factory=list)
    """What happens as soon as somebody subscribes."""
    ends: bool = False
    """Events end after these."""
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    broadcast: Broadcast[Event] = field(default_factory=lambda: Broadcast(_lost))

    def guest(self, key: DomainKey) -> Guest:
        """The guest of that key."""
        return self.find(lambda guest: guest.key.uuid == key.uuid, f"domain {key.name!r}")

    def find(self, test: Callable[[Guest], bool], what: str) -> Guest:
        """The guest that passes a test."""
        for guest in self.guests.values():
            if test(guest):
                return guest
        raise NotFound(f"no {what}")

    def tell(self, guest: Guest, detail: LifecycleDetail) -> None:
        """Publish a life cycle event."""
        event = LifecycleEvent(time=0.0, domain=guest.key, detail=detail)
        self.broadcast.publish(event)

    def change(self, guest: Guest, reason: StateReason, detail: LifecycleDetail) -> None:
        """Put a guest in a state and tell of it."""
        guest.reason = reason
        if not reason.state.active:
            guest.id = None
            guest.off.set()
            if not guest.persistent:
                del self.guests[guest.key.uuid]
        self.tell(guest, detail)


def _lost(count: int) -> Event:
    return EventsLost(time=0.0, count=count)


HOSTS: dict[str, FakeHost] = {}


class FakeDefinition(Definition):
    """Definitions."""

    driver_name = "fake"

    def __init__(self, host: FakeHost) -> None:
        self._host = host

    async def define(self, config: DomainConfig, *, flags: int = 0) -> DomainKey:
        """Refuses a name that has another UUID, and what the configuration itself finds wrong."""
        refuse_flags("fake", "define", flags)
        config = config.copy()
        config.check()
        name = config.name or ""
        same = [guest for guest in self._host.guests.values() if guest.key.name == name]
        if same and config.uuid not in {None, same[0].key.uuid}:
            raise AlreadyExists(f"domain {name!r} exists with another UUID")
        config.uuid = config.uuid or (same[0].key.uuid if same else uuid4())
        key = DomainKey(UUID(str(config.uuid)), name)
        old = self._host.guests.get(key.uuid)
        if old is not None and old.key.name != name:
            raise AlreadyExists(f"the UUID of domain {name!r} is that of {old.key.name!r}")
        if old is not None:
            old.config = config
        guest = self._host.guests.setdefault(key.uuid, Guest(key, config))
        updated, added = LifecycleDetail.DEFINED_UPDATED, LifecycleDetail.DEFINED_ADDED
        self._host.tell(guest, added if old is None else updated)
        return guest.key

    async def undefine(self, domain: DomainKey, *, flags: int = 0) -> None:
        """A running one stays, transient."""
        refuse_flags("fake", "undefine", flags)
        guest = self._host.guest(domain)
        if not guest.persistent:
            raise InvalidState(f"domain {domain.name!r} is transient")
        guest.persistent = False
        if guest.id is None:
            del self._host.guests[domain.uuid]
        self._host.tell(guest, LifecycleDetail.UNDEFINED_REMOVED)

    async def keys(self, *, active: bool | None = None, flags: int = 0) -> Sequence[DomainKey]:
        """By name."""
        refuse_flags("fake", "keys", flags)
        records = await self.records()
        return [r.key for r in records if active is None or r.state.active is active]

    async def records(self) -> Sequence[DomainRecord]:
        """By name."""
        return sorted((g.record for g in self._host.guests.values()), key=lambda r: r.key.name)

    async def record(self, domain: DomainKey) -> DomainRecord:
        """One."""
        return self._host.guest(domain).record

    async def find_by_name(self, name: str) -> DomainKey:
        """By name."""
        return self._host.find(lambda guest: guest.key.name == name, f"domain {name!r}").key

    async def find_by_uuid(self, uuid: UUID) -> DomainKey:
        """By UUID."""
        return self._host.find(lambda guest: guest.key.uuid == uuid, f"domain {uuid}").key

    async def find_by_id(self, number: int) -> DomainKey:
        """By id."""
        return self._host.find(lambda guest: guest.id == number, f"domain with id {number}").key

    async def config(
        self, domain: DomainKey, *, inactive: bool = False, secure: bool = False, flags: int = 0
    ) -> DomainConfig:
        """The live one carries the id."""
        refuse_flags("fake", "config", flags)
        guest = self._host.guest(domain)
        config = DomainConfig.parse(guest.config.to_xml(secure=secure))
        if not inactive:
            config.id = guest.id
            for place, card in enumerate(config.interfaces if guest.id else ()):
                card.target_dev = card.target_dev or f"vnet{place}"
        return config

    async def state(self, domain: DomainKey) -> StateReason:
        """As the record has it."""
        return self._host.guest(domain).record.reason

    async def is_active(self, domain: DomainKey) -> bool:
        """As the record has it."""
        return self._host.guest(domain).record.state.active

    async def os_type(self, domain: DomainKey) -> str:
        """As the configuration has it."""
        return self._host.guest(domain).config.os.type or "hvm"

    async def to_native(self, form: str, config: DomainConfig) -> str:
        """A program with the name, which may need quotes."""
        if form != "qemu-argv":
            raise ConfigError(f"no form {form!r}", field="form")
        config.check()
        return shlex.join(["/usr/bin/fake", "-name", config.name or ""])

    async def set_autostart(self, domain: DomainKey, *, autostart: bool) -> None:
        """Refuses transient ones."""
        guest = self._host.guest(domain)
        if not guest.persistent:
            raise InvalidState(f"domain {domain.name!r} is transient")
        guest.autostart = autostart


class FakeLifecycle(Lifecycle):
    """Life cycles."""

    driver_name = "fake"

    def __init__(self, host: FakeHost) -> None:
        self._host = host

    async def start(self, domain: DomainKey, *, paused: bool = False, flags: int = 0) -> None:
        """Refuses one that runs."""
        refuse_flags("fake", "start", flags)
        guest = self._host.guest(domain)
        if guest.id is not None:
            raise InvalidState(f"domain {domain.name!r} is already running")
        guest.id = next(self._host.ids)
        guest.off = anyio.Event()
        self._host.change(guest, StateReason.RUNNING_BOOTED, LifecycleDetail.STARTED_BOOTED)
        if paused:
            self._host.change(guest, StateReason.PAUSED_USER, LifecycleDetail.SUSPENDED_PAUSED)

    def _running(self, domain: DomainKey) -> Guest:
        guest = self._host.guest(domain)
        if guest.id is None:
            raise InvalidState(
                f"domain {domain.name!r} is not running", hint=f"aiovirt start {domain.name}"
            )
        return guest

    async def shutdown(self, domain: DomainKey, *, wait: bool = False, flags: int = 0) -> None:
        """Obeyed at once, unless guests are stubborn."""
        refuse_flags("fake", "shutdown", flags)
        guest = self._running(domain)
        if not self._host.stubborn:
            detail = LifecycleDetail.STOPPED_SHUTDOWN
            self._host.change(guest, StateReason.SHUTOFF_SHUTDOWN, detail)
        if wait:
            await guest.off.wait()

    async def reboot(self, domain: DomainKey, *, flags: int = 0) -> None:
        """Nothing changes but the count."""
        refuse_flags("fake", "reboot", flags)
        self._running(domain).boots += 1

    async def reset(self, domain: DomainKey) -> None:
        """Likewise."""
        self._running(domain).boots += 1

    async def destroy(self, domain: DomainKey, *, graceful: bool = False, flags: int = 0) -> None:
        """At once; the guest keeps in what way."""
        refuse_flags("fake", "destroy", flags)
        guest = self._running(domain)
        guest.pulled = "gracefully" if graceful else "hard"
        detail = LifecycleDetail.STOPPED_DESTROYED
        self._host.change(guest, StateReason.SHUTOFF_DESTROYED, detail)

    async def suspend(self, domain: DomainKey) -> None:
        """Twice is no error."""
        guest = self._running(domain)
        self._host.change(guest, StateReason.PAUSED_USER, LifecycleDetail.SUSPENDED_PAUSED)

    async def resume(self, domain: DomainKey) -> None:
        """Twice is no error."""
        guest = self._running(domain)
        self._host.change(guest, StateReason.RUNNING_UNPAUSED, LifecycleDetail.RESUMED_UNPAUSED)


class FakeEvents(Events):
    """Events."""

    driver_name = "fake"

    def __init__(self, host: FakeHost) -> None:
        self._host = host

    @asynccontextmanager
    async def subscribe(self, *, limit: int = 1024) -> AsyncIterator[EventStream]:
        """All events from now on, first those that happen soon."""
        async with self._host.broadcast.subscribe(backlog=limit) as events:
            for event in self._host.soon:
                self._host.broadcast.publish(event)
            if self._host.ends:
                self._host.broadcast.close()
                self._host.broadcast = Broadcast(_lost)
            yield events


class FakeStatistics(Statistics):
    """Figures that are always the same."""

    driver_name = "fake"

    def __init__(self, host: FakeHost) -> None:
        self._host = host

    async def info(self, domain: DomainKey) -> DomainInfo:
        """One gibibyte, two processors."""
        record = self._host.guest(domain).record
        return DomainInfo(record.state, GIB, GIB // 2, 2, 1_500_000_000 if record.id else 0)

    async def stats(
        self,
        domains: Sequence[DomainKey] | None = None,
        *,
        groups: StatsGroup = StatsGroup.ALL,
        flags: int = 0,
    ) -> Sequence[DomainStats]:
        """Running ones have figures."""
        refuse_flags("fake", "stats", flags)
        names = sorted(self._host.guests.values(), key=lambda guest: guest.key.name)
        keys = [guest.key for guest in names] if domains is None else domains
        return [_stats(self._host.guest(key).record, groups) for key in keys]

    def _running(self, domain: DomainKey) -> Guest:
        guest = self._host.guest(domain)
        if guest.id is None:
            raise InvalidState(f"domain {domain.name!r} is not running")
        control = guest.record.control
        if control.control is Control.UNRESPONSIVE:
            raise Unresponsive(f"domain {domain.name!r} does not answer: {control.last_error}")
        return guest

    async def memory_stats(self, domain: DomainKey) -> BalloonStats:
        """Two figures."""
        self._running(domain)
        return BalloonStats(current=GIB // 2, rss=GIB // 4)

    async def block_stats(self, domain: DomainKey, disk: str = "") -> Mapping[str, ParamValue]:
        """One disk has figures."""
        self._running(domain)
        if disk not in {"", "vda"}:
            raise NotFound(f"domain {domain.name!r} has no disk {disk!r}")
        return {"rd_operations": 10, "rd_bytes": 4096, "wr_operations": 20, "wr_bytes": 8192}

    async def interface_stats(self, domain: DomainKey, interface: str) -> InterfaceCounters:
        """One interface has figures."""
        self._running(domain)
        for counters in INTERFACES:
            if interface == counters.name:
                return counters
        raise NotFound(f"domain {domain.name!r} has no interface {interface!r}")

    async def control_info(self, domain: DomainKey) -> ControlInfo:
        """As the record has it."""
        return ControlInfo(self._host.guest(domain).record.control.control)


INTERFACES = (InterfaceStats(1, 2, 3, 4, 5, 6, 7, 8, name="vnet0"),)
"""The interfaces of every domain that have figures."""


def _stats(record: DomainRecord, groups: StatsGroup) -> DomainStats:
    if record.id is None:
        return DomainStats(record.key, None, figures_of(record.reason), record.control)
    block = BlockStats("vda", "/disk.img", rd_reqs=10, rd_bytes=4096, wr_reqs=20, wr_bytes=8192)
    figures = figures_of(
        record.reason,
        cpu=CpuStats(30, 20, 10) if StatsGroup.CPU in groups else None,
        balloon=BalloonStats(GIB // 2, GIB) if StatsGroup.BALLOON in groups else None,
        vcpus=(VcpuStats(0, time_ns=15),) if StatsGroup.VCPU in groups else None,
        interfaces=INTERFACES if StatsGroup.INTERFACE in groups else None,
        blocks=(block,) if StatsGroup.BLOCK in groups else None,
    )
    return DomainStats(record.key, record.id, figures, record.control)


class FakeHostInfo(HostInfo):
    """The host itself; it knows one machine type."""

    driver_name = "fake"

    async def hostname(self) -> str:
        """Its name."""
        return "fakehost"

    async def version(self) -> str:
        """Its version."""
        return "Fake 1.2.3"

    async def capabilities(self) -> str:
        """Its document."""
        return "<capabilities/>\n"

    async def domain_capabilities(
        self,
        *,
        emulator: str | None = None,
        arch: str | None = None,
        machine: str | None = None,
        virt_type: str | None = None,
    ) -> str:
        """Refuses any machine but its own."""
        asked = {"emulator": emulator, "arch": arch, "machine": machine, "type": virt_type}
        for name, value in asked.items():
            if value not in {None, f"fake-{name}"}:
                raise ConfigError(f"no {name} {value!r}", field=name)
        return "<domainCapabilities/>\n"


class FakeDriver:
    """The driver of one host."""

    name = "fake"

    def __init__(self, uri: URI, host: FakeHost) -> None:
        self.uri = uri
        self._abilities: dict[type[Ability], Ability] = {
            Definition: FakeDefinition(host),
            Lifecycle: FakeLifecycle(host),
            Events: FakeEvents(host),
            Statistics: FakeStatistics(host),
            HostInfo: FakeHostInfo(),
        }
        for kind in (FakeConsoles, FakeScreen, FakeMonitor):
            self._abilities[kind.__mro__[1]] = kind(host.guest)

    def ability(self, kind: type[A]) -> A:
        """One of its abilities; one it lacks refuses everything."""
        ability = self._abilities.get(kind) or kind()
        assert isinstance(ability, kind)
        return ability


@asynccontextmanager
async def open_driver(uri: URI, _options: OpenOptions) -> AsyncIterator[FakeDriver]:
    """Open a host, for one at a time."""
    host = HOSTS.setdefault(uri.path, FakeHost())
    host.refusals -= 1
    if host.opened or host.refusals >= 0:
        raise Busy(f"another process has {uri} open", hint="wait until it is done")
    host.opened = True
    try:
        yield FakeDriver(uri, host)
    finally:
        host.opened = False


def furnished(*running: str) -> FakeHost:
    """A host with domains that run, and reboot as soon as somebody looks."""
    host = FakeHost()
    for name in running:
        config = DomainConfig(name=name, memory=GiB(1), uuid=uuid4())
        guest = Guest(DomainKey(UUID(str(config.uuid)), name), config, id=next(host.ids))
        guest.reason = StateReason.RUNNING_BOOTED
        host.guests[guest.key.uuid] = guest
        host.soon.append(RebootEvent(time=0.0, domain=guest.key))
    return host
