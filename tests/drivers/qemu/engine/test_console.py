"""The console hub: many readers, one writer, bounded history. Its other end is a socket pair."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from aiovirt.drivers.qemu.engine.console import HISTORY, LOG_BOUND, ConsoleHub
from aiovirt.errors import Busy, Closed, ConnectionLost
from aiovirt.interfaces import ConsoleStream

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def running_hub(**options: object) -> AsyncIterator[tuple[ConsoleHub, socket.socket]]:
    """A hub that runs, and the guest's end."""
    ours, guest = socket.socketpair()
    ours.setblocking(False)
    with guest:
        guest.setblocking(False)
        hub = ConsoleHub("serial0 of web1", ours.detach(), **options)  # type: ignore[arg-type]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hub.run)
            yield hub, guest
            tasks.cancel_scope.cancel()


async def _show(hub: ConsoleHub, guest: socket.socket, data: bytes) -> None:
    """Write as the guest, and wait until the hub has read it."""
    end = hub.end + len(data)
    while data:
        try:
            data = data[guest.send(data) :]
        except BlockingIOError:
            await anyio.wait_writable(guest)
    while hub.end < end:
        await hub.more()


async def test_every_reader_gets_everything() -> None:
    async with (
        running_hub() as (hub, guest),
        hub.open(readonly=False, force=False, history=True) as one,
        hub.open(readonly=True, force=False, history=True) as two,
    ):
        await _show(hub, guest, b"hello")
        assert await one.receive() == b"hello"
        assert await two.receive() == b"hello"


async def test_history_for_newcomers() -> None:
    async with running_hub(history=b"before ") as (hub, guest):
        await _show(hub, guest, b"now")
        async with hub.open(readonly=True, force=False, history=True) as with_history:
            assert await with_history.receive() == b"before now"
        async with hub.open(readonly=True, force=False, history=False) as without:
            await _show(hub, guest, b"!")
            assert await without.receive() == b"!"


async def test_slow_reader_loses_the_oldest_and_knows_how_much() -> None:
    async with (
        running_hub() as (hub, guest),
        hub.open(readonly=True, force=False, history=True) as reader,
    ):
        await _show(hub, guest, b"a" * 100 + b"b" * HISTORY)
        assert await reader.receive() == b"b" * HISTORY
        assert reader.lost == 100


async def test_receive_gives_no_more_than_asked() -> None:
    async with (
        running_hub(history=b"abc") as (hub, _),
        hub.open(readonly=True, force=False, history=True) as reader,
    ):
        assert [await reader.receive(2), await reader.receive(2)] == [b"ab", b"c"]


async def test_writer_is_alone() -> None:
    async with running_hub() as (hub, guest):
        async with hub.open(readonly=False, force=False, history=True) as writer:
            with pytest.raises(Busy, match="serial0 of web1 has a writer already"):
                async with hub.open(readonly=False, force=False, history=True):
                    pass
            await writer.send(b"typed")
            assert guest.recv(10) == b"typed"
        async with hub.open(readonly=False, force=False, history=True):
            pass


async def test_force_takes_the_writers_place() -> None:
    async with (
        running_hub() as (hub, guest),
        hub.open(readonly=False, force=False, history=True) as old,
        hub.open(readonly=False, force=True, history=True) as new,
    ):
        with pytest.raises(Busy, match="read-only here"):
            await old.send(b"x")
        await new.send(b"y")
        assert guest.recv(10) == b"y"


async def test_read_only_stream_cannot_send() -> None:
    async with (
        running_hub() as (hub, _),
        hub.open(readonly=True, force=False, history=True) as reader,
    ):
        with pytest.raises(Busy):
            await reader.send(b"x")


async def test_end_comes_after_the_last_byte() -> None:
    async with (
        running_hub() as (hub, guest),
        hub.open(readonly=False, force=False, history=True) as stream,
    ):
        await _show(hub, guest, b"bye")
        guest.close()
        assert await stream.receive() == b"bye"
        with pytest.raises(anyio.EndOfStream):
            await stream.receive()
        with pytest.raises(ConnectionLost):
            await stream.send(b"too late")


