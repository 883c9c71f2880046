"""What goes wrong for one call, one client or one listener stays there."""

from __future__ import annotations

import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from servedhost import DOM, served, until

from aiovirt._tasks import open_task_group
from aiovirt.clients.libvirt import LibvirtClient
from aiovirt.daemon import server
from aiovirt.daemon.access.identity import Identity
from aiovirt.daemon.listener import Accepted, Role
from aiovirt.daemon.service import calls as client_calls
from aiovirt.daemon.service import closing
from aiovirt.daemon.service import session as service
from aiovirt.daemon.settings import Settings
from aiovirt.errors import AiovirtError, ConnectionLost, HostError
from aiovirt.protocols.libvirt.packets import (
    MAX_DESCRIPTORS,
    Packet,
    PacketReader,
    PacketType,
    encode_packet,
)
from aiovirt.protocols.libvirt.procedure import Program
from aiovirt.protocols.libvirt.tables import domain as d
from aiovirt.streams.accepting import Accept
from aiovirt.streams.channel import MAX_OUTGOING
from aiovirt.streams.line import Line
from aiovirt.streams.unix import UnixStream

pytestmark = pytest.mark.anyio

STATE = d.DomainGetStateArgs(DOM, 0)
SUSPEND = d.DomainSuspendArgs(DOM)


@pytest.mark.parametrize("text", ["x" * 5_000_000, "half a pair: \ud800", "a\0b"])
async def test_an_error_that_cannot_be_sent_as_it_is(tmp_path: Path, text: str) -> None:
    async with served(tmp_path) as host, host.client() as client:
        host.script.error = HostError(text)
        host.script.hold.set()
        with pytest.raises(AiovirtError):
            await client.call(d.DOMAIN_SUSPEND, SUSPEND)
        assert (await client.call(d.DOMAIN_GET_STATE, STATE)).state == 1


class Broken:
    """A listener whose clients cannot be greeted, and which fails in between."""

    role: Role = "main"

    def __init__(self) -> None:
        self.asked = 0
        self.ends: list[socket.socket] = []

    @asynccontextmanager
    async def accepting(self) -> AsyncIterator[Accept]:
        yield self.accept

    async def accept(self) -> socket.socket:
        self.asked += 1
        if self.asked == 1:
            raise OSError(errno.EPROTO, "an error of a connection that was pending")
        if self.asked > 2:
            await anyio.sleep_forever()
        mine, other = socket.socketpair()
        self.ends.append(other)
        return mine

    def greet_at_once(self, sock: socket.socket) -> Accepted | None:
        del sock
        return None

    async def greet(self, sock: socket.socket) -> Accepted:
        del sock
        raise ValueError("a fault of ours")


async def test_a_client_that_cannot_be_greeted_is_not_everybodys_matter(tmp_path: Path) -> None:
    broken = Broken()
    async with served(tmp_path) as host, host.client() as client:
        host.running.daemon.serve(broken)
        while not broken.ends:
            await anyio.lowlevel.checkpoint()
        with broken.ends[0] as end:
            end.settimeout(0)
            with pytest.raises((anyio.EndOfStream, ConnectionLost)):
                await UnixStream(end).receive()
        assert (await client.call(d.DOMAIN_GET_STATE, STATE)).state == 1


async def test_what_fails_at_the_end_of_a_client_keeps_nothing_else_from_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "CLOSING_S", 0.1)
    done = anyio.Event()

    async def note() -> None:
        done.set()

    async def fail() -> None:
        raise ValueError("a fault of ours")

    async with served(tmp_path) as host:
        async with host.line():
            while not host.running.daemon.main.clients:
                await anyio.lowlevel.checkpoint()
            (session,) = host.running.daemon.main.clients.values()
            session.on_close(note)
            session.on_close(fail)
            session.on_close(anyio.sleep_forever)
        with anyio.fail_after(4):
            await done.wait()


