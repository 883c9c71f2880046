"""Calls that no row says: room for what is told, and descriptors beside the arguments."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar, cast
from uuid import UUID

import pytest

import aiovirt
from aiovirt.daemon.service.session import Session
from aiovirt.daemon.unbound import HANDLERS
from aiovirt.errors import CallerError, InvalidState, Unsupported
from aiovirt.interfaces import (
    Ability,
    Containers,
    Displays,
    HostInfo,
    Monitor,
    Processors,
    Statistics,
)
from aiovirt.model.domain import DomainKey
from aiovirt.model.tuning import Vcpu, VcpuState
from aiovirt.model.uri import URI
from aiovirt.objects import Connection
from aiovirt.protocols.libvirt.procedure import Empty, Procedure
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import domain_tuning as t
from aiovirt.protocols.libvirt.tables.structs import Domain
from aiovirt.protocols.xdr import Struct, codec
from aiovirt.testing.daemon import open_test_daemon

pytestmark = pytest.mark.anyio

A = TypeVar("A", bound=Ability)
S = TypeVar("S", bound=Struct)
R = TypeVar("R", bound=Struct)
DOM = Domain("web1", UUID(int=1).bytes, -1)
WEB1 = DomainKey(UUID(int=1), "web1")


class Facts(HostInfo):
    """What it is."""

    text = "QEMU 7.2.22 (Debian)"

    async def version(self) -> str:
        return self.text


class Machine(Processors, Statistics, Displays, Containers, Monitor):
    """A driver with two processors, a display, and a container's namespaces."""

    driver_name = name = "Fake"
    uri = URI.parse("test:///default")

    def ability(self, kind: type[A]) -> A:
        facts = Facts()
        if isinstance(facts, kind):
            return facts
        return self if isinstance(self, kind) else kind()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Machine]:
        yield self

    async def vcpus(self, domain: DomainKey) -> Sequence[Vcpu]:
        assert domain == WEB1
        cpus = frozenset({0, 9})
        return [Vcpu(number, VcpuState.RUNNING, 5, 1, cpus) for number in range(2)]

    async def vcpu_pins(self, domain: DomainKey, **_how: object) -> dict[int, frozenset[int]]:
        assert domain == WEB1
        return {0: frozenset({0}), 1: frozenset({1})}

    async def cpu_stats(
        self, domain: DomainKey, *, start: int = 0, count: int | None = None
    ) -> Sequence[dict[str, int]]:
        assert domain == WEB1
        if start == -1:
            return [{"cpu_time": 30, "user_time": 1}]
        times = [{"cpu_time": 10, "vcpu_time": 1}, {"cpu_time": 20, "vcpu_time": 2}]
        return times[start : None if count is None else start + count]

    async def open_graphics(
        self, domain: DomainKey, *, index: int = 0, skip_auth: bool = False
    ) -> socket.socket:
        assert domain == WEB1
        if index:
            raise InvalidState(f"no display {index}, {skip_auth}")
        ours, theirs = socket.socketpair()
        with ours:
            ours.send(b"RFB")
        return theirs

    async def attach_graphics(
        self, domain: DomainKey, descriptor: int, *, index: int = 0, skip_auth: bool = False
    ) -> None:
        assert (domain, index, skip_auth) == (WEB1, 0, True)
        os.write(descriptor, b"RFB")

    async def open_namespaces(self, domain: DomainKey) -> tuple[int, ...]:
        assert domain == WEB1
        return os.pipe()

    async def monitor_text_with_files(
        self, domain: DomainKey, text: str, descriptors: Sequence[int], **_how: object
    ) -> tuple[str, tuple[int, ...]]:
        assert domain == WEB1
        for descriptor in descriptors:
            os.write(descriptor, text.encode())
        return "done", ()


async def asked(procedure: Procedure[S, R], args: S) -> R:
    """Return what a session answers, read as a client does."""
    session = cast("Session", SimpleNamespace(ability=Machine().ability))
    handler = HANDLERS[procedure]
    assert callable(handler)
    reply = codec(procedure.ret)
    return reply.decode(reply.encode(cast("R", await handler(session, args))))


@pytest.mark.parametrize(
    ("text", "number"), [("QEMU 7.2.22 (Debian)", 7002022), ("TEST 3.1", 3001000), ("?", 0)]
)
async def test_a_version_is_one_number(
    text: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Facts, "text", text)
    assert await asked(c.CONNECT_GET_VERSION, Empty()) == c.ConnectGetVersionRet(number)


