"""The channel: callbacks for what arrives, sending that never waits, and waiting places."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import pytest

from aiovirt._tasks import open_task_group
from aiovirt.errors import Closed, ProtocolError
from aiovirt.streams.channel import MAX_OUTGOING, Channel, Slot, begin_channel, open_channel
from aiovirt.streams.unix import UnixStream

pytestmark = pytest.mark.anyio


class Recorder:
    """What a channel handed on, and the slots to set when it does."""

    def __init__(self) -> None:
        self.data = b""
        self.ends: list[Exception | None] = []
        self.slots: list[Slot] = []
        self.ended = anyio.Event()

    def on_data(self, data: bytes) -> None:
        if b"bad" in data:
            raise ProtocolError("bad")
        self.data += data
        while self.slots:
            self.slots.pop().set()

    def on_end(self, error: Exception | None) -> None:
        self.ends.append(error)
        self.ended.set()
        while self.slots:
            self.slots.pop().set()


@asynccontextmanager
async def opened() -> AsyncGenerator[tuple[Channel, UnixStream, Recorder], None]:
    ours, theirs = socket.socketpair()
    recorder = Recorder()
    with ours:
        async with (
            UnixStream(theirs) as peer,
            open_channel(ours, recorder.on_data, recorder.on_end) as channel,
        ):
            yield channel, peer, recorder


async def wait_for(slot: Slot) -> None:
    await slot.wait()


async def test_a_waiter_is_woken_by_what_arrives() -> None:
    async with opened() as (channel, peer, recorder):
        slot = channel.slot()
        recorder.slots.append(slot)
        await peer.send(b"reply")
        await slot.wait()
        assert recorder.data == b"reply"


async def test_what_arrives_is_handed_on_while_nobody_waits() -> None:
    async with opened() as (_, peer, recorder):
        await peer.send(b"unasked")
        await peer.aclose()
        await recorder.ended.wait()
        assert (recorder.data, recorder.ends) == (b"unasked", [None])


async def test_many_waiters_share_one_socket() -> None:
    async with opened() as (channel, peer, recorder), open_task_group() as group:
        slots = [channel.slot() for _ in range(10)]
        for slot in slots:
            group.start_soon(wait_for, slot)
        await anyio.wait_all_tasks_blocked()
        for slot in reversed(slots):
            recorder.slots.append(slot)
            await peer.send(b".")
            await anyio.wait_all_tasks_blocked()


async def test_when_the_first_waiter_is_cancelled_the_others_go_on() -> None:
    async with opened() as (channel, peer, recorder), open_task_group() as group:
        first, second = channel.slot(), channel.slot()
        scope = anyio.CancelScope()

        async def wait_in_scope() -> None:
            with scope:
                await first.wait()

        group.start_soon(wait_in_scope)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(wait_for, second)
        await anyio.wait_all_tasks_blocked()
        scope.cancel()
        recorder.slots.append(second)
        await peer.send(b"for the second")


async def test_waiters_of_a_wider_scope_are_woken_when_the_channel_ends() -> None:
    async with open_task_group() as group, opened() as (channel, _, recorder):
        recorder.slots += [channel.slot(), channel.slot()]
        for slot in recorder.slots:
            group.start_soon(wait_for, slot)
        await anyio.wait_all_tasks_blocked()
    assert recorder.ends == [None]


async def test_a_last_word_gets_its_answer_while_the_channel_is_being_cancelled() -> None:
    with anyio.CancelScope() as scope:
        async with opened() as (channel, peer, recorder):
            await peer.send(b"unasked")
            while not recorder.data:  # the channel's own task reads this, and waits for more
                await anyio.lowlevel.checkpoint()
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
            with anyio.CancelScope(shield=True):
                slot = channel.slot()
                recorder.slots.append(slot)
                async with open_task_group() as group:
                    group.start_soon(peer.send, b" answer")
                    await slot.wait()
                assert recorder.data == b"unasked answer"


async def test_a_slot_set_beforehand_or_twice_does_not_wait() -> None:
    async with opened() as (channel, _, _recorder):
        slot = channel.slot()
        slot.set()
        slot.set()
        await slot.wait()


async def test_more_than_the_socket_takes_is_sent_in_the_background() -> None:
    data = os.urandom(MAX_OUTGOING // 2)
    async with opened() as (channel, peer, _):
        channel.send(data)
        channel.send(b"end")
        received = b""
        while not received.endswith(b"end"):
            received += await peer.receive()
        assert received == data + b"end"


async def test_descriptors_that_wait_are_kept_and_travel_in_their_place() -> None:
    reading, writing = os.pipe()
    async with opened() as (channel, peer, _):
        channel.send(b"x" * 500_000)
        channel.send(b"fd", [writing])
        os.close(writing)
        found: list[int] = []
        while not found:
            _, found = await peer.receive_with_descriptors()
        os.write(found[0], b"through")
        assert os.read(reading, 7) == b"through"
        os.close(found[0])
    os.close(reading)


async def test_descriptors_never_sent_are_closed() -> None:
    reading, writing = os.pipe()
    async with opened() as (channel, _, _recorder):
        channel.send(b"x" * 500_000)
        channel.send(b"fd", [writing])
        os.close(writing)
    assert os.read(reading, 1) == b""
    os.close(reading)


async def test_a_descriptor_that_cannot_be_kept_leaves_no_other_behind() -> None:
    async with opened() as (channel, _, _recorder):
        good = os.dup(0)
        channel.send(b"x" * 500_000)
        with pytest.raises(OSError, match="Bad file descriptor"):
            channel.send(b"fds", [good, -1])
        os.close(good)


async def test_a_congested_channel_tells_and_can_be_waited_for() -> None:
    async with opened() as (channel, peer, _), open_task_group() as group:
        channel.send(b"x" * (MAX_OUTGOING * 2))
        assert channel.congested
        group.start_soon(channel.wait_for_room)
        while channel.congested:
            await peer.receive()


async def test_the_wait_for_room_ends_with_the_channel() -> None:
    async with opened() as (channel, peer, recorder), open_task_group() as group:
        channel.send(b"x" * (MAX_OUTGOING * 2))
        group.start_soon(channel.wait_for_room)
        await anyio.wait_all_tasks_blocked()
        await peer.aclose()
        await recorder.ended.wait()


async def test_the_callbacks_protocol_error_ends_the_channel() -> None:
    async with opened() as (channel, peer, recorder):
        await peer.send(b"bad")
        await recorder.ended.wait()
        assert [str(error) for error in recorder.ends] == ["bad"]
        with pytest.raises(Closed):
            channel.send(b"x")


async def test_leaving_ends_it_once() -> None:
    async with opened() as (channel, _, recorder):
        pass
    assert recorder.ends == [None]
    assert channel.ended


async def test_a_peer_that_closes_with_something_unread_has_just_ended() -> None:
    async with opened() as (channel, peer, recorder):
        channel.send(b"never read")
        await peer.send(b"last words")
        await peer.aclose()
        await recorder.ended.wait()
        assert (recorder.data, recorder.ends) == (b"last words", [None])


async def test_a_channel_that_was_begun_serves_until_it_ends() -> None:
    ours, theirs = socket.socketpair()
    recorder = Recorder()
    with ours:
        async with UnixStream(theirs) as peer, open_task_group() as group:
            channel = begin_channel(ours, recorder.on_data, recorder.on_end, group)
            await peer.send(b"call")
            channel.send(b"x" * MAX_OUTGOING)
            left = MAX_OUTGOING
            while left:
                left -= len(await peer.receive())
            await peer.aclose()
            await recorder.ended.wait()
            group.cancel_scope.cancel()
    assert (recorder.data, recorder.ends) == (b"call", [None])


async def test_a_channel_that_was_begun_may_close_its_socket_at_its_end() -> None:
    ours, theirs = socket.socketpair()
    recorder = Recorder()

    def end(error: Exception | None) -> None:
        ours.close()
        recorder.on_end(error)

    async with UnixStream(theirs) as peer, open_task_group() as group:
        begin_channel(ours, recorder.on_data, end, group)
        await peer.send(b"bad")
        await recorder.ended.wait()
        group.cancel_scope.cancel()
    assert isinstance(recorder.ends[0], ProtocolError)


async def test_what_came_before_is_handed_on_and_a_fault_in_that_ends_the_channel() -> None:
    ours, theirs = socket.socketpair()
    recorder = Recorder()
    with ours, theirs:
        async with open_task_group() as group:
            channel = begin_channel(ours, recorder.on_data, recorder.on_end, group)
            channel.take(b"early")
            assert (recorder.data, channel.ended) == (b"early", False)
            channel.take(b"bad")
            assert channel.ended
            assert isinstance(recorder.ends[0], ProtocolError)
            group.cancel_scope.cancel()
