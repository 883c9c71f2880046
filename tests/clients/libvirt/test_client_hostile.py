"""The client, against a server that sends what none should: nothing leaks, hangs or grows."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from aiovirt.clients.libvirt import LibvirtClient, open_client
from aiovirt.errors import CallerError, ConnectionLost, ProtocolError
from aiovirt.protocols.libvirt.connection import Connection, Message, Role
from aiovirt.protocols.libvirt.packets import Packet, PacketStatus, PacketType, encode_packet
from aiovirt.protocols.libvirt.procedure import Empty, Procedure
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import domain as d
from aiovirt.protocols.libvirt.tables import domain_devices as devices
from aiovirt.protocols.libvirt.tables import domain_events as events
from aiovirt.protocols.libvirt.tables import storage as s
from aiovirt.protocols.libvirt.tables.structs import Domain, Error, StorageVol
from aiovirt.protocols.xdr import codec
from aiovirt.streams.channel import MAX_OUTGOING
from aiovirt.streams.line import Line
from aiovirt.streams.unix import UnixStream

pytestmark = pytest.mark.anyio

DOM = Domain("web1", bytes(16), 1)
GRAPHICS = devices.DomainOpenGraphicsFdArgs(DOM, 0, 0)
DOWNLOAD = s.StorageVolDownloadArgs(StorageVol("p", "v", "/k"), 0, 0, 0)
HOSTNAME = codec(c.ConnectGetHostnameRet).encode(c.ConnectGetHostnameRet("node7"))
REFUSED = Error(42, 10, "no domain", 2, None, None, None, None, -1, -1, None)


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[UnixStream, LibvirtClient]]:
    """Open a client; the test is its server."""
    ours, theirs = socket.socketpair()
    with ours:
        async with (
            UnixStream(theirs) as server,
            open_client(Line(ours, passes_descriptors=True, peer="the host")) as client,
        ):
            yield server, client


@contextmanager
def nothing() -> Iterator[int]:
    """Give a descriptor to send."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def reply(
    procedure: Procedure[Any, Any], serial: int, payload: bytes = b"", descriptors: int = 0
) -> bytes:
    """Return a reply, without the bytes of its descriptors."""
    kind = PacketType.REPLY_WITH_FDS if descriptors else PacketType.REPLY
    numbers = tuple(range(descriptors))
    return encode_packet(
        Packet(
            procedure.program, 1, procedure.number, kind, serial, PacketStatus.OK, payload, numbers
        )
    )


async def answer_with_descriptors(
    server: UnixStream, procedure: Procedure[Any, Any], payload: bytes = b""
) -> None:
    """Wait for a call, and answer it with two descriptors."""
    await server.receive()
    await server.send(reply(procedure, 0, payload, descriptors=2))
    with nothing() as descriptor:
        for _ in range(2):
            await server.send_with_descriptors(b"\0", [descriptor])


async def test_descriptors_of_a_call_that_wants_none_are_closed() -> None:
    async with connected() as (server, client), anyio.create_task_group() as tasks:
        tasks.start_soon(client.call, c.CONNECT_GET_HOSTNAME, Empty())
        await answer_with_descriptors(server, c.CONNECT_GET_HOSTNAME, HOSTNAME)


async def test_descriptors_beside_a_result_that_is_none_are_closed() -> None:
    async def ask(client: LibvirtClient) -> None:
        with pytest.raises(ProtocolError, match=r"ConnectGetHostnameRet\.hostname"):
            await client.call_with_descriptors(c.CONNECT_GET_HOSTNAME, Empty(), ())

    async with connected() as (server, client), anyio.create_task_group() as tasks:
        tasks.start_soon(ask, client)
        await answer_with_descriptors(server, c.CONNECT_GET_HOSTNAME)


async def test_descriptors_beside_a_stream_are_closed() -> None:
    async def ask(client: LibvirtClient) -> None:
        async with client.stream(s.STORAGE_VOL_DOWNLOAD, DOWNLOAD):
            pass

    async with connected() as (server, client), anyio.create_task_group() as tasks:
        tasks.start_soon(ask, client)
        await answer_with_descriptors(server, s.STORAGE_VOL_DOWNLOAD)