async def test_as_many_processors_are_told_as_there_is_room_for() -> None:
    reply = await asked(t.DOMAIN_GET_VCPUS, t.DomainGetVcpusArgs(DOM, 1, 1))
    assert [(one.number, one.cpu) for one in reply.info] == [(0, 1)]
    assert reply.cpumaps == b"\x01"


async def test_maps_are_as_long_as_the_client_has_them() -> None:
    reply = await asked(t.DOMAIN_GET_VCPUS, t.DomainGetVcpusArgs(DOM, 9, 3))
    assert reply.cpumaps == b"\x01\x02\0" * 2


async def test_pins_are_told_with_their_number() -> None:
    args = t.DomainGetVcpuPinInfoArgs(DOM, 9, 1, 0)
    assert await asked(t.DOMAIN_GET_VCPU_PIN_INFO, args) == t.DomainGetVcpuPinInfoRet(
        b"\x01\x02", 2
    )


@pytest.mark.parametrize(("count", "size"), [(-1, 1), (1, -1), (2**20, 2**20)])
async def test_maps_beyond_all_bounds_are_refused(count: int, size: int) -> None:
    with pytest.raises(CallerError):
        await asked(t.DOMAIN_GET_VCPUS, t.DomainGetVcpusArgs(DOM, count, size))


@pytest.mark.parametrize(
    ("room", "start", "count", "told", "number"),
    [
        (0, 0, 0, {}, 2),  # how many processors
        (0, 0, 1, {}, 2),  # how many figures of each
        (0, -1, 1, {}, 2),  # how many of all together
        (2, 1, 1, {"cpu_time": 20, "vcpu_time": 2}, 2),
        (1, 0, 1, {"cpu_time": 10}, 1),
        (2, -1, 1, {"cpu_time": 30, "user_time": 1}, 2),
    ],
)
async def test_times_are_told_as_there_is_room_for(
    room: int, start: int, count: int, told: dict[str, int], number: int
) -> None:
    args = t.DomainGetCpuStatsArgs(DOM, room, start, count, 0)
    assert await asked(t.DOMAIN_GET_CPU_STATS, args) == t.DomainGetCpuStatsRet(told, number)


async def test_times_are_sent_processor_by_processor() -> None:
    session = cast("Session", SimpleNamespace(ability=Machine().ability))
    handler = HANDLERS[t.DOMAIN_GET_CPU_STATS]
    assert callable(handler)
    reply = await handler(session, t.DomainGetCpuStatsArgs(DOM, 2, 0, 2, 0))
    assert isinstance(reply, t.DomainGetCpuStatsRet)
    payload = codec(t.DomainGetCpuStatsRet).encode(reply)
    places = [payload.index(name) for name in (b"\x08cpu_time", b"\x09vcpu_time")]
    assert payload.index(b"\x08cpu_time", places[1]) > places[1] > places[0]


# --- descriptors ----------------------------------------------------------------------------------


@asynccontextmanager
async def connected(folder: Path) -> AsyncIterator[Connection]:
    """Connect a client of ours to a daemon with the machine."""
    openers = {"test:///default": Machine().opened}
    async with (
        open_test_daemon(folder, openers=openers) as running,
        aiovirt.open(running.uri()) as host,
    ):
        yield host


async def test_a_display_is_handed_over(tmp_path: Path) -> None:
    async with connected(tmp_path) as host:
        displays = host.driver.ability(Displays)
        with await displays.open_graphics(WEB1) as display:
            assert display.recv(3) == b"RFB"
        with pytest.raises(InvalidState):
            await displays.open_graphics(WEB1, index=1)


async def test_a_display_is_given_the_clients_end(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        async with connected(tmp_path) as host:
            displays = host.driver.ability(Displays)
            await displays.attach_graphics(WEB1, theirs.fileno(), skip_auth=True)
        assert ours.recv(3) == b"RFB"


async def test_namespaces_are_handed_over(tmp_path: Path) -> None:
    async with connected(tmp_path) as host:
        read, write = await host.driver.ability(Containers).open_namespaces(WEB1)
        os.write(write, b"hello")
        assert os.read(read, 5) == b"hello"
        os.close(read)
        os.close(write)


async def test_a_monitor_is_given_files(tmp_path: Path) -> None:
    read, write = os.pipe()
    async with connected(tmp_path) as host:
        monitor = host.driver.ability(Monitor)
        assert await monitor.monitor_text_with_files(WEB1, "add", [write]) == ("done", ())
    os.close(write)
    assert os.read(read, 9) == b"add"
    os.close(read)


async def test_a_driver_without_the_operation_says_so(tmp_path: Path) -> None:
    async with connected(tmp_path) as host:
        with pytest.raises(Unsupported):
            await host.driver.ability(Monitor).agent_text(WEB1, "{}")