async def test_closed_stream_says_so() -> None:
    async with (
        running_hub() as (hub, _),
        hub.open(readonly=False, force=False, history=True) as stream,
    ):
        await stream.aclose()
        for call in (stream.receive(), stream.send(b"x")):
            with pytest.raises(anyio.ClosedResourceError):
                await call


async def test_cancelled_reader_loses_nothing() -> None:
    async with (
        running_hub() as (hub, guest),
        hub.open(readonly=True, force=False, history=True) as reader,
    ):
        with anyio.move_on_after(0):
            await reader.receive()
        await _show(hub, guest, b"kept")
        assert await reader.receive() == b"kept"


async def test_large_input_waits_for_the_guest() -> None:
    data = b"z" * 1_000_000
    async with (
        running_hub() as (hub, guest),
        hub.open(readonly=False, force=False, history=True) as writer,
    ):
        got = 0
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.send, data)
            while got < len(data):
                await anyio.wait_readable(guest)
                got += len(guest.recv(65536))
        assert got == len(data)


async def test_log_is_cut_when_it_has_grown() -> None:
    cuts: list[int] = []
    async with running_hub(overflow=lambda: cuts.append(1)) as (hub, guest):
        await _show(hub, guest, b"x" * LOG_BOUND)
        assert cuts == [1]


async def _type_without_end(stream: ConsoleStream) -> None:
    with pytest.raises(Busy, match="read-only"):
        await stream.send(bytes(10_000_000))


async def test_writer_that_waits_for_the_guest_loses_its_place() -> None:
    async with (
        running_hub() as (hub, guest),
        hub.open(readonly=False, force=False, history=True) as stuck,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(_type_without_end, stuck)
        await anyio.wait_all_tasks_blocked()
        async with hub.open(readonly=False, force=True, history=True) as other:
            tasks.start_soon(other.send, b"mine")
            seen = b""
            while not seen.endswith(b"mine"):
                await anyio.wait_readable(guest)
                seen += guest.recv(1_000_000)


async def test_closing_a_stream_wakes_its_reader() -> None:
    async def read(stream: ConsoleStream) -> None:
        with pytest.raises(anyio.ClosedResourceError):
            await stream.receive()

    async with (
        running_hub() as (hub, _),
        hub.open(readonly=True, force=False, history=True) as stream,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(read, stream)
        await anyio.wait_all_tasks_blocked()
        await stream.aclose()


async def test_closing_a_stream_frees_the_writers_place() -> None:
    async with (
        running_hub() as (hub, guest),
        hub.open(readonly=False, force=False, history=True) as one,
    ):
        await one.aclose()
        async with hub.open(readonly=False, force=False, history=True) as two:
            await two.send(b"x")
        assert guest.recv(10) == b"x"


async def test_closing_a_stream_ends_its_writing() -> None:
    async def write(stream: ConsoleStream) -> None:
        with pytest.raises(anyio.ClosedResourceError):
            await stream.send(bytes(1 << 22))

    async with (
        running_hub() as (hub, _),
        hub.open(readonly=False, force=False, history=True) as stream,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(write, stream)
        await anyio.wait_all_tasks_blocked()
        await stream.aclose()


async def test_two_writings_at_once_go_one_after_the_other() -> None:
    size, typed = 1 << 20, b""
    async with (
        running_hub() as (hub, guest),
        hub.open(readonly=False, force=False, history=True) as stream,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(stream.send, b"a" * size)
        tasks.start_soon(stream.send, b"b" * size)
        await anyio.wait_all_tasks_blocked()
        while len(typed) < 2 * size:
            await anyio.wait_readable(guest)
            typed += guest.recv(1 << 16)
    assert typed[:1] * size + typed[-1:] * size == typed


async def test_closed_hub_is_no_end_of_the_guests_output() -> None:
    async with running_hub() as (hub, _):
        leaving = hub.open(readonly=True, force=False, history=True)
        stream = await leaving.__aenter__()
    with pytest.raises(Closed, match="serial0 of web1 was closed"):
        await stream.receive()
    await leaving.__aexit__(None, None, None)