async def test_descriptors_for_who_has_gone_are_closed() -> None:
    async with connected() as (server, client):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(
                client.call_with_descriptors, devices.DOMAIN_OPEN_GRAPHICS_FD, GRAPHICS, ()
            )
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        assert client.stuck == 1
        await answer_with_descriptors(server, devices.DOMAIN_OPEN_GRAPHICS_FD)
        while client.stuck:
            await anyio.lowlevel.checkpoint()


async def test_descriptors_of_a_reply_that_came_with_the_cancellation_are_closed() -> None:
    async def ask(client: LibvirtClient) -> None:
        procedure = devices.DOMAIN_OPEN_GRAPHICS_FD
        _, got = await client.call_with_descriptors(procedure, GRAPHICS, ())
        for descriptor in got:
            os.close(descriptor)

    async with connected() as (server, client), anyio.create_task_group() as tasks:
        tasks.start_soon(ask, client)
        await anyio.wait_all_tasks_blocked()
        with nothing() as descriptor:
            data = reply(devices.DOMAIN_OPEN_GRAPHICS_FD, 0, descriptors=1)
            client.on_descriptors([os.dup(descriptor)])
            client.on_data(data + b"\0")
        assert client.in_flight == 0
        tasks.cancel_scope.cancel()
        await server.receive()


async def test_descriptors_behind_which_the_line_is_spoilt_are_closed() -> None:
    async with connected() as (server, client):
        with nothing() as descriptor:
            await server.send_with_descriptors(b"HTTP/1.1 400 Bad Request\r\n", [descriptor] * 2)
        await client.lost.wait()
        assert "more than" in str(client.error)


async def test_descriptors_that_nobody_announced_end_the_connection() -> None:
    async with connected() as (server, client):
        with nothing() as descriptor:
            for _ in range(5):
                await server.send_with_descriptors(b"\0", [descriptor] * 10)
        await client.lost.wait()
        assert "no packet announces" in str(client.error)


async def test_descriptor_that_is_not_open_is_told_before_anything_is_sent() -> None:
    async with connected() as (_server, client):
        with pytest.raises(CallerError, match="the descriptor 987654 is not open"):
            await client.call_with_descriptors(devices.DOMAIN_OPEN_GRAPHICS_FD, GRAPHICS, [987654])
        assert client.in_flight == 0


async def test_reply_before_what_ends_the_line_counts() -> None:
    names: list[str] = []

    async def ask(client: LibvirtClient) -> None:
        names.append((await client.call(c.CONNECT_GET_HOSTNAME, Empty())).hostname)

    async with connected() as (server, client), anyio.create_task_group() as tasks:
        tasks.start_soon(ask, client)
        await server.receive()
        await server.send(reply(c.CONNECT_GET_HOSTNAME, 0, HOSTNAME) + b"HTTP/1.1 400 Bad Request")
        await client.lost.wait()
    assert names == ["node7"]


async def test_refusal_that_cannot_be_read_fails_its_call_alone() -> None:
    async def ask(client: LibvirtClient) -> None:
        with pytest.raises(ProtocolError, match="refused CONNECT_GET_HOSTNAME in words"):
            await client.call(c.CONNECT_GET_HOSTNAME, Empty())

    number = c.CONNECT_GET_HOSTNAME.number
    refusal = Packet(0x20008086, 1, number, PacketType.REPLY, 0, PacketStatus.ERROR, b"\0\0\0")
    async with connected() as (server, client):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, client)
            await server.receive()
            await server.send(encode_packet(refusal))
        assert not client.lost.is_set()


async def test_pings_without_end_are_not_answered_without_end() -> None:
    """A server that pings and reads nothing: its answers wait, and are bounded."""
    ping = Connection(Role.SERVER, peer="x").ping()
    async with connected() as (_server, client):
        for _ in range(100):
            client.on_data(ping * 2000)
        assert client.channel._outgoing_size <= MAX_OUTGOING + len(ping)


