"""Programs and files by the real guest agent, which also runs outside of a guest."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import anyio
import monitors
import pytest

from aiovirt.clients.guest_agent import connect_guest_agent
from aiovirt.errors import (
    CallerError,
    Closed,
    GuestAgentError,
    LimitExceeded,
)
from aiovirt.objects import _guest_files, _guest_process
from aiovirt.objects._guest_files import Ask, get_file, put_file, read_file, write_file
from aiovirt.objects._guest_process import open_process, run

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.fixture
async def ask(
    qemu_ga: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Ask, None]:
    """Return what asks an agent whose guest is this machine."""
    monkeypatch.setattr(_guest_process, "_PLACE", f"{tmp_path}/guest-")
    with monitors.guest_agent(qemu_ga, tmp_path) as path:
        async with connect_guest_agent(await monitors.listening(path)) as client:

            async def asked(command: str, arguments: Mapping[str, object]) -> object:
                return await client.execute(command, arguments)

            yield asked


async def gone(pid: int) -> bool:
    """Wait until a process has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        with anyio.fail_after(10):
            await anyio.wait_readable(descriptor)
    finally:
        os.close(descriptor)
    return True


async def test_a_program_is_run_to_its_end(ask: Ask) -> None:
    script = "cat; echo $WORD >&2; exit 3"
    ended = await run(ask, ["/bin/sh", "-c", script], stdin=b"in\0", env={"WORD": "err"})
    assert (ended.status, ended.signal, ended.ok) == (3, None, False)
    assert (ended.stdout, ended.stderr, ended.truncated) == (b"in\0", b"err\n", False)


async def test_a_program_that_is_killed_or_is_not_there(ask: Ask) -> None:
    ended = await run(ask, ["/bin/sh", "-c", "kill -TERM $$"])
    assert (ended.status, ended.signal) == (None, 15)
    with pytest.raises(GuestAgentError, match="No such file"):
        await run(ask, ["/nowhere"])
    with pytest.raises(CallerError):
        await run(ask, [])
    with pytest.raises(CallerError, match="too many"):
        await run(ask, ["/bin/cat"], stdin=bytes(_guest_process.MAX_INPUT + 1))


async def test_a_program_that_is_given_up_is_killed(ask: Ask, tmp_path: Path) -> None:
    told = tmp_path / "told"
    os.mkfifo(told)
    reader = os.open(told, os.O_RDONLY | os.O_NONBLOCK)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run, ask, ["/bin/sh", "-c", f"echo $$ >{told}; exec sleep 600"])
        await anyio.wait_readable(reader)
        tasks.cancel_scope.cancel()
    assert await gone(int(os.read(reader, 100)))
    os.close(reader)


async def test_the_streams_of_a_program_are_followed_while_it_runs(
    ask: Ask, tmp_path: Path
) -> None:
    script = "read one; echo got $one; echo bad >&2; read two; echo and $two; cat; exit 4"
    async with open_process(ask, ["/bin/sh", "-c", script]) as process:
        await process.stdin.send(b"1\n")
        assert await anext(process.stdout) == b"got 1\n"
        assert await process.look() is None
        await process.stdin.send(b"2\nrest")
        await process.stdin.aclose()
        assert await process.stdout.read() == b"and 2\nrest"
        assert await process.stderr.read() == b"bad\n"
        assert (await process.wait()).status == 4
        with pytest.raises(Closed):
            await process.stdin.send(b"more")
    assert list(tmp_path.glob("guest-*")) == []


async def test_a_signal_reaches_all_that_a_program_has_started(ask: Ask) -> None:
    script = "trap 'exit 5' TERM; sh -c 'echo $$; exec sleep 600' & wait"
    async with open_process(ask, ["/bin/sh", "-c", script]) as process:
        child = int(await anext(process.stdout))
        await process.send_signal("TERM")
        assert (await process.wait()).status == 5
        assert await gone(child)


async def test_at_the_end_of_the_block_nothing_of_a_program_is_left(
    ask: Ask, tmp_path: Path
) -> None:
    started: list[int] = []
    with anyio.CancelScope() as scope:
        async with open_process(ask, ["/bin/sh", "-c", "sleep 600 & echo $!; wait"]) as process:
            started += [process.pid, int(await anext(process.stdout))]
            scope.cancel()
            await process.wait()
    assert len(started) == 2
    for pid in started:
        assert await gone(pid)
    assert list(tmp_path.glob("guest-*")) == []


async def test_files_come_and_go_whole(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_guest_files, "CHUNK", 4000)
    data, told = os.urandom(10_000), list[tuple[int, int]]()
    (tmp_path / "here").write_bytes(data)
    there, back = str(tmp_path / "there"), tmp_path / "back"
    tell = lambda done, total: told.append((done, total))  # noqa: E731
    assert await put_file(ask, tmp_path / "here", there, tell) == 10_000
    assert await get_file(ask, there, back, tell) == 10_000
    assert back.read_bytes() == data
    assert told[0] == told[-1] == (10_000, 10_000)
    with pytest.raises(GuestAgentError, match="No such file"):
        await get_file(ask, there + "2", back, None)
    assert back.read_bytes() == data


async def test_small_files_are_read_and_written(ask: Ask, tmp_path: Path) -> None:
    path = str(tmp_path / "small")
    await write_file(ask, path, b"one", append=False)
    await write_file(ask, path, b"two", append=True)
    assert await read_file(ask, path, 6) == b"onetwo"
    with pytest.raises(LimitExceeded):
        await read_file(ask, path, 5)
    assert await read_file(ask, "/proc/self/status", 1 << 20)  # its length is told as 0
