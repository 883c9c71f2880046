"""The client, against the fake libvirtd: calls, deadlines, what is dropped, what is lost."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from aiovirt.clients.libvirt import LibvirtClient, open_client
from aiovirt.errors import (
    Closed,
    ConnectionLost,
    NotFound,
    ProtocolError,
    Unsupported,
)
from aiovirt.protocols.libvirt.packets import Packet, PacketType, encode_packet
from aiovirt.protocols.libvirt.procedure import Empty
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import domain as d
from aiovirt.protocols.libvirt.tables import domain_events as events
from aiovirt.protocols.libvirt.tables import qemu
from aiovirt.protocols.libvirt.tables.structs import Domain
from aiovirt.protocols.xdr import EncodeError, Struct
from aiovirt.streams.line import Line
from aiovirt.streams.unix import connect_unix
from aiovirt.testing.fake_libvirtd import MAX_CLIENT_REQUESTS, FakeLibvirtd, run_fake_libvirtd
from aiovirt.testing.faults import Cut, Garbage, Hold, Silent

pytestmark = pytest.mark.anyio

DOM = Domain("web1", bytes(16), 1)
INFO = d.DomainGetInfoArgs(DOM)
SUSPEND = d.DomainSuspendArgs(DOM)


@asynccontextmanager
async def connected(
    path: Path, *, window: int = MAX_CLIENT_REQUESTS
) -> AsyncIterator[tuple[FakeLibvirtd, LibvirtClient]]:
    """Run a fake and connect a client that has opened it."""
    async with run_fake_libvirtd(path) as fake:
        sock = await connect_unix(path)
        line = Line(sock, passes_descriptors=True, local=True, peer="the fake")
        with sock:
            async with open_client(line, window=window) as client:
                await client.call(c.CONNECT_OPEN, c.ConnectOpenArgs("qemu:///system", 0))
                yield fake, client


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sock"


async def test_call(path: Path) -> None:
    async with connected(path) as (fake, client):
        reply = await client.call(c.CONNECT_GET_HOSTNAME, Empty())
        assert reply.hostname == "fake"
        assert fake.calls == ["CONNECT_OPEN", "CONNECT_GET_HOSTNAME"]


async def test_many_at_once(path: Path) -> None:
    async with connected(path) as (fake, client), anyio.create_task_group() as tasks:
        for _ in range(200):
            tasks.start_soon(client.call, d.DOMAIN_GET_INFO, INFO)
    assert len(fake.calls) == 201
    assert not fake.violations


async def test_refusal_is_a_typed_error(path: Path) -> None:
    def refuse(_: object) -> Struct:
        raise NotFound("no domain of that name")

    async with connected(path) as (fake, client):
        fake.on(d.DOMAIN_LOOKUP_BY_NAME, refuse)
        with pytest.raises(NotFound, match="no domain of that name"):
            await client.call(d.DOMAIN_LOOKUP_BY_NAME, d.DomainLookupByNameArgs("x"))


async def test_arguments_that_do_not_fit_are_not_sent(path: Path) -> None:
    async with connected(path) as (fake, client):
        with pytest.raises(EncodeError, match="DomainLookupByIdArgs"):
            await client.call(d.DOMAIN_LOOKUP_BY_ID, d.DomainLookupByIdArgs(1 << 40))
        assert fake.calls == ["CONNECT_OPEN"]


async def test_result_that_is_none_fails_its_call_alone(path: Path) -> None:
    async with connected(path) as (fake, client):
        fake.script.add("CONNECT_GET_HOSTNAME", Garbage(reply_to(1, c.CONNECT_GET_HOSTNAME.number)))
        with pytest.raises(ProtocolError, match=r"ConnectGetHostnameRet\.hostname"):
            await client.call(c.CONNECT_GET_HOSTNAME, Empty())
        assert (await client.call(c.CONNECT_GET_HOSTNAME, Empty())).hostname == "fake"


def reply_to(serial: int, procedure: int) -> bytes:
    """Return a reply without a payload."""
    return encode_packet(Packet(0x20008086, 1, procedure, PacketType.REPLY, serial))


async def test_deadline_of_a_call_that_was_sent(path: Path) -> None:
    async with connected(path) as (fake, client):
        hold = Hold()
        fake.script.add("DOMAIN_GET_INFO", hold)
        with pytest.raises(TimeoutError), anyio.fail_after(0.02):
            await client.call(d.DOMAIN_GET_INFO, INFO)
        assert client.stuck == 1
        hold.until.set()
        await client.call(d.DOMAIN_GET_INFO, INFO)
        assert client.stuck == 0


async def test_nothing_is_sent_in_a_scope_that_is_cancelled(path: Path) -> None:
    async with connected(path) as (fake, client):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await client.call(d.DOMAIN_GET_INFO, INFO)
        assert client.in_flight == 0
        await client.call(c.CONNECT_GET_HOSTNAME, Empty())
        assert "DOMAIN_GET_INFO" not in fake.calls


async def test_stuck_calls_leave_a_place_to_those_of_priority(path: Path) -> None:
    async with connected(path) as (fake, client), anyio.create_task_group() as tasks:
        for _ in range(MAX_CLIENT_REQUESTS):
            fake.script.add("DOMAIN_SUSPEND", Silent())
            tasks.start_soon(client.call, d.DOMAIN_SUSPEND, SUSPEND)
        await anyio.wait_all_tasks_blocked()
        assert (await client.call(c.CONNECT_GET_HOSTNAME, Empty())).hostname == "fake"
        assert client.in_flight == MAX_CLIENT_REQUESTS - 1
        tasks.cancel_scope.cancel()


async def test_loss_tells_who_was_sent(path: Path) -> None:
    done: list[bool] = []

    async def ask(client: LibvirtClient) -> None:
        with pytest.raises(ConnectionLost) as caught:
            await client.call(d.DOMAIN_SUSPEND, SUSPEND)
        done.append(caught.value.maybe_done)

    async with connected(path, window=2) as (fake, client), anyio.create_task_group() as tasks:
        silent = Silent()
        fake.script.add("DOMAIN_SUSPEND", silent)
        tasks.start_soon(ask, client)
        tasks.start_soon(ask, client)
        await silent.reached.wait()
        await fake.hang_up()
    assert sorted(done) == [False, True]


@pytest.mark.parametrize("after", [0, 1, 4, 27, 30])
async def test_reply_that_is_cut(path: Path, after: int) -> None:
    async with connected(path) as (fake, client):
        fake.script.add("CONNECT_GET_HOSTNAME", Cut(after))
        with pytest.raises(ConnectionLost):
            await client.call(c.CONNECT_GET_HOSTNAME, Empty())
        with pytest.raises(ConnectionLost):
            await client.call(c.CONNECT_GET_HOSTNAME, Empty())
        assert client.lost.is_set()


async def test_garbage_ends_the_connection(path: Path) -> None:
    async with connected(path) as (fake, client):
        fake.script.add("CONNECT_GET_HOSTNAME", Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        with pytest.raises(ConnectionLost) as caught:
            await client.call(c.CONNECT_GET_HOSTNAME, Empty())
        assert isinstance(client.error, (ConnectionLost, ProtocolError))
        assert "more than" in str(caught.value)


async def test_client_that_was_closed(path: Path) -> None:
    async with connected(path) as (_fake, client):
        pass
    with pytest.raises(Closed):
        await client.call(c.CONNECT_GET_HOSTNAME, Empty())


async def test_messages(path: Path) -> None:
    async with connected(path) as (fake, client):
        heard: list[int] = []
        client.on_message = lambda message: heard.append(message.procedure)
        await fake.tell(events.DOMAIN_EVENT_REBOOT, events.DomainEventRebootMsg(DOM))
        await client.call(c.CONNECT_GET_HOSTNAME, Empty())
        assert heard == [events.DOMAIN_EVENT_REBOOT.number]


async def test_descriptors_do_not_travel_along_other_lines(path: Path) -> None:
    async with run_fake_libvirtd(path):
        sock = await connect_unix(path)
        with sock:
            async with open_client(Line(sock, peer="afar")) as client:
                ours, theirs = socket.socketpair()
                with ours, theirs, pytest.raises(Unsupported, match="Unix sockets"):
                    await client.call_with_descriptors(
                        qemu.DOMAIN_MONITOR_COMMAND_WITH_FILES,
                        qemu.DomainMonitorCommandWithFilesArgs(DOM, "x", 0),
                        [ours.fileno()],
                    )


async def test_silent_server_is_asked_and_then_given_up(path: Path) -> None:
    async with connected(path) as (fake, client):
        fake.pings = False
        await client.keep_alive(0.01, 2)
        assert fake.pinged == 2
        assert "has not answered" in str(client.error)


async def test_server_that_answers_pings_is_kept(path: Path) -> None:
    async with connected(path) as (fake, client), anyio.create_task_group() as tasks:
        tasks.start_soon(client.keep_alive, 0.01, 1)
        while fake.pinged < 5:
            await anyio.wait_all_tasks_blocked()
            await anyio.lowlevel.checkpoint()
        assert not client.lost.is_set()
        tasks.cancel_scope.cancel()
