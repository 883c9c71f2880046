"""The proxy that does harm: what it does to packets between real sockets."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import counterparts
import exchanged
import pytest
from anyio.abc import ByteStream, TaskGroup
from libvirtlab import Lab
from libvirtpackets import Header, PacketReader, packet
from proxy import (
    CALLS,
    REPLIES,
    ByteByByte,
    Cut,
    Garble,
    Harm,
    Hold,
    Proxy,
    Recorder,
    Stall,
    Truncate,
)

from aiovirt._tasks import open_task_group
from aiovirt.errors import ConnectionLost
from aiovirt.streams.unix import UnixListener, UnixStream, connect_unix

pytestmark = pytest.mark.anyio

REPLY, STREAM_WITH_FDS = 1, 5
FIRST, SECOND, THIRD = (packet(procedure=number, payload=b"abcdefgh") for number in (1, 2, 3))


async def echo(stream: UnixStream) -> None:
    """Send back whatever comes."""
    with suppress(ConnectionLost, anyio.EndOfStream):
        while True:
            await stream.send(await stream.receive())


@asynccontextmanager
async def serving(
    path: Path, handler: Callable[[UnixStream], Awaitable[None]] = echo
) -> AsyncGenerator[None, None]:
    async def serve(stream: UnixStream) -> None:
        async with stream:
            await handler(stream)

    async def accept(listener: UnixListener, group: TaskGroup) -> None:
        while True:
            group.start_soon(serve, await listener.accept())

    async with UnixListener(path) as listener, open_task_group() as group:
        group.start_soon(accept, listener, group)
        yield
        group.cancel_scope.cancel()


async def connect(proxy: Proxy) -> UnixStream:
    return UnixStream(await connect_unix(proxy.path))


async def read_all(stream: ByteStream) -> bytes:
    seen = b""
    with suppress(ConnectionLost, anyio.EndOfStream):
        while True:
            seen += await stream.receive()
    return seen


async def read(stream: ByteStream, count: int) -> bytes:
    seen = b""
    while len(seen) < count:
        seen += await stream.receive(count - len(seen))
    return seen


async def echoed(tmp_path: Path, harm: Harm, *, number: int = 1) -> bytes:
    """Send three packets through harm to a reply; return what comes back before the end."""
    async with serving(tmp_path / "s"), Proxy(tmp_path / "s") as proxy:
        proxy.plan(REPLIES, harm, number=number)
        async with await connect(proxy) as stream:
            await stream.send(FIRST + SECOND + THIRD)
            await stream.send_eof()
            return await read_all(stream)


async def test_packets_pass_unharmed_and_are_counted(tmp_path: Path) -> None:
    async with serving(tmp_path / "s"), Proxy(tmp_path / "s") as proxy:
        async with await connect(proxy) as stream:
            await stream.send(FIRST + SECOND)
            assert await read(stream, len(FIRST + SECOND)) == FIRST + SECOND
        assert proxy.passed == {CALLS: 2, REPLIES: 2}


@pytest.mark.parametrize(
    ("harm", "comes"),
    [
        (Cut(), FIRST),
        (Truncate(5), FIRST + SECOND[:5]),
        (Hold(1), FIRST + THIRD + SECOND),
        (Hold(9), FIRST + THIRD + SECOND),
        (ByteByByte(), FIRST + SECOND + THIRD),
        (Garble.length(), FIRST + b"\x7f" + SECOND[1:] + THIRD),
        (Garble.header(), FIRST + SECOND[:4] + b"\xdf\xff\x7f\x79" + SECOND[8:] + THIRD),
        (Garble(-1, 1, 1), FIRST + SECOND[:-1] + b"i" + THIRD),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_harm_is_done_to_the_packet_it_was_planned_for(
    tmp_path: Path, harm: Harm, comes: bytes
) -> None:
    assert await echoed(tmp_path, harm) == comes


async def test_a_stalled_direction_goes_on_when_released(tmp_path: Path) -> None:
    stall = Stall()
    async with serving(tmp_path / "s"), Proxy(tmp_path / "s") as proxy:
        proxy.plan(CALLS, stall, procedure=2)
        async with await connect(proxy) as stream:
            await stream.send(FIRST + SECOND)
            assert await read(stream, len(FIRST)) == FIRST
            await stall.reached.wait()
            stall.release()
            assert await read(stream, len(SECOND)) == SECOND


async def test_all_lines_are_cut_on_demand_and_new_ones_refused(tmp_path: Path) -> None:
    async with serving(tmp_path / "s"), Proxy(tmp_path / "s") as proxy:
        async with await connect(proxy) as stream:
            await stream.send(FIRST)
            await read(stream, len(FIRST))
            await proxy.cut()
            assert not await read_all(stream)
        proxy.accepting = False
        async with await connect(proxy) as stream:
            assert not await read_all(stream)


async def test_a_target_that_is_not_there_is_a_cut_line(tmp_path: Path) -> None:
    async with Proxy(tmp_path / "nobody") as proxy, await connect(proxy) as stream:
        assert not await read_all(stream)


async def test_tcp_and_what_are_no_packets_pass_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = ("127.0.0.1", listener.getsockname()[1])
        async with (
            Proxy(address, framed=False) as proxy,
            await anyio.connect_tcp("127.0.0.1", proxy.port) as stream,
            UnixStream(listener.accept()[0]) as server,
        ):
            await stream.send(b"hello")
            assert await read(server, 5) == b"hello"


async def test_descriptors_pass_with_their_bytes(tmp_path: Path) -> None:
    with_one = packet(type_=STREAM_WITH_FDS, payload=(1).to_bytes(4))
    nothing = os.open(os.devnull, os.O_RDONLY)

    async def give(stream: UnixStream) -> None:
        await stream.send(with_one)
        await stream.send_with_descriptors(b"\0", [nothing])
        await stream.send(FIRST)

    seen, passed = b"", list[int]()
    async with (
        serving(tmp_path / "s", give),
        Proxy(tmp_path / "s") as proxy,
        await connect(proxy) as stream,
    ):
        while not seen.endswith(FIRST):
            data, descriptors = await stream.receive_with_descriptors()
            seen, passed = seen + data, passed + descriptors
    os.close(nothing)
    assert seen == with_one + b"\0" + FIRST
    assert [os.path.samestat(os.fstat(one), Path(os.devnull).stat()) for one in passed] == [True]
    os.close(passed[0])


async def test_what_passes_is_recorded(tmp_path: Path) -> None:
    recorder = Recorder()
    async with (
        serving(tmp_path / "s"),
        Proxy(tmp_path / "s", recorder=recorder) as proxy,
        await connect(proxy) as stream,
    ):
        await stream.send(FIRST)
        await read(stream, len(FIRST))
    assert [(seen.direction, seen.procedure) for seen in recorder.packets] == [
        (CALLS, 1),
        (REPLIES, 1),
    ]


async def test_replies_and_events_of_a_real_server_are_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = exchanged.Exchanged()
    monkeypatch.setattr(exchanged, "exchanged", own)
    recorder = Recorder(real=True)
    recorder.record(CALLS, packet(procedure=7))
    recorder.record(REPLIES, packet(procedure=7, type_=REPLY))
    recorder.record(REPLIES, packet(procedure=8, type_=REPLY, status=1))
    assert own.answered == {(0x20008086, 7): 1}
    assert own.refused == {(0x20008086, 8): 1}
    assert own.summary() == ["REMOTE: 1 answered: 7", "REMOTE: 1 only refused: 8"]


def test_ranges_are_written_short() -> None:
    assert exchanged.ranges([1, 2, 3, 7]) == "1-3 7"


def test_packets_are_cut_out_of_a_stream_byte_by_byte() -> None:
    reader = PacketReader()
    fed = [whole for at in range(len(FIRST)) for whole in reader.feed(FIRST[at : at + 1])]
    assert fed == [FIRST]
    assert Header.of(FIRST).procedure == 1
    assert not reader.rest


def test_a_short_length_is_passed_on_as_it_is() -> None:
    bad = b"\0\0\0\3" + bytes(24)
    assert list(PacketReader().feed(bad)) == [bad]


async def virsh(lab: Lab, proxy: Proxy, *args: str) -> int:
    argv = [str(counterparts.program("virsh")), "-c", lab.uri(socket=str(proxy.path)), *args]
    return (await anyio.run_process(argv, check=False)).returncode


@pytest.mark.real
async def test_a_session_with_a_real_libvirtd_is_recorded(lab: Lab) -> None:
    recorder = Recorder(real=True)
    async with Proxy(lab.socket, recorder=recorder) as proxy:
        assert not await virsh(lab, proxy, "list", "--all")
    calls = [seen.procedure for seen in recorder.packets if seen.direction is CALLS]
    replies = [seen.procedure for seen in recorder.packets if seen.direction is REPLIES]
    assert calls == replies == [66, 60, 1, 60, 60, 360, 273, 361, 2]


@pytest.mark.real
@pytest.mark.parametrize("harm", [Cut(), Truncate(30), Garble.length()], ids=repr)
async def test_real_virsh_and_libvirtd_notice_the_harm(lab: Lab, harm: Harm) -> None:
    async with Proxy(lab.socket) as proxy:
        proxy.plan(REPLIES, harm, procedure=273)
        assert await virsh(lab, proxy, "list", "--all")
        assert not await virsh(lab, proxy, "list", "--all")
