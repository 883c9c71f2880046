"""Programs that outlive us: no child of ours, held by a pidfd, adopted by identity."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
import leaks
import pytest
from spawning import report_of, reporter, shell

from aiovirt.errors import (
    Closed,
    ConfigError,
    ExecutableNotFound,
    PermissionDenied,
    ResourceUnavailable,
    SpawnSetupError,
)
from aiovirt.processes import (
    Command,
    DaemonProcess,
    OutputFile,
    Result,
    Secret,
    Stdio,
    adopt,
    adopt_pidfile,
    boot_id,
    start_daemon,
)
from aiovirt.processes._stdio import Target

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("engine")]

SLEEP = Command.of("sleep", "1000")


@asynccontextmanager
async def running(
    command: Command = SLEEP, stdout: Target = Stdio.NULL
) -> AsyncIterator[DaemonProcess]:
    """Start a daemon that a test ends."""
    async with await start_daemon(command, stdout=stdout) as daemon:
        try:
            yield daemon
        finally:
            with anyio.CancelScope(shield=True):
                await daemon.terminate(0)


async def test_it_is_no_child_of_ours() -> None:
    before = leaks.children()
    async with running() as daemon:
        assert leaks.children() == before
        assert daemon.running


async def test_its_session_and_directory_are_its_own(tmp_path: Path) -> None:
    out = tmp_path / "out"
    async with running(reporter(), stdout=out) as daemon:
        await daemon.wait_exit()
        told = report_of(Result(0, stdout=out.read_bytes()))
        assert told["pid"] == daemon.pid == told["pgid"]
        assert told["sid"] not in (os.getsid(0), told["pid"])
        assert (told["cwd"], told["fds"]) == ("/", [0, 1, 2])


async def test_a_directory_may_be_chosen(tmp_path: Path) -> None:
    async with running(Command("pwd", cwd=tmp_path), stdout=tmp_path / "out") as daemon:
        await daemon.wait_exit()
    assert (tmp_path / "out").read_text() == f"{tmp_path}\n"


async def test_a_secret_reaches_it(tmp_path: Path) -> None:
    data = bytes(range(250)) * 40
    async with running(shell('cat "$1"', Secret(data)), stdout=tmp_path / "out") as daemon:
        await daemon.wait_exit()
    assert (tmp_path / "out").read_bytes() == data


async def test_its_log_may_be_appended(tmp_path: Path) -> None:
    log = OutputFile(tmp_path / "log", append=True)
    for word in ("one", "two"):
        daemon = await start_daemon(shell(f"echo {word} >&2"), stdout=log, stderr=Stdio.STDOUT)
        async with daemon:
            await daemon.wait_exit()
    assert log.path.read_text() == "one\ntwo\n"


async def test_terminate_ends_it() -> None:
    async with await start_daemon(SLEEP) as daemon:
        await daemon.terminate()
        assert not daemon.running


async def test_terminate_insists(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    script = shell('trap "" TERM; echo >"$1"; while :; do sleep 1000; done', ready)
    async with await start_daemon(script) as daemon:
        await anyio.to_thread.run_sync(ready.read_bytes)
        os.killpg(daemon.pid, signal.SIGSTOP)
        await daemon.terminate(0.05)
        with suppress(ProcessLookupError):
            os.killpg(daemon.pid, signal.SIGKILL)
        assert not daemon.running


async def test_many_tasks_may_wait_for_its_end() -> None:
    async with await start_daemon(SLEEP) as daemon, anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(daemon.wait_exit)
        await anyio.wait_all_tasks_blocked()
        daemon.send_signal(signal.SIGTERM)


async def test_letting_go_leaves_it_running() -> None:
    async with running() as daemon:
        again = adopt(daemon.pid, daemon.start_time)
        assert again is not None
        await again.aclose()
        assert daemon.running
        with pytest.raises(Closed):
            await again.wait_exit()


async def test_letting_go_wakes_who_waits() -> None:
    async def wait(held: DaemonProcess) -> None:
        with pytest.raises(Closed):
            await held.wait_exit()

    async with running() as daemon:
        again = adopt(daemon.pid, daemon.start_time)
        assert again is not None
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(wait, again)
            await anyio.wait_all_tasks_blocked()
            await again.aclose()


async def test_only_the_same_process_is_adopted() -> None:
    async with running() as daemon:
        assert adopt(daemon.pid, daemon.start_time + 1) is None
        assert adopt(daemon.pid, daemon.start_time, "another boot") is None
        again = adopt(daemon.pid, daemon.start_time, boot_id())
        assert again is not None
        await again.aclose()


async def test_the_dead_are_not_adopted() -> None:
    async with await start_daemon(SLEEP) as daemon:
        await daemon.terminate(0)
    assert adopt(daemon.pid, daemon.start_time) is None


async def test_a_pidfile_names_and_is_locked_by_the_program(tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    pidfile.write_text("what an earlier run left, longer than a pid\n")
    async with running(Command("sleep", ("1000",), pidfile=pidfile)) as daemon:
        assert pidfile.read_text() == f"{daemon.pid}\n"
        with pidfile.open("r+") as file, pytest.raises(OSError, match="unavailable"):
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


async def test_a_pidfile_admits_one(tmp_path: Path) -> None:
    command = Command("sleep", ("1000",), pidfile=tmp_path / "pid")
    async with running(command) as daemon:
        with pytest.raises(SpawnSetupError, match="pidfile") as caught:
            await start_daemon(command)
        assert "holds" in str(caught.value.hint)
        assert (tmp_path / "pid").read_text() == f"{daemon.pid}\n"


async def test_of_many_at_once_a_pidfile_admits_one(tmp_path: Path) -> None:
    command = Command("sleep", ("1000",), pidfile=tmp_path / "pid")
    started: list[DaemonProcess] = []

    async def try_it() -> None:
        try:
            started.append(await start_daemon(command))
        except SpawnSetupError:
            return

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(try_it)
    (winner,) = started
    assert (tmp_path / "pid").read_text() == f"{winner.pid}\n"
    async with winner:
        await winner.terminate(0)


async def test_the_holder_of_a_pidfile_is_adopted(tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    async with running(Command("sleep", ("1000",), pidfile=pidfile)) as daemon:
        again = adopt_pidfile(pidfile)
        assert again is not None
        async with again:
            assert (again.pid, again.start_time) == (daemon.pid, daemon.start_time)


async def test_a_pidfile_without_holder_adopts_nobody(tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    assert adopt_pidfile(pidfile) is None
    pidfile.write_text(f"{os.getpid()}\n")  # what is written is not believed
    assert adopt_pidfile(pidfile) is None


async def test_a_pidfile_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises((ResourceUnavailable, PermissionDenied), match="none/pid"):
        await start_daemon(Command("sleep", ("1",), pidfile=tmp_path / "none" / "pid"))


async def test_a_pidfile_may_not_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(ResourceUnavailable, match="link"):
        await start_daemon(Command("sleep", ("1",), pidfile=tmp_path / "link"))


async def test_failures_are_told_as_for_a_child() -> None:
    with pytest.raises(ExecutableNotFound):
        await start_daemon(Command("/nonexistent/program"))
    with pytest.raises(SpawnSetupError, match="cwd"):
        await start_daemon(Command("true", cwd="/nonexistent"))


async def test_it_has_no_parent_to_die_with() -> None:
    with pytest.raises(ConfigError, match="death_signal"):
        await start_daemon(Command("true", death_signal=signal.SIGKILL))


async def test_it_gets_no_pipe() -> None:
    with pytest.raises(ConfigError, match="pipe"):
        await start_daemon(SLEEP, stdout=Stdio.PIPE)


@pytest.mark.parametrize("turns", range(8))
async def test_a_start_may_be_cancelled_anywhere(turns: int, tmp_path: Path) -> None:
    """Either it was not started, or the caller has it: nobody holds the pidfile's lock after."""
    pidfile = tmp_path / "pid"
    async with anyio.create_task_group() as group:

        async def start() -> None:
            async with running(Command("sleep", ("1000",), pidfile=pidfile)):
                await anyio.sleep_forever()

        group.start_soon(start)
        for _ in range(turns):
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert adopt_pidfile(pidfile) is None
