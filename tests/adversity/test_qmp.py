"""QMP with peers that are cut, stalled, garbled or killed, and cancelled at every await."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import monitors
import pytest

from aiovirt._tasks import open_task_group
from aiovirt.clients.qmp import QMPClient, connect_qmp
from aiovirt.errors import ConnectionLost, LimitExceeded, ProtocolError, Unresponsive
from aiovirt.protocols.qmp.commands import QueryStatus, Stop
from aiovirt.streams.unix import UnixListener, UnixStream, connect_unix
from aiovirt.testing.fake_qemu import FakeQemu, run_fake_qemu
from aiovirt.testing.faults import Cut, Fault, Garbage, Hold, Silent, WrongId

pytestmark = pytest.mark.anyio

REPLY_LENGTH = len(b'{"return":{"status":"paused","running":false}}\r\n')
AWAITS = 12


@asynccontextmanager
async def connected() -> AsyncGenerator[tuple[FakeQemu, QMPClient], None]:
    async with run_fake_qemu() as fake, connect_qmp(fake.connect(), name="web1") as qmp:
        yield fake, qmp


async def connect_only(sock: socket.socket, timeout_s: float = 30) -> None:
    async with connect_qmp(sock, name="web1", negotiate_timeout_s=timeout_s, max_message=1000):
        pass


async def connect_to_one_who_says(words: bytes, *, close: bool = False) -> None:
    ours, theirs = socket.socketpair()
    async with UnixStream(theirs) as peer:
        await peer.send(words)
        if close:
            await peer.aclose()
        await connect_only(ours)


@pytest.mark.parametrize("after", range(0, REPLY_LENGTH, 3))
async def test_a_reply_cut_anywhere_is_a_lost_connection(after: int) -> None:
    async with connected() as (fake, qmp):
        fake.script.add("query-status", Cut(after))
        with pytest.raises(ConnectionLost, match=r"web1: .*query-status") as caught:
            await qmp.call(QueryStatus())
        assert caught.value.maybe_done


async def test_a_cut_fails_all_calls_each_with_its_own_error() -> None:
    async with connected() as (fake, qmp), open_task_group() as group:
        hold = Hold()
        fake.script.add("stop", hold)
        fake.script.add("query-status", Cut(3))
        told: list[bool] = []

        async def expect_loss() -> None:
            with pytest.raises(ConnectionLost) as caught:
                await qmp.call(Stop())
            told.append(caught.value.maybe_done)

        for _ in range(12):
            group.start_soon(expect_loss)
        await hold.reached.wait()
        with pytest.raises(ConnectionLost):
            await qmp.execute("query-status", oob=True)
    assert sorted(told) == [False] * 6 + [True] * 6  # 6 were sent, 6 waited for their turn


@pytest.mark.parametrize(
    "fault",
    [
        Garbage(b"Segmentation fault\r\n"),
        Garbage(b"\x00\xff\xfe\r\n"),
        Garbage(b'{"return": {}}'[:-1] + b"\r\n"),
        Garbage(b'{"QMP": {"version": {}}}\r\n'),
        WrongId(),
        WrongId(77),
    ],
)
async def test_a_garbled_reply_is_told_and_ends_the_connection(fault: Fault) -> None:
    async with connected() as (fake, qmp), qmp.events() as events:
        fake.script.add("query-status", fault)
        with pytest.raises(ConnectionLost) as caught:
            await qmp.call(QueryStatus())
        assert isinstance(caught.value.__cause__, ProtocolError)
        with pytest.raises(ConnectionLost):
            await anext(events)
        assert isinstance((await qmp.wait_closed()).error, ProtocolError)


async def test_a_reply_beyond_the_limit_is_refused() -> None:
    async with run_fake_qemu() as fake, connect_qmp(fake.connect(), max_message=500) as qmp:
        with pytest.raises(ConnectionLost) as caught:
            await qmp.execute("echo", text="x" * 500)
        assert isinstance(caught.value.__cause__, LimitExceeded)


async def test_a_server_that_says_nothing_is_told_within_the_bound() -> None:
    ours, theirs = socket.socketpair()
    with theirs, pytest.raises(Unresponsive, match=r"web1: no QMP greeting .* within 0\.05 s"):
        await connect_only(ours, 0.05)


async def test_a_server_that_greets_and_stalls_is_told_within_the_bound() -> None:
    async with run_fake_qemu() as fake:
        fake.script.add("qmp_capabilities", Hold())
        with pytest.raises(Unresponsive, match="negotiation"):
            await connect_only(fake.connect(), 0.05)


async def test_a_listener_that_accepts_nobody_is_told_within_the_bound(tmp_path: Path) -> None:
    path = tmp_path / "monitor.sock"
    async with UnixListener(path, backlog=0):
        with (
            await connect_unix(path),
            pytest.raises(Unresponsive, match=r"monitor\.sock.* within 0\.05 s"),
        ):
            await connect_qmp(path, negotiate_timeout_s=0.05).__aenter__()


async def test_a_schema_that_does_not_come_is_told_within_the_bound() -> None:
    async with run_fake_qemu() as fake:
        fake.script.add("query-qmp-schema", Silent())
        with pytest.raises(Unresponsive, match="schema did not come"):
            async with connect_qmp(fake.connect(), negotiate_timeout_s=0.5, check_schema=True):
                pass


@pytest.mark.parametrize("result", [b"1e999", b'"\xff"'])
async def test_a_result_that_cannot_be_read_is_told_and_the_connection_stays(result: bytes) -> None:
    async with connected() as (fake, qmp):
        for _ in range(2):
            fake.script.add("query-status", Garbage(b'{"return": ' + result + b"}\r\n"))
        with pytest.raises(ProtocolError, match="web1: unexpected result of query-status"):
            await qmp.execute("query-status")
        with pytest.raises(ProtocolError, match="web1: unexpected result of query-status"):
            await qmp.call(QueryStatus())
        assert await qmp.execute("echo") == {}


async def test_another_protocol_is_told() -> None:
    with pytest.raises(ProtocolError, match=r"web1: .*SSH-2\.0"):
        await connect_to_one_who_says(b"SSH-2.0-OpenSSH\r\n")


async def test_a_greeting_without_end_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="longer than 1000 bytes"):
        await connect_to_one_who_says(b"A" * 2000)


async def test_a_server_that_goes_at_once_is_a_lost_connection() -> None:
    with pytest.raises(ConnectionLost, match=r"web1: .* closed by the peer"):
        await connect_to_one_who_says(b"\n", close=True)


async def test_a_greeting_cut_short_is_told() -> None:
    with pytest.raises(ProtocolError, match="inside a message"):
        await connect_to_one_who_says(b'{"QMP": {', close=True)


@pytest.mark.parametrize("moment", range(AWAITS))
async def test_connecting_can_be_cancelled_at_every_await(moment: int) -> None:
    async with run_fake_qemu() as fake, open_task_group() as group:
        group.start_soon(connect_only, fake.connect())
        for _ in range(moment):
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()


@pytest.mark.parametrize("moment", range(AWAITS))
async def test_a_call_can_be_cancelled_at_every_await(moment: int) -> None:
    async with connected() as (_, qmp):
        async with open_task_group() as group:
            group.start_soon(qmp.execute, "echo", {"late": True})
            for _ in range(moment):
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        assert await qmp.execute("echo", {"late": False}) == {"late": False}


async def test_cancelled_calls_do_not_use_up_the_places_in_flight() -> None:
    async with connected() as (fake, qmp):
        for _ in range(30):
            hold = Hold()
            fake.script.add("stop", hold)
            async with open_task_group() as group:
                group.start_soon(qmp.call, Stop())
                await hold.reached.wait()
                group.cancel_scope.cancel()
            hold.until.set()
        assert await qmp.execute("echo") == {}


async def test_places_are_kept_while_replies_are_due_and_waiting_can_be_cancelled() -> None:
    async with connected() as (fake, qmp):
        hold = Hold()
        fake.script.add("stop", hold)
        async with open_task_group() as group:
            for _ in range(30):
                group.start_soon(qmp.call, Stop())
            await hold.reached.wait()
            group.cancel_scope.cancel()
        hold.until.set()
        await qmp.execute("echo")
        assert 1 <= [request.name for request in fake.requests].count("stop") <= 7


@pytest.mark.real
async def test_a_stopped_qemu_holds_up_its_caller_only_as_long_as_the_caller_wants(
    qemu: Path,
) -> None:
    with monitors.machine(qemu, "-machine", "none") as sock:
        async with connect_qmp(sock) as qmp:
            pid = monitors.newest_child()
            os.kill(pid, signal.SIGSTOP)
            with anyio.move_on_after(0.05) as scope:
                await qmp.call(QueryStatus())
            assert scope.cancelled_caught
            os.kill(pid, signal.SIGCONT)
            assert (await qmp.call(QueryStatus())).status == "prelaunch"


@pytest.mark.real
async def test_a_killed_qemu_fails_the_call_and_ends_the_events(qemu: Path) -> None:
    with monitors.machine(qemu, "-machine", "none") as sock:
        async with connect_qmp(sock) as qmp, qmp.events() as events:
            pid = monitors.newest_child()
            os.kill(pid, signal.SIGSTOP)
            async with open_task_group() as group:
                group.start_soon(expect_loss_of, qmp)
                await anyio.wait_all_tasks_blocked()
                os.kill(pid, signal.SIGKILL)
            assert [event async for event in events] == []


async def expect_loss_of(qmp: QMPClient) -> None:
    with pytest.raises(ConnectionLost) as caught:
        await qmp.call(Stop())
    assert caught.value.maybe_done
