"""A process in a scope: streams, waiting, the ladder of signals, cancellation, nothing left."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from spawning import shell

from aiovirt.processes import Command, ExitStatus, Process, Stdio, open_process, run

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("engine")]

SLEEP = Command.of("sleep", "1000")
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 1000; done"


async def _line(process: Process) -> bytes:
    assert process.stdout is not None
    return await process.stdout.receive()


def _alive(pid: int) -> bool:
    """Whether a process runs; the first process may not have reaped it yet when it is a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


async def test_a_conversation() -> None:
    async with open_process(Command("cat"), stdin=Stdio.PIPE, stdout=Stdio.PIPE) as cat:
        assert cat.stdin is not None
        for word in (b"one", b"two"):
            await cat.stdin.send(word)
            assert await _line(cat) == word
        await cat.stdin.aclose()
        assert await cat.wait() == ExitStatus(0)


async def test_the_end_of_output_is_the_end_of_the_stream() -> None:
    async with open_process(Command.of("echo", "x"), stdout=Stdio.PIPE) as echo:
        assert await _line(echo) == b"x\n"
        with pytest.raises(anyio.EndOfStream):
            await _line(echo)


async def test_writing_to_a_program_that_has_ended_breaks() -> None:
    async with open_process(Command("true"), stdin=Stdio.PIPE) as process:
        await process.wait()
        assert process.stdin is not None
        with pytest.raises(anyio.BrokenResourceError):
            await process.stdin.send(b"x")


async def test_leaving_the_scope_ends_the_program() -> None:
    async with open_process(SLEEP) as process:
        assert _alive(process.pid)
    assert process.exit == ExitStatus(signal=signal.SIGTERM)
    assert not _alive(process.pid)


async def test_a_stubborn_program_is_killed() -> None:
    async with open_process(shell(STUBBORN), stdout=Stdio.PIPE, grace_s=0.05) as process:
        await _line(process)
    assert process.exit == ExitStatus(signal=signal.SIGKILL)


async def test_a_stopped_program_is_ended_too() -> None:
    async with open_process(SLEEP) as process:
        process.send_signal(signal.SIGSTOP)
    assert process.exit == ExitStatus(signal=signal.SIGTERM)


async def test_ending_reaches_the_whole_group() -> None:
    script = shell(f"( {STUBBORN} ) & sleep 1000")
    async with open_process(script, stdout=Stdio.PIPE, grace_s=0.05) as process:
        await _line(process)
        assert process.stdout is not None
        group = process.stdout
        await process.terminate(0.05)
        with pytest.raises(anyio.EndOfStream):  # the last holder of the pipe is gone
            await group.receive()


async def test_ending_reaches_the_whole_group_while_others_wait() -> None:
    script = shell(f"( {STUBBORN} ) & wait")
    async with open_process(script, stdout=Stdio.PIPE) as process:
        await _line(process)
        async with anyio.create_task_group() as group:
            group.start_soon(process.wait)
            group.start_soon(process.terminate)
            group.start_soon(process.wait)
        assert process.stdout is not None
        with pytest.raises(anyio.EndOfStream):  # whoever reaped, the last holder is gone
            await process.stdout.receive()


async def test_a_signal_of_ones_own() -> None:
    async with open_process(SLEEP) as process:
        process.send_signal(signal.SIGUSR1)
        assert await process.wait() == ExitStatus(signal=signal.SIGUSR1)


async def test_signals_to_the_dead_are_no_error() -> None:
    async with open_process(Command("true")) as process:
        await process.wait()
        process.send_signal(signal.SIGTERM)
        assert await process.terminate() == ExitStatus(0)


async def test_many_tasks_may_wait() -> None:
    ends = []

    async def wait(process: Process) -> None:
        ends.append(await process.wait())

    async with open_process(Command("cat"), stdin=Stdio.PIPE) as process:
        assert process.stdin is not None
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(wait, process)
            await anyio.lowlevel.checkpoint()
            await process.stdin.aclose()
    assert ends == [ExitStatus(0)] * 5


async def test_a_cancelled_wait_leaves_the_program() -> None:
    async with open_process(SLEEP) as process:
        with anyio.move_on_after(0):
            await process.wait()
        assert _alive(process.pid)


async def test_an_error_in_the_scope_leaves_as_itself() -> None:
    pids = []

    async def fail() -> None:
        async with open_process(SLEEP) as process:
            pids.append(process.pid)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert not _alive(pids[0])


@pytest.mark.parametrize("turns", range(12))
async def test_run_may_be_cancelled_anywhere(turns: int) -> None:
    """The fixtures of all tests see a child or a descriptor that was left."""
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: run(shell("cat; sleep 1000"), input=bytes(1 << 20), grace_s=0))
        for _ in range(turns):
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()


@pytest.mark.parametrize("turns", range(12))
async def test_a_start_with_a_handshake_may_be_cancelled_anywhere(turns: int) -> None:
    async def start() -> None:
        async with open_process(SLEEP, handshake=lambda _pid: anyio.lowlevel.checkpoint()):
            await anyio.sleep_forever()

    async with anyio.create_task_group() as group:
        group.start_soon(start)
        for _ in range(turns):
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()


async def test_a_deadline_ends_a_run() -> None:
    with pytest.raises(TimeoutError), anyio.fail_after(0.05):
        await run(SLEEP)


async def test_many_at_once() -> None:
    statuses: list[int | None] = []

    async def one(status: int) -> None:
        statuses.append((await run(shell(f"exit {status}"), check=False)).status)

    async with anyio.create_task_group() as group:
        for status in range(30):
            group.start_soon(one, status)
    assert set(statuses) == set(range(30))


async def test_no_handler_of_ours_stands_for_sigchld() -> None:
    before = signal.getsignal(signal.SIGCHLD)
    await run(Command("true"))
    assert signal.getsignal(signal.SIGCHLD) == before


async def test_reading_from_two_tasks_is_refused() -> None:
    cat = open_process(Command("cat"), stdin=Stdio.PIPE, stdout=Stdio.PIPE)
    async with cat as process, anyio.create_task_group() as group:
        group.start_soon(_line, process)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(anyio.BusyResourceError):
            await _line(process)
        group.cancel_scope.cancel()


async def test_closing_wakes_the_reader() -> None:
    async def read(process: Process) -> None:
        with pytest.raises(anyio.ClosedResourceError):
            await _line(process)

    cat = open_process(Command("cat"), stdin=Stdio.PIPE, stdout=Stdio.PIPE)
    async with cat as process, anyio.create_task_group() as group:
        group.start_soon(read, process)
        await anyio.wait_all_tasks_blocked()
        assert process.stdout is not None
        await process.stdout.aclose()


async def test_a_child_that_somebody_else_reaped_has_no_status() -> None:
    async with open_process(SLEEP) as process:
        process.send_signal(signal.SIGKILL)
        await anyio.to_thread.run_sync(os.waitpid, process.pid, 0)
        assert await process.wait() == ExitStatus()
