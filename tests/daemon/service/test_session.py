"""One client's session in a daemon: calls in any order, limits, what is read and what is not."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from servedhost import DOM, NUMBER, Served, served, until

from aiovirt._tasks import open_task_group
from aiovirt.clients.libvirt import LibvirtClient
from aiovirt.daemon import server
from aiovirt.daemon.settings import KeepaliveSettings, Settings
from aiovirt.errors import AiovirtError, ConnectionLost, NotFound
from aiovirt.protocols.libvirt.packets import Packet, PacketReader, PacketType, encode_packet
from aiovirt.protocols.libvirt.procedure import Empty, Procedure, Program
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import domain as d
from aiovirt.protocols.libvirt.tables.structs import Domain
from aiovirt.protocols.xdr import Struct, codec
from aiovirt.streams.unix import UnixStream

pytestmark = pytest.mark.anyio

STATE = d.DomainGetStateArgs(DOM, 0)
OS_TYPE = d.DomainGetOsTypeArgs(DOM)


async def code(client: LibvirtClient, procedure: Procedure[Any, Any], args: Struct) -> int:
    """Return the number of the error that a call is answered with."""
    with pytest.raises(AiovirtError) as caught:
        await client.call(procedure, args)
    assert caught.value.libvirt is not None
    return caught.value.libvirt.code


async def test_a_call_is_answered(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client() as client:
        assert (await client.call(d.DOMAIN_GET_STATE, STATE)).state == 1


async def test_a_domain_comes_with_its_number(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client() as client:
        reply = await client.call(d.DOMAIN_LOOKUP_BY_NAME, d.DomainLookupByNameArgs("web1"))
        assert reply.dom.id == NUMBER


async def test_a_list_of_domains_comes_with_their_numbers(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client() as client:
        reply = await client.call(c.CONNECT_LIST_ALL_DOMAINS, c.ConnectListAllDomainsArgs(1, 0))
        assert [one.id for one in reply.domains] == [NUMBER]


async def test_what_is_not_there_has_the_number_of_its_kind(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client() as client:
        with pytest.raises(NotFound) as caught:
            await client.call(d.DOMAIN_LOOKUP_BY_NAME, d.DomainLookupByNameArgs("none"))
        assert caught.value.libvirt is not None
        assert (caught.value.libvirt.code, caught.value.libvirt.domain) == (42, 12)


async def test_an_operation_that_the_driver_lacks_is_not_supported(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client() as client:
        assert await code(client, d.DOMAIN_RESUME, d.DomainResumeArgs(DOM)) == 3


async def test_a_fault_of_a_driver_is_one_calls_error(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client() as client:
        assert await code(client, d.DOMAIN_IS_UPDATED, d.DomainIsUpdatedArgs(DOM)) == 1
        assert (await client.call(d.DOMAIN_GET_STATE, STATE)).state == 1


async def test_nothing_is_answered_before_a_host_is_open(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client(opened=False) as client:
        assert await code(client, d.DOMAIN_GET_STATE, STATE) == 1


async def test_a_host_that_is_not_served_is_no_connection(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client(opened=False) as client:
        args = c.ConnectOpenArgs("qemu:///system", 0)
        assert await code(client, c.CONNECT_OPEN, args) == 5


async def test_no_name_is_the_default_host(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client(opened=False) as client:
        await client.call(c.CONNECT_OPEN, c.ConnectOpenArgs(None, 0))
        assert (await client.call(c.CONNECT_GET_URI, Empty())).uri == "test:///default"


# --- raw packets ------------------------------------------------------------------------------


def packet(number: int, payload: bytes = b"", *, program: int = Program.REMOTE) -> bytes:
    return encode_packet(Packet(program, 1, number, PacketType.CALL, 0, payload=payload))


async def exchange(host: Served, *packets: bytes) -> list[Packet]:
    """Send packets one after the other, and return their answers."""
    reader, found = PacketReader("the daemon"), list[Packet]()
    async with host.line() as line:
        stream = UnixStream(line.sock)
        for number, sent in enumerate(packets, 1):
            await stream.send(sent)
            while len(found) < number:
                found += reader.receive(await stream.receive())
    return found


OPEN = packet(1, bytes.fromhex("00000001 00000000 00000000"))


async def test_gos_way_to_say_that_a_name_is_there(tmp_path: Path) -> None:
    name = b"\0\0\0\x0ftest:///default\0"
    async with served(tmp_path) as host:
        (answer,) = await exchange(host, packet(1, b"\x01\0\0\0" + name + bytes(4)))
        assert answer.status == 0


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (packet(9999), b"unknown procedure: 9999"),
        (packet(1, program=0x1234), b"Cannot find program 4660 version 1"),
        (packet(212, b"\0"), b"Unable to decode message payload"),
        (packet(1, program=Program.ADMIN), b"Cannot find program"),
    ],
)
async def test_what_cannot_be_called(tmp_path: Path, sent: bytes, words: bytes) -> None:
    async with served(tmp_path) as host:
        *_, answer = await exchange(host, OPEN, sent)
        assert words in answer.payload


async def test_a_length_that_cannot_be_ends_that_connection_alone(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client() as client:
        async with host.line() as line:
            stream = UnixStream(line.sock)
            await stream.send(b"\xff" * 28)
            with pytest.raises((anyio.EndOfStream, ConnectionLost)):
                await stream.receive()
        assert (await client.call(d.DOMAIN_GET_STATE, STATE)).state == 1


async def test_stream_data_without_a_stream_is_swallowed(tmp_path: Path) -> None:
    stray = encode_packet(Packet(Program.REMOTE, 1, 201, PacketType.STREAM, 5, payload=b"late"))
    async with served(tmp_path) as host:
        (answer,) = await exchange(host, stray + OPEN)
        assert answer.procedure == 1


# --- places -------------------------------------------------------------------------------------


async def test_calls_that_hang_hold_up_no_quick_one(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client() as client, open_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(client.call, d.DOMAIN_GET_OS_TYPE, OS_TYPE)
        await anyio.wait_all_tasks_blocked()
        assert (await client.call(d.DOMAIN_GET_STATE, STATE)).state == 1
        assert len(host.script.asked) == 5
        host.script.hold.set()


async def test_calls_that_hang_on_one_guest_hold_up_none_about_another(tmp_path: Path) -> None:
    other = Domain("db1", bytes(15) + b"\x02", -1)
    async with served(tmp_path) as host, host.client() as client, open_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(client.call, d.DOMAIN_GET_OS_TYPE, OS_TYPE)
        tasks.start_soon(client.call, d.DOMAIN_GET_OS_TYPE, d.DomainGetOsTypeArgs(other))
        await until(lambda: len(host.script.asked) == 6)
        host.script.hold.set()


async def test_serials_that_are_used_twice_lose_no_place(tmp_path: Path) -> None:
    ask = packet(d.DOMAIN_GET_OS_TYPE.number, codec(d.DomainGetOsTypeArgs).encode(OS_TYPE))
    async with served(tmp_path) as host:
        host.script.hold.set()
        await exchange(host, OPEN, *[ask] * 20)
        assert len(host.script.ended) == 20


async def test_packets_that_do_not_end_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_UNFINISHED", 2 * 1024 * 1024)
    head = packet(d.DOMAIN_GET_OS_TYPE.number)[4:]
    async with served(tmp_path) as host, host.line() as line, host.client() as client:
        stream = UnixStream(line.sock)
        with pytest.raises(ConnectionLost):
            await stream.send((32 * 1024 * 1024).to_bytes(4, "big") + head + bytes(8 * 1024 * 1024))
        assert (await client.call(d.DOMAIN_GET_STATE, STATE)).state == 1


async def test_more_calls_than_are_read_are_answered_in_the_end(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client(window=200) as client:
        async with open_task_group() as tasks:
            for _ in range(150):
                tasks.start_soon(client.call, d.DOMAIN_GET_OS_TYPE, OS_TYPE)
            await anyio.wait_all_tasks_blocked()
            host.script.hold.set()
        assert len(host.script.ended) == 150


async def test_a_client_that_goes_ends_what_it_asked(tmp_path: Path) -> None:
    async with served(tmp_path) as host:
        async with host.client() as client, open_task_group() as tasks:
            tasks.start_soon(client.call, d.DOMAIN_GET_OS_TYPE, OS_TYPE)
            await until(lambda: host.script.asked == ["os_type"])
            tasks.cancel_scope.cancel()
        await until(lambda: host.script.ended == ["os_type cancelled"])


async def test_a_change_is_finished_although_its_client_goes(tmp_path: Path) -> None:
    async with served(tmp_path) as host:
        async with host.client() as client, open_task_group() as tasks:
            tasks.start_soon(client.call, d.DOMAIN_SUSPEND, d.DomainSuspendArgs(DOM))
            await until(lambda: host.script.asked == ["suspend"])
            tasks.cancel_scope.cancel()
        await until(lambda: not host.running.daemon.main.clients)
        host.script.hold.set()
        await until(lambda: host.script.ended == ["suspend"])


# --- its end ------------------------------------------------------------------------------------


async def test_a_domain_ends_with_the_client_that_wanted_it_so(tmp_path: Path) -> None:
    async with served(tmp_path) as host:
        async with host.client() as client:
            args = d.DomainCreateWithFlagsArgs(DOM, 2)
            reply = await client.call(d.DOMAIN_CREATE_WITH_FLAGS, args)
            assert reply.dom.id == NUMBER
        await until(lambda: host.script.asked == ["start 0", "destroy"])


async def test_a_later_run_of_such_a_domain_does_not_end_with_that_client(tmp_path: Path) -> None:
    async with served(tmp_path) as host:
        async with host.client() as client:
            args = d.DomainCreateWithFlagsArgs(DOM, 2)
            await client.call(d.DOMAIN_CREATE_WITH_FLAGS, args)
            host.script.number = NUMBER + 1
        await until(lambda: not host.running.daemon.main.clients)
        assert host.script.asked == ["start 0"]


async def test_closing_ends_such_domains_too(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client() as client:
        await client.call(d.DOMAIN_CREATE_WITH_FLAGS, d.DomainCreateWithFlagsArgs(DOM, 2))
        await client.call(c.CONNECT_CLOSE, Empty())
        assert host.script.asked == ["start 0", "destroy"]


async def receive_all(stream: UnixStream) -> None:
    """Receive for ever."""
    while True:
        await stream.receive()


async def test_a_client_that_gives_no_sign_of_life_is_dropped(tmp_path: Path) -> None:
    def quick(settings: Settings) -> Settings:
        return replace(settings, keepalive=KeepaliveSettings(0.02, 1))

    ask = packet(60, (10).to_bytes(4, "big"))
    async with served(tmp_path, quick) as host, host.line() as line:
        stream = UnixStream(line.sock)
        await stream.send(ask)
        with pytest.raises((anyio.EndOfStream, ConnectionLost)):
            await receive_all(stream)


async def test_answers_to_pings_are_signs_of_life(tmp_path: Path) -> None:
    pong = encode_packet(Packet(Program.KEEPALIVE, 1, 2, PacketType.MESSAGE, 0))
    async with served(tmp_path) as host, host.line():
        await until(lambda: host.running.daemon.main.clients)
        (session,) = host.running.daemon.main.clients.values()
        session.keep_alive()
        settings = session.daemon.settings.keepalive
        now = time.monotonic()
        for _ in range(settings.count + 2):
            now += settings.interval_s
            session.look(now)
            session.on_data(pong)
        assert not session.channel.ended


async def test_who_does_not_authenticate_in_time_is_dropped(tmp_path: Path) -> None:
    def strict(settings: Settings) -> Settings:
        limits = replace(settings.limits, auth_timeout_s=0.02)
        access = replace(settings.access, auth_unix_rw="sasl")
        return replace(settings, limits=limits, access=access)

    async with served(tmp_path, strict) as host, host.line() as line:
        with pytest.raises((anyio.EndOfStream, ConnectionLost)):
            await UnixStream(line.sock).receive()


async def test_who_has_not_authenticated_may_not_call(tmp_path: Path) -> None:
    def strict(settings: Settings) -> Settings:
        return replace(settings, access=replace(settings.access, auth_unix_rw="sasl"))

    async with served(tmp_path, strict) as host, host.client(opened=False) as client:
        assert (await client.call(c.AUTH_LIST, Empty())).types == [1]
        assert await code(client, c.CONNECT_OPEN, c.ConnectOpenArgs(None, 0)) == 39


async def test_a_reader_may_look_and_change_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as host, host.client(flags=1) as client:
        assert (await client.call(d.DOMAIN_GET_STATE, STATE)).state == 1
        assert await code(client, d.DOMAIN_SUSPEND, d.DomainSuspendArgs(DOM)) == 29
        secret = d.DomainGetXmlDescArgs(DOM, 1)
        assert await code(client, d.DOMAIN_GET_XML_DESC, secret) == 29


async def test_a_client_that_reads_nothing_is_dropped_at_a_bound(tmp_path: Path) -> None:
    def small(settings: Settings) -> Settings:
        return replace(settings, limits=replace(settings.limits, event_backlog=64 * 1024))

    async with served(tmp_path, small) as host, host.line():
        await until(lambda: host.running.daemon.main.clients)
        (session,) = host.running.daemon.main.clients.values()
        for _ in range(100):
            session.send(bytes(64 * 1024))
        assert session.channel.ended


async def test_more_clients_than_allowed_are_not_taken(tmp_path: Path) -> None:
    def few(settings: Settings) -> Settings:
        return replace(settings, limits=replace(settings.limits, max_clients=1))

    async with served(tmp_path, few) as host, host.client(), host.line() as second:
        with pytest.raises((anyio.EndOfStream, ConnectionLost)):
            await UnixStream(second.sock).receive()
