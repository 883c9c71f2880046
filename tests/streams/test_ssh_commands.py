"""Commands over a connection to a real OpenSSH server: outputs, input, bounds, their end."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import pytest
from anyio.abc import TaskStatus
from sshds import SSHD, sshd, user

from aiovirt.errors import ConnectionLost, LimitExceeded, ResourceUnavailable
from aiovirt.streams.ssh import SSHConnection, SSHTarget, connect_ssh

pytestmark = [pytest.mark.anyio, pytest.mark.real]

FORCED = 'ForceCommand exec sh -c "$SSH_ORIGINAL_COMMAND"'


@pytest.fixture(scope="module", params=["plain", "forced"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SSHD]:
    """Return a server that takes three sessions; one kind of it lets no client send signals."""
    settings = ["MaxSessions 3"] + [FORCED] * (request.param == "forced")
    with sshd(tmp_path_factory.mktemp("sshd") / "s", *settings) as running:
        yield running


@pytest.fixture
async def ssh(server: SSHD) -> AsyncIterator[SSHConnection]:
    """Return a connection to it."""
    target = SSHTarget(
        "127.0.0.1", server.port, user(), server.key, server.known_hosts, config=Path("/dev/null")
    )
    async with connect_ssh(target, timeout_s=20) as connection:
        yield connection


async def test_outputs_and_status(ssh: SSHConnection) -> None:
    done = await ssh.run("echo out; echo err >&2; exit 3")
    assert (done.status, done.output, done.complaints) == (3, b"out\n", b"err\n")


async def test_input_reaches_the_command_whole(ssh: SSHConnection) -> None:
    data = bytes(range(256)) * 8192
    assert (await ssh.run("cat", data)).output == data


async def test_a_command_without_input_sees_its_end(ssh: SSHConnection) -> None:
    assert (await ssh.run("wc -c")).output.split() == [b"0"]


async def test_a_signal_is_told(ssh: SSHConnection) -> None:
    done = await ssh.run("kill -KILL $$")
    assert (done.status, done.signal) in {(None, "KILL"), (137, None)}


async def test_more_output_than_the_limit(ssh: SSHConnection) -> None:
    with pytest.raises(LimitExceeded):
        await ssh.run("yes", limit=1000)
    assert (await ssh.run("echo on")).output == b"on\n"


async def test_several_at_once(ssh: SSHConnection) -> None:
    found: list[bytes] = []

    async def run(number: int) -> None:
        found.append((await ssh.run(f"echo {number}")).output)

    async with anyio.create_task_group() as tasks:
        for number in range(3):
            tasks.start_soon(run, number)
    assert sorted(found) == [b"0\n", b"1\n", b"2\n"]


async def test_a_task_that_began_elsewhere_uses_it(server: SSHD) -> None:
    target = SSHTarget(
        "127.0.0.1", server.port, user(), server.key, server.known_hosts, config=Path("/dev/null")
    )

    async def connect(*, task_status: TaskStatus[SSHConnection]) -> None:
        async with connect_ssh(target, timeout_s=20) as connection:
            task_status.started(connection)
            await connection.until_lost()

    async with anyio.create_task_group() as tasks:
        connection = await tasks.start(connect)
        assert (await connection.run("echo here")).output == b"here\n"
        tasks.cancel_scope.cancel()


async def test_commands_of_a_connection_that_is_closed_may_have_been_done(server: SSHD) -> None:
    target = SSHTarget(
        "127.0.0.1", server.port, user(), server.key, server.known_hosts, config=Path("/dev/null")
    )
    told: list[bool] = []

    async def run(connection: SSHConnection) -> None:
        with pytest.raises(ConnectionLost) as caught:
            await connection.run("sleep 2")
        told.append(caught.value.maybe_done)

    for _ in range(5):  # which of both ends first is chance
        async with anyio.create_task_group() as tasks, connect_ssh(target, timeout_s=20) as ssh:
            for _ in range(2):
                tasks.start_soon(run, ssh)
            await ssh.run("echo these have begun")
    assert told == [True] * 10


async def test_who_waits_for_a_socket_is_told_that_it_is_closed(server: SSHD) -> None:
    target = SSHTarget(
        "127.0.0.1", server.port, user(), server.key, server.known_hosts, config=Path("/dev/null")
    )
    ends: list[str] = []

    async def wait(sock: socket.socket) -> None:
        with pytest.raises(anyio.ClosedResourceError):
            await anyio.wait_readable(sock)
        ends.append("told")
        with pytest.raises(OSError, match="Bad file descriptor"):
            sock.recv(1)

    for _ in range(5):
        async with anyio.create_task_group() as tasks, connect_ssh(target, timeout_s=20) as ssh:
            tasks.start_soon(wait, await ssh.open_command("echo ready; cat", b"ready\n"))
            await anyio.wait_all_tasks_blocked()
    assert ends == ["told"] * 5


async def test_more_sessions_than_the_server_takes(ssh: SSHConnection, tmp_path: Path) -> None:
    # No session is left in which these could be ended, so they end by themselves: with their input.
    pipe = tmp_path / "input"
    os.mkfifo(pipe)
    handle = os.open(pipe, os.O_RDWR)
    try:
        async with anyio.create_task_group() as tasks:
            for number in range(3):
                tasks.start_soon(ssh.run, f"touch {tmp_path}/{number}; cat {pipe}")
            while len(list(tmp_path.iterdir())) < 4:  # noqa: ASYNC110 - no event tells it
                await anyio.sleep(0.01)
            with pytest.raises(ResourceUnavailable, match="runs no further command"):
                await ssh.run("true")
            tasks.cancel_scope.cancel()
    finally:
        os.close(handle)


async def test_a_cancelled_command_is_ended_on_the_server(
    ssh: SSHConnection, tmp_path: Path
) -> None:
    noted = tmp_path / "pid"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ssh.run, f"sleep 1000 & echo $! > {shlex.quote(str(noted))}; wait")
        while not noted.exists() or not noted.read_text():  # noqa: ASYNC110 - likewise
            await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    state = await ssh.run(f"cat /proc/{noted.read_text().strip()}/stat")
    assert state.status != 0 or b") Z " in state.output


async def test_a_lost_connection_says_that_the_command_may_be_done(
    tmp_path: Path,
) -> None:
    with sshd(tmp_path / "s") as running:
        target = SSHTarget(
            "127.0.0.1",
            running.port,
            user(),
            running.key,
            running.known_hosts,
            config=Path("/dev/null"),
        )
        async with connect_ssh(target, timeout_s=20) as connection:
            with pytest.raises(ConnectionLost) as caught:
                await connection.run("kill -KILL $PPID")
            assert caught.value.maybe_done
            await connection.until_lost()
            with pytest.raises(ConnectionLost) as caught:
                await connection.run("true")
            assert not caught.value.maybe_done
