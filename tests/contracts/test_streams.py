"""What every byte stream does, whatever it runs over: one suite, and a table of ways to make one.

Each way gives two ends that are connected to each other.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
import pytest
from anyio.abc import ByteStream

from aiovirt._tasks import open_task_group
from aiovirt.errors import Busy, Closed, ConnectionLost
from aiovirt.streams.tcp import connect_tcp
from aiovirt.streams.unix import UnixStream, unix_pair

pytestmark = pytest.mark.anyio

Pair = AbstractAsyncContextManager[tuple[ByteStream, ByteStream]]


@asynccontextmanager
async def unix() -> AsyncGenerator[tuple[ByteStream, ByteStream], None]:
    ours, theirs = unix_pair()
    async with ours, theirs:
        yield ours, theirs


@asynccontextmanager
async def tcp() -> AsyncGenerator[tuple[ByteStream, ByteStream], None]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        sock = await connect_tcp("127.0.0.1", listening.getsockname()[1])
        async with UnixStream(sock) as ours, UnixStream(listening.accept()[0]) as theirs:
            yield ours, theirs


WAYS: dict[str, Callable[[], Pair]] = {"unix": unix, "tcp": tcp}


@pytest.fixture(params=list(WAYS))
def pair(request: pytest.FixtureRequest) -> Callable[[], Pair]:
    way: str = request.param
    return WAYS[way]


async def receive_all(stream: ByteStream) -> bytes:
    return b"".join([part async for part in stream])


async def test_what_is_sent_arrives_in_order(pair: Callable[[], Pair]) -> None:
    async with pair() as (ours, theirs):
        await ours.send(b"one ")
        await ours.send(b"two")
        await ours.send_eof()
        assert await receive_all(theirs) == b"one two"


async def test_megabytes_pass_both_ways_at_once(pair: Callable[[], Pair]) -> None:
    data = bytes(range(256)) * 8192
    async with pair() as (ours, theirs), open_task_group() as group:

        async def send_and_close(stream: ByteStream) -> None:
            await stream.send(data)
            await stream.send_eof()

        async def expect_data(stream: ByteStream) -> None:
            assert await receive_all(stream) == data

        for stream in (ours, theirs):
            group.start_soon(send_and_close, stream)
            group.start_soon(expect_data, stream)


async def test_at_most_the_asked_for_is_received(pair: Callable[[], Pair]) -> None:
    async with pair() as (ours, theirs):
        await ours.send(b"abcdef")
        assert await theirs.receive(2) == b"ab"
        assert await theirs.receive(100) == b"cdef"


async def test_after_the_peers_end_comes_end_of_stream(pair: Callable[[], Pair]) -> None:
    async with pair() as (ours, theirs):
        await ours.aclose()
        for _ in range(2):
            with pytest.raises(anyio.EndOfStream):
                await theirs.receive()


async def test_after_send_eof_receiving_goes_on(pair: Callable[[], Pair]) -> None:
    async with pair() as (ours, theirs):
        await ours.send_eof()
        await theirs.send(b"answer")
        assert await ours.receive() == b"answer"


async def test_sending_to_a_peer_that_is_gone_is_a_lost_connection(
    pair: Callable[[], Pair],
) -> None:
    async with pair() as (ours, theirs):
        await theirs.aclose()
        with pytest.raises(ConnectionLost):
            await send_much(ours)


async def send_much(stream: ByteStream) -> None:
    for _ in range(100):
        await stream.send(b"x" * 65536)


async def test_a_cancelled_receive_loses_nothing(pair: Callable[[], Pair]) -> None:
    async with pair() as (ours, theirs):
        for moment in range(5):
            async with open_task_group() as group:
                group.start_soon(theirs.receive)
                for _ in range(moment):
                    await anyio.lowlevel.checkpoint()
                group.cancel_scope.cancel()
        await ours.send(b"kept")
        assert await theirs.receive() == b"kept"


async def test_a_receive_cancelled_beforehand_takes_nothing(pair: Callable[[], Pair]) -> None:
    async with pair() as (ours, theirs):
        await ours.send(b"kept")
        with anyio.CancelScope() as scope:
            scope.cancel()
            await theirs.receive()
        assert await theirs.receive() == b"kept"


async def test_a_sender_waits_for_a_peer_that_does_not_read(pair: Callable[[], Pair]) -> None:
    async with pair() as (ours, _):
        with anyio.move_on_after(0.05) as scope:
            while True:
                await ours.send(b"x" * 65536)
        assert scope.cancelled_caught


async def test_a_closed_stream_says_so_and_closes_twice(pair: Callable[[], Pair]) -> None:
    async with pair() as (ours, _):
        await ours.aclose()
        await ours.aclose()
        with pytest.raises(Closed):
            await ours.send(b"x")
        with pytest.raises(Closed):
            await ours.receive()
        with pytest.raises(Closed):
            await ours.send_eof()


async def test_closing_ends_a_waiting_receive(pair: Callable[[], Pair]) -> None:
    async with pair() as (ours, _), open_task_group() as group:
        waiting = anyio.Event()

        async def expect_closed() -> None:
            waiting.set()
            with pytest.raises(Closed):
                await ours.receive()

        group.start_soon(expect_closed)
        await waiting.wait()
        await anyio.wait_all_tasks_blocked()
        await ours.aclose()


async def test_a_second_receiver_is_refused(pair: Callable[[], Pair]) -> None:
    async with pair() as (ours, theirs), open_task_group() as group:
        group.start_soon(ours.receive)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(Busy):
            await ours.receive()
        await theirs.send(b"x")


async def test_closing_under_cancellation_closes(pair: Callable[[], Pair]) -> None:
    async with pair() as (ours, theirs):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await ours.aclose()
        with pytest.raises(anyio.EndOfStream):
            await theirs.receive()
