"""The guest agent's client against a fake agent."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from aiovirt._tasks import open_task_group
from aiovirt.clients.guest_agent import GuestAgentClient, connect_guest_agent
from aiovirt.errors import (
    CallerError,
    Closed,
    ConnectionLost,
    GuestAgentError,
    NotFound,
    ProtocolError,
    Unresponsive,
)
from aiovirt.testing.fake_agent import FakeAgent, run_fake_agent
from aiovirt.testing.faults import Cut, Garbage, Hold, Refuse, Silent

pytestmark = pytest.mark.anyio

SYNC = "guest-sync-delimited"


@asynccontextmanager
async def connected(
    stale: bytes = b"", *, sync_timeout_s: float = 5
) -> AsyncGenerator[tuple[FakeAgent, GuestAgentClient], None]:
    async with (
        run_fake_agent(stale) as (fake, sock),
        connect_guest_agent(sock, name="web1", sync_timeout_s=sync_timeout_s) as agent,
    ):
        yield fake, agent


async def test_a_command_is_answered() -> None:
    async with connected() as (_, agent):
        assert await agent.execute("guest-get-host-name") == {"host-name": "fake"}


async def test_what_a_former_client_left_is_dropped() -> None:
    async with connected(b'{"return": {"host-name": "old"}}\n{"ret') as (_, agent):
        assert await agent.execute("guest-get-host-name") == {"host-name": "fake"}


async def test_one_sync_serves_many_commands() -> None:
    async with connected() as (fake, agent):
        await agent.execute("guest-ping")
        await agent.execute("guest-ping")
        names = [request.name for request in fake.requests]
        assert names == [SYNC, "guest-ping", "guest-ping"]


async def test_keywords_become_arguments() -> None:
    async with connected() as (_, agent):
        assert await agent.execute("echo", {"a": 1}, buf_b64="eA==") == {"a": 1, "buf-b64": "eA=="}


async def test_an_agents_error_keeps_its_words() -> None:
    async with connected() as (fake, agent):
        fake.script.add("guest-ping", Refuse("GenericError", "frozen"))
        with pytest.raises(GuestAgentError, match="guest-ping: frozen") as caught:
            await agent.execute("guest-ping")
        assert caught.value.error_class == "GenericError"
        assert await agent.execute("guest-ping") == {}


async def test_an_agent_that_does_not_run_is_told_within_the_bound() -> None:
    async with connected(sync_timeout_s=0.01) as (fake, agent):
        fake.script.add(SYNC, Silent())
        with pytest.raises(Unresponsive, match=r"web1: the guest agent does not answer") as caught:
            await agent.execute("guest-ping")
        assert "qemu-guest-agent" in str(caught.value.hint)


async def test_an_agent_that_comes_back_is_used_again() -> None:
    async with connected() as (fake, agent):
        silent = Silent()
        fake.script.add(SYNC, silent)
        async with open_task_group() as group:
            group.start_soon(agent.sync)
            await silent.reached.wait()
            group.cancel_scope.cancel()
        assert await agent.execute("guest-ping") == {}


async def test_a_command_past_its_bound_is_given_up_and_its_late_reply_dropped() -> None:
    async with connected() as (fake, agent):
        hold = Hold()
        fake.script.add("echo", hold)
        with pytest.raises(Unresponsive, match=r"no answer to echo within 0\.01 s"):
            await agent.execute("echo", {"late": True}, timeout_s=0.01)
        hold.until.set()
        assert await agent.execute("echo", {"late": False}) == {"late": False}


async def test_a_cancelled_command_leaves_the_line_good() -> None:
    async with connected() as (fake, agent):
        hold = Hold()
        fake.script.add("echo", hold)
        async with open_task_group() as group:
            group.start_soon(agent.execute, "echo", {"late": True})
            await hold.reached.wait()
            group.cancel_scope.cancel()
        hold.until.set()
        assert await agent.execute("echo", {"late": False}) == {"late": False}


async def test_calls_of_many_tasks_queue() -> None:
    async with connected() as (_, agent), open_task_group() as group:

        async def ask(number: int) -> None:
            assert await agent.execute("echo", number=number) == {"number": number}

        for number in range(20):
            group.start_soon(ask, number)


async def test_a_command_without_an_answer_is_not_waited_for() -> None:
    async with connected() as (fake, agent):
        silent = Silent()
        fake.script.add("guest-shutdown", silent)
        await agent.notify("guest-shutdown", mode="powerdown")
        await silent.reached.wait()
        assert fake.requests[-1].arguments == {"mode": "powerdown"}
        assert await agent.execute("guest-ping") == {}


async def test_arguments_that_are_no_json_are_the_callers_fault() -> None:
    async with connected() as (_, agent):
        with pytest.raises(CallerError, match="echo"):
            await agent.execute("echo", x=object())
        assert await agent.execute("guest-ping") == {}


async def test_the_end_of_the_line_tells_that_it_may_be_done() -> None:
    async with connected() as (fake, agent):
        fake.script.add("echo", Cut(5))
        with pytest.raises(ConnectionLost, match="web1") as caught:
            await agent.execute("echo")
        assert caught.value.maybe_done
        with pytest.raises(ConnectionLost) as again:
            await agent.execute("echo")
        assert not again.value.maybe_done


async def test_a_line_that_ends_in_the_sync_tells_that_nothing_was_done() -> None:
    async with connected() as (fake, agent):
        fake.script.add(SYNC, Cut(0))
        with pytest.raises(ConnectionLost, match="guest-shutdown") as caught:
            await agent.execute("guest-shutdown")
        assert not caught.value.maybe_done


async def test_a_line_that_takes_nothing_more_has_ended() -> None:
    async with run_fake_agent() as (_, sock), connect_guest_agent(sock, name="web1") as agent:
        await agent.sync()
        sock.shutdown(socket.SHUT_WR)
        for verb in (agent.notify, agent.execute):
            with pytest.raises(ConnectionLost, match="guest-shutdown") as caught:
                await verb("guest-shutdown")
            assert not caught.value.maybe_done


@pytest.mark.parametrize("result", [b"1e999", b'"\xfe"'])
async def test_a_result_that_cannot_be_read_is_told_and_the_line_stays(result: bytes) -> None:
    async with connected() as (fake, agent):
        fake.script.add("echo", Garbage(b'{"return": ' + result + b"}\n"))
        with pytest.raises(ProtocolError, match="web1: unexpected result of echo"):
            await agent.execute("echo")
        assert await agent.execute("guest-ping") == {}


async def test_garbage_ends_the_line() -> None:
    async with connected() as (fake, agent):
        fake.script.add("echo", Garbage(b"login: \n"))
        with pytest.raises(ConnectionLost, match="no QMP message"):
            await agent.execute("echo")


async def test_after_the_block_the_client_is_closed() -> None:
    async with connected() as (_, agent):
        pass
    with pytest.raises(Closed):
        await agent.execute("guest-ping")


async def test_a_missing_socket_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"agent\.sock"):
        async with connect_guest_agent(tmp_path / "agent.sock"):
            pass


async def test_a_call_that_is_cancelled_before_it_begins_sends_nothing() -> None:
    async with connected() as (fake, agent):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await agent.execute("guest-shutdown")
        await agent.execute("guest-ping")
        assert "guest-shutdown" not in [request.name for request in fake.requests]