async def test_what_is_due_while_tasks_of_who_has_gone_still_end_is_done(tmp_path: Path) -> None:
    done, ends = anyio.Event(), anyio.Event()

    async def note() -> None:
        done.set()

    async def end_slowly() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await ends.wait()

    async with served(tmp_path) as host:
        async with host.line():
            while not host.running.daemon.main.clients:
                await anyio.lowlevel.checkpoint()
            (session,) = host.running.daemon.main.clients.values()
            session.tasks.start_soon(end_slowly)
            await anyio.wait_all_tasks_blocked()
        while not session.has_gone:
            await anyio.lowlevel.checkpoint()
        await anyio.wait_all_tasks_blocked()
        session.on_close(note)
        ends.set()
        with anyio.fail_after(4):
            await done.wait()


async def test_who_is_not_let_in_has_to_go_in_time(tmp_path: Path) -> None:
    def strict(settings: Settings) -> Settings:
        limits = replace(settings.limits, auth_timeout_s=0.02)
        return replace(settings, limits=limits)

    async with served(tmp_path, strict) as host:
        access = host.running.daemon.access

        def refuse(_identity: object, _grants: object) -> None:
            raise HostError("nobody is let in")

        access.admit = refuse  # type: ignore[method-assign,assignment]
        async with host.line() as line:
            with pytest.raises((anyio.EndOfStream, ConnectionLost)):
                await UnixStream(line.sock).receive()


async def test_who_is_let_go_while_much_waits_for_it_is_read_again(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client() as client:
        (session,) = host.running.daemon.main.clients.values()
        session.hold("a stream")
        async with open_task_group() as tasks:
            tasks.start_soon(client.call, d.DOMAIN_GET_STATE, STATE)
            session.channel._outgoing_size += 2 * 1024 * 1024
            session.let_go("a stream")
            session.channel._outgoing_size -= 2 * 1024 * 1024
            session.channel._make_room()


@pytest.mark.parametrize("bound", ["TURN_S", "MAX_COLLECTED"])
async def test_who_asks_much_at_a_stretch_gets_all_of_it_in_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(service, bound, -1)
    serials = list(range(300))
    calls = b"".join(
        encode_packet(Packet(Program.REMOTE, 1, 66, PacketType.CALL, one)) for one in serials
    )
    found: list[Packet] = []
    async with served(tmp_path) as host, host.line() as line:
        stream, reader = UnixStream(line.sock), PacketReader("the daemon")
        await stream.send(calls)
        while len(found) < len(serials):
            found += reader.receive(await stream.receive())
    assert [one.serial for one in found] == serials


async def test_who_has_sent_very_much_is_not_read_until_some_of_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_calls, "MAX_BURDEN", 20)
    async with served(tmp_path) as host, host.client() as client, open_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(client.call, d.DOMAIN_GET_OS_TYPE, d.DomainGetOsTypeArgs(DOM))
        while not host.script.asked:
            await anyio.wait_all_tasks_blocked()
            await anyio.lowlevel.checkpoint()
        assert len(host.script.asked) == 1
        host.script.hold.set()


async def test_who_has_gone_is_let_go_although_it_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_calls, "MAX_BURDEN", 20)
    monkeypatch.setattr(server, "LOOK_S", 0.01)
    async with served(tmp_path) as host:
        async with host.client() as client, open_task_group() as tasks:
            tasks.start_soon(client.call, d.DOMAIN_GET_OS_TYPE, d.DomainGetOsTypeArgs(DOM))
            await until(lambda: host.script.asked)
            tasks.cancel_scope.cancel()
        with anyio.fail_after(4):
            await until(lambda: host.script.ended)
    assert host.script.ended == ["os_type cancelled"]


async def test_calls_wait_while_the_client_lets_its_answers_pile_up(tmp_path: Path) -> None:
    os_type = d.DomainGetOsTypeArgs(DOM)
    async with served(tmp_path) as host, host.client() as client, open_task_group() as tasks:
        (session,) = host.running.daemon.main.clients.values()
        most = session.server.limits.max_client_requests
        for _ in range(most + 1):
            tasks.start_soon(client.call, d.DOMAIN_GET_OS_TYPE, os_type)
        await until(lambda: session._calls.waiting)
        session.channel._outgoing_size += MAX_OUTGOING
        host.script.hold.set()
        await until(lambda: len(host.script.ended) == most)
        await anyio.wait_all_tasks_blocked()
        assert len(host.script.asked) == most
        session.channel._outgoing_size -= MAX_OUTGOING
        session.channel._make_room()
    assert len(host.script.ended) == most + 1