async def test_length_that_was_spoilt_is_found_out_although_pings_are_answered() -> None:
    """The answers only fill the packet that seems to come: they must not count as life."""

    async def serve(server: UnixStream) -> None:
        core = Connection(Role.SERVER, peer="x")
        await server.send(b"\0\x10\0\0")
        while True:
            for _ in core.receive(await server.receive()):
                await server.send(core.pong())

    async with connected() as (server, client), anyio.create_task_group() as tasks:
        tasks.start_soon(serve, server)
        await client.keep_alive(0.01, 2)
        assert "has not answered" in str(client.error)
        tasks.cancel_scope.cancel()


async def test_who_hears_messages_may_end_the_connection() -> None:
    async with connected() as (server, client):

        def hear(_message: Message) -> None:
            client.close()

        client.on_message = hear
        core = Connection(Role.SERVER, peer="x")
        message = core.message(events.DOMAIN_EVENT_REBOOT, events.DomainEventRebootMsg(DOM))
        await server.send(message * 3 + core.ping())
        await client.lost.wait()


async def test_thousands_that_are_cancelled_leave_nothing() -> None:
    async with connected() as (_server, client):
        async with anyio.create_task_group() as tasks:
            for number in range(5000):
                tasks.start_soon(client.call, d.DOMAIN_LOOKUP_BY_ID, d.DomainLookupByIdArgs(number))
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        assert client.in_flight == client.stuck == client.core.outstanding <= 5


async def test_loss_is_told_to_all_of_thousands() -> None:
    lost: list[bool] = []

    async def ask(client: LibvirtClient) -> None:
        with pytest.raises(ConnectionLost) as caught:
            await client.call(d.DOMAIN_LOOKUP_BY_ID, d.DomainLookupByIdArgs(1))
        lost.append(caught.value.maybe_done)

    async with connected() as (server, client), anyio.create_task_group() as tasks:
        for _ in range(1000):
            tasks.start_soon(ask, client)
        await server.receive()
        await server.aclose()
    assert len(lost) == 1000
    assert sum(lost) <= 5


async def test_late_stream_of_who_has_gone_is_aborted() -> None:
    async def ask(client: LibvirtClient) -> None:
        async with client.stream(s.STORAGE_VOL_DOWNLOAD, DOWNLOAD):
            pytest.fail("it was opened")

    async with connected() as (server, client):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, client)
            await server.receive()
            tasks.cancel_scope.cancel()
        await server.send(reply(s.STORAGE_VOL_DOWNLOAD, 0))
        told = await server.receive()
        assert int.from_bytes(told[16:20], "big") == PacketType.STREAM
        assert int.from_bytes(told[24:28], "big") == PacketStatus.ERROR
        assert client.stuck == 0


async def test_no_stream_is_opened_in_a_scope_that_is_cancelled() -> None:
    async with connected() as (_server, client):
        with anyio.CancelScope() as scope:
            scope.cancel()
            async with client.stream(s.STORAGE_VOL_DOWNLOAD, DOWNLOAD):
                pytest.fail("it was opened")
        assert client.in_flight == client.core.outstanding == 0


async def test_stream_that_is_refused_after_who_asked_has_gone() -> None:
    async with connected() as (server, client):
        with anyio.move_on_after(0.01):
            async with client.stream(s.STORAGE_VOL_DOWNLOAD, DOWNLOAD):
                pytest.fail("it was opened")
        await server.receive()
        number = s.STORAGE_VOL_DOWNLOAD.number
        payload = codec(Error).encode(REFUSED)
        refusal = Packet(0x20008086, 1, number, PacketType.REPLY, 0, PacketStatus.ERROR, payload)
        await server.send(encode_packet(refusal))
        while client.stuck:
            await anyio.lowlevel.checkpoint()
        assert not client.core.stream_is_open(0)
