"""The fake libvirtd speaks a real one's bytes, is strict, and does wrong when it is told to."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from libvirtpackets import HEADER, Header, PacketReader, packet

from aiovirt.errors import AlreadyExists, NotFound
from aiovirt.model.constants import AuthType
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import domain as d
from aiovirt.protocols.libvirt.tables import domain_events as events
from aiovirt.protocols.libvirt.tables.structs import Domain
from aiovirt.protocols.xdr import Struct
from aiovirt.streams.unix import UnixStream, connect_unix
from aiovirt.testing.fake_libvirtd import (
    MAX_CLIENT_REQUESTS,
    FakeLibvirtd,
    run_fake_libvirtd,
)
from aiovirt.testing.faults import Cut, Garbage, Hold, Refuse, Silent

pytestmark = pytest.mark.anyio

# remote_protocol.x: the numbers of the procedures that these packets call.
OPEN, CLOSE, TYPE, HOSTNAME, DOMAINS, AUTH_LIST = 1, 2, 3, 59, 273, 66
KEEPALIVE = 0x6B656570
OPEN_ANYTHING = (0).to_bytes(4) + (0).to_bytes(4)
"""CONNECT_OPEN without a name, without flags."""


class Client:
    """Raw packets to the fake, and from it."""

    def __init__(self, stream: UnixStream) -> None:
        self.stream = stream
        self._reader = PacketReader()
        self._packets: list[bytes] = []
        self._serial = 0

    async def call(self, procedure: int, payload: bytes = b"") -> bytes:
        """Call a procedure; return the packet that comes back."""
        await self.send(procedure, payload)
        return await self.receive()

    async def send(self, procedure: int, payload: bytes = b"") -> None:
        """Call a procedure."""
        self._serial += 1
        await self.stream.send(packet(procedure=procedure, serial=self._serial, payload=payload))

    async def receive(self) -> bytes:
        """Return the next packet."""
        while not self._packets:
            self._packets += self._reader.feed(await self.stream.receive())
        return self._packets.pop(0)


@asynccontextmanager
async def serving(
    folder: Path, *, opened: bool = True
) -> AsyncIterator[tuple[FakeLibvirtd, Client]]:
    """Run a fake with a client that has opened it."""
    path = folder / "sock"
    async with run_fake_libvirtd(path) as fake:
        sock = await connect_unix(path)
        async with UnixStream(sock) as stream:
            client = Client(stream)
            if opened:
                assert Header.of(await client.call(OPEN, OPEN_ANYTHING)).status == 0
            yield fake, client


async def test_it_speaks_libvirtds_bytes(tmp_path: Path) -> None:
    async with serving(tmp_path) as (fake, client):
        answer = await client.call(HOSTNAME)
        assert answer == bytes.fromhex(
            "00000024"  # 36 bytes in all
            "20008086 00000001 0000003b"  # program, version, procedure
            "00000001 00000002 00000000"  # a reply to the second call, well
            "00000004 66616b65"  # "fake"
        )
        assert fake.calls == ["CONNECT_OPEN", "CONNECT_GET_HOSTNAME"]
        assert not fake.violations


async def test_what_it_lists_is_a_tests_choice(tmp_path: Path) -> None:
    async with serving(tmp_path) as (fake, client):
        fake.domains = [Domain("a", bytes(16), 1), Domain("b", bytes(16), -1)]
        answer = await client.call(DOMAINS, (1).to_bytes(4) + (0).to_bytes(4))
        assert answer[HEADER.size :][:4] == (2).to_bytes(4)
        counted = await client.call(DOMAINS, (0).to_bytes(4) + (0).to_bytes(4))
        assert counted[HEADER.size :] == (0).to_bytes(4) + (2).to_bytes(4)


async def test_nothing_is_done_before_it_is_opened(tmp_path: Path) -> None:
    async with serving(tmp_path, opened=False) as (fake, client):
        answer = await client.call(HOSTNAME)
        assert Header.of(answer).status == 1
        assert b"connection not open" in answer
        assert Header.of(await client.call(AUTH_LIST)).status == 0
        assert fake.calls == ["AUTH_LIST"]


async def test_it_wants_what_a_test_lets_it_want(tmp_path: Path) -> None:
    async with serving(tmp_path, opened=False) as (fake, client):
        fake.auth = [AuthType.SASL, AuthType.POLKIT]
        answer = await client.call(AUTH_LIST)
        assert answer[HEADER.size :] == bytes.fromhex("00000002 00000001 00000002")


@pytest.mark.parametrize(
    ("procedure", "text"), [(4999, b"unknown procedure: 4999"), (11, b"DOMAIN_CREATE")]
)
async def test_what_it_has_not_it_refuses_in_libvirtds_words(
    tmp_path: Path, procedure: int, text: bytes
) -> None:
    async with serving(tmp_path) as (_, client):
        answer = await client.call(procedure)
        assert (Header.of(answer).type, Header.of(answer).status) == (1, 1)
        assert text in answer or procedure == 11


async def test_arguments_that_it_cannot_read_are_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, client):
        assert b"Unable to decode message payload" in await client.call(DOMAINS, b"abc")


async def test_a_program_that_it_has_not_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, client):
        await client.stream.send(packet(program=0x1234, procedure=1, serial=9))
        answer = await client.receive()
        assert Header.of(answer).serial == 9
        assert b"Cannot find program 4660" in answer


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        packet(type_=1, serial=1),  # a client gives no replies
        packet(type_=9, serial=1),
        (27).to_bytes(4) + bytes(24),  # shorter than its own header
    ],
)
async def test_who_breaks_the_protocol_is_thrown_out_and_noted(tmp_path: Path, data: bytes) -> None:
    async with serving(tmp_path) as (fake, client):
        await client.stream.send(data)
        with pytest.raises(anyio.EndOfStream):
            await client.receive()
        assert len(fake.violations) == 1


async def test_pings_are_answered_or_not(tmp_path: Path) -> None:
    ping = packet(program=KEEPALIVE, procedure=1, type_=2)
    async with serving(tmp_path) as (fake, client):
        await client.stream.send(ping)
        header = Header.of(await client.receive())
        assert (header.program, header.procedure, header.type) == (KEEPALIVE, 2, 2)
        fake.pings = False
        await client.stream.send(ping)
        assert Header.of(await client.call(HOSTNAME)).program != KEEPALIVE
        assert fake.pinged == 2


async def test_no_more_than_five_calls_are_at_work(tmp_path: Path) -> None:
    async with serving(tmp_path) as (fake, client):
        holds = [Hold() for _ in range(MAX_CLIENT_REQUESTS)]
        for hold in holds:
            fake.script.add("CONNECT_GET_TYPE", hold)
            await client.send(TYPE)
            await hold.reached.wait()
        await client.send(HOSTNAME)
        await anyio.wait_all_tasks_blocked()
        assert "CONNECT_GET_HOSTNAME" not in fake.calls
        holds[2].until.set()
        serials = [Header.of(await client.receive()).serial for _ in range(2)]
        assert serials == [4, 7]
        for hold in holds:
            hold.until.set()


async def test_what_a_handler_raises_is_sent(tmp_path: Path) -> None:
    def refuse(_: object) -> Struct:
        raise NotFound("no domain with matching name 'x'")

    async with serving(tmp_path) as (fake, client):
        fake.on(d.DOMAIN_LOOKUP_BY_NAME, refuse)
        answer = await client.call(23, (1).to_bytes(4) + b"x\0\0\0")
        assert b"no domain with matching name 'x'" in answer
        assert answer[HEADER.size :][:4] == (42).to_bytes(4)  # VIR_ERR_NO_DOMAIN


async def test_a_handler_may_take_its_time(tmp_path: Path) -> None:
    go_on = anyio.Event()

    async def slow(_: object) -> Struct:
        await go_on.wait()
        return c.ConnectGetHostnameRet("late")

    async with serving(tmp_path) as (fake, client):
        fake.on(c.CONNECT_GET_HOSTNAME, slow)
        await client.send(HOSTNAME)
        assert b"QEMU" in await client.call(TYPE)
        go_on.set()
        assert b"late" in await client.receive()


async def test_faults_come_once_each_in_their_order(tmp_path: Path) -> None:
    async with serving(tmp_path) as (fake, client):
        silent = Silent()
        for fault in (Refuse(description="not today"), Garbage(packet(serial=3, type_=1)), silent):
            fake.script.add("CONNECT_GET_HOSTNAME", fault)
        assert b"not today" in await client.call(HOSTNAME)
        assert await client.call(HOSTNAME) == packet(serial=3, type_=1)
        await client.send(HOSTNAME)
        await silent.reached.wait()
        assert Header.of(await client.call(HOSTNAME)).serial == 5


async def test_an_answer_that_is_cut_ends_the_connection(tmp_path: Path) -> None:
    async with serving(tmp_path) as (fake, client):
        fake.script.add("CONNECT_GET_HOSTNAME", Cut(after=10))
        await client.send(HOSTNAME)
        received = await client.stream.receive()
        assert received == (36).to_bytes(4) + bytes.fromhex("20008086 0000")
        with pytest.raises(anyio.EndOfStream):
            await client.stream.receive()


async def test_events_go_to_everybody(tmp_path: Path) -> None:
    async with serving(tmp_path) as (fake, client):
        dom = Domain("a", bytes(16), 1)
        await fake.tell(events.DOMAIN_EVENT_REBOOT, events.DomainEventRebootMsg(dom))
        header = Header.of(await client.receive())
        assert (header.procedure, header.type, header.serial) == (169, 2, 0)


async def test_descriptors_that_nobody_takes_are_closed(tmp_path: Path) -> None:
    """The watch over leaks counts them, as they are of this process."""
    async with serving(tmp_path) as (fake, client):
        reading, writing = os.pipe()
        call = packet(procedure=TYPE, type_=4, serial=7, payload=(1).to_bytes(4))
        await client.stream.send(call)
        await client.stream.send_with_descriptors(b"\0", [writing])
        os.close(writing)
        assert Header.of(await client.receive()).serial == 7
        await fake.hang_up()
        await anyio.wait_readable(reading)  # the one who answered may still have to close its own
        assert os.read(reading, 1) == b""
        os.close(reading)


async def test_it_can_hang_up(tmp_path: Path) -> None:
    async with serving(tmp_path) as (fake, client):
        await fake.hang_up()
        with pytest.raises(anyio.EndOfStream):
            await client.receive()


async def test_two_at_one_path_are_refused(tmp_path: Path) -> None:
    async with serving(tmp_path):
        with pytest.raises(AlreadyExists):
            async with run_fake_libvirtd(tmp_path / "sock"):
                pytest.fail("it was started")