async def test_descriptors_that_wait_with_calls_are_few(tmp_path: Path) -> None:
    os_type = d.DomainGetOsTypeArgs(DOM)
    files = [0] * MAX_DESCRIPTORS
    async with served(tmp_path) as host, host.client() as client, open_task_group() as tasks:
        (session,) = host.running.daemon.main.clients.values()
        for _ in range(50):
            tasks.start_soon(client.call_with_descriptors, d.DOMAIN_GET_OS_TYPE, os_type, files)
        await until(lambda: session._calls.full)
        await anyio.wait_all_tasks_blocked()
        assert len(host.script.asked) + session._calls.waiting == 2
        host.script.hold.set()


class Plain:
    """A security layer that changes nothing."""

    def encode(self, data: bytes) -> bytes:
        return data

    def decode(self, data: bytes) -> bytes:
        return data


async def test_what_came_in_front_of_a_security_layer_is_not_taken_behind_it(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as host, host.line() as line:
        stream = UnixStream(line.sock)
        await stream.send(bytes(3) + b"\x1c" + bytes(8))  # the beginning of a packet
        while not any(one.unfinished for one in host.running.daemon.main.clients.values()):
            await anyio.lowlevel.checkpoint()
        (session,) = host.running.daemon.main.clients.values()
        session.add_filter(Plain())
        with pytest.raises((anyio.EndOfStream, ConnectionLost)):
            await stream.receive()


async def ask_for_ever(client: LibvirtClient) -> None:
    while True:
        await client.call(d.DOMAIN_GET_STATE, STATE)


async def test_who_uses_a_host_that_is_lost_hears_of_it(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client() as client:
        (lost,) = host.running.daemon.hosts.open
        lost.close()
        with pytest.raises(ConnectionLost):
            await ask_for_ever(client)
        async with host.client() as again:
            assert (await again.call(d.DOMAIN_GET_STATE, STATE)).state == 1


class Slow(Broken):
    """A listener whose clients do not end their greeting."""

    async def accept(self) -> socket.socket:
        if len(self.ends) > 2:
            await anyio.sleep_forever()
        mine, other = socket.socketpair()
        self.ends.append(other)
        return mine

    async def greet(self, sock: socket.socket) -> Accepted:
        del sock
        await anyio.sleep_forever()
        raise AssertionError


async def test_who_is_slow_to_come_makes_way_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_ARRIVING", 2)
    slow = Slow()
    async with served(tmp_path) as host:
        host.running.daemon.serve(slow)
        while len(slow.ends) < 3:
            await anyio.lowlevel.checkpoint()
        slow.ends[0].settimeout(0)
        with pytest.raises((anyio.EndOfStream, ConnectionLost)):
            await UnixStream(slow.ends[0]).receive()
        async with host.client() as client:
            assert (await client.call(d.DOMAIN_GET_STATE, STATE)).state == 1
    for end in slow.ends:
        end.close()


class Late(Slow):
    """A listener whose clients are greeted when all has ended."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = anyio.Event()

    async def greet(self, sock: socket.socket) -> Accepted:
        with anyio.CancelScope(shield=True):
            await self.goes_on.wait()
        return Accepted(Line(sock, peer="a client"), Identity("tcp", "192.0.2.1:5"))


async def test_who_is_greeted_at_the_end_is_sent_away(tmp_path: Path) -> None:
    late = Late()
    async with served(tmp_path) as host:
        main = host.running.daemon.main
        host.running.daemon.serve(late)
        while len(late.ends) < 3:
            await anyio.lowlevel.checkpoint()
        main.end()
        late.goes_on.set()
        for end in late.ends:
            end.settimeout(0)
            with pytest.raises((anyio.EndOfStream, ConnectionLost)):
                await UnixStream(end).receive()
        assert not main.clients
    for end in late.ends:
        end.close()
