"""Recording commands in place of running them."""

from __future__ import annotations

import signal
from pathlib import Path

import anyio
import pytest

from aiovirt.errors import ProcessFailed
from aiovirt.processes import (
    Command,
    DryRun,
    ExitStatus,
    Recorded,
    Result,
    Stdio,
    open_process,
    run,
    start_daemon,
)

pytestmark = pytest.mark.anyio

FORMAT = Command.of("mkfs", "/dev/sda")


async def test_nothing_runs_and_all_is_recorded(tmp_path: Path) -> None:
    touch = Command.of("touch", tmp_path / "it ran")
    with DryRun() as dry:
        assert await run(touch, input=b"text") == Result(0)
    assert dry.recorded == [Recorded(touch, b"text")]
    assert not (tmp_path / "it ran").exists()


async def test_a_file_as_input_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"content")
    with DryRun() as dry:
        await run(FORMAT, input=tmp_path / "in")
    assert dry.recorded[0].input == b"content"


async def test_answers_may_be_given() -> None:
    async def answer(recorded: Recorded) -> Result:
        return Result(1, stderr=b"no: " + recorded.command.render().encode())

    with DryRun(answer), pytest.raises(ProcessFailed, match="no: mkfs /dev/sda"):
        await run(FORMAT)


async def test_tasks_started_within_are_recorded_too() -> None:
    with DryRun() as dry:
        async with anyio.create_task_group() as group:
            group.start_soon(run, FORMAT)
    assert [recorded.command for recorded in dry.recorded] == [FORMAT]


async def test_after_it_programs_run_again() -> None:
    with DryRun():
        pass
    assert (await run(Command.of("echo", "x"))).stdout == b"x\n"


async def answered(_recorded: Recorded) -> Result:
    return Result(3, stdout=b"out", stderr=b"err")


async def test_a_process_in_a_scope_has_given_its_answer() -> None:
    with DryRun(answered) as dry:
        async with open_process(FORMAT, stdout=Stdio.PIPE, stderr=Stdio.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            said = await process.stdout.receive(), await process.stderr.receive()
            assert (said, await process.wait()) == ((b"out", b"err"), ExitStatus(3))
    assert dry.recorded == [Recorded(FORMAT, b"")]


async def test_a_process_in_a_scope_has_ended() -> None:
    with DryRun():
        async with open_process(FORMAT, stdin=Stdio.PIPE) as process:
            process.send_signal(signal.SIGTERM)
            assert await process.terminate() == ExitStatus(0)
            assert process.stdin is not None
            with pytest.raises(anyio.BrokenResourceError):
                await process.stdin.send(b"y")


async def test_a_daemon_has_ended() -> None:
    with DryRun() as dry:
        async with await start_daemon(FORMAT) as daemon:
            await daemon.terminate()
            await daemon.wait_exit()
            assert not daemon.running
    assert dry.recorded == [Recorded(FORMAT, b"")]
