"""What the kernel, or somebody else, does not let happen: an error of ours, and nothing left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from spawning import new_cgroup, root_only

from aiovirt.errors import (
    AiovirtError,
    ConfigError,
    ExecutableNotFound,
    ProcessFailed,
    ResourceUnavailable,
    SpawnSetupError,
)
from aiovirt.processes import Command, ExitStatus, Stdio, adopt, open_process, run, start_daemon

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("engine")]

one_loop = pytest.mark.parametrize("anyio_backend", ["asyncio"])
"""Where the test's own runner of trio would need a thread or a descriptor that there is not."""

TRUE, SLEEP = Command("true"), Command.of("sleep", "1000")


async def _agree(_pid: int) -> None:
    await anyio.lowlevel.checkpoint()


# --- no process ---------------------------------------------------------------------------------


@contextlib.contextmanager
def _few_processes(most: int) -> Iterator[None]:
    """Let us and our children be so many at most."""
    cgroup = new_cgroup("pids")
    home = Path("/proc/self/cgroup").read_text().split(":pids:")[1].split()[0]
    (cgroup / "cgroup.procs").write_text(str(os.getpid()))
    try:
        (cgroup / "pids.max").write_text(str(most + threading.active_count() - 1))
        yield
    finally:
        (cgroup.parent / home.lstrip("/") / "cgroup.procs").write_text(str(os.getpid()))
        cgroup.rmdir()


async def _with_handshake() -> None:
    async with open_process(TRUE, handshake=_agree) as process:
        await process.wait()


async def _daemon() -> None:
    async with await start_daemon(SLEEP) as daemon:
        await daemon.terminate()


@root_only
@one_loop
@pytest.mark.parametrize("most", [1, 2])
async def test_too_many_processes(most: int) -> None:
    """With two there is one child, but not the second one that a daemon takes."""
    for start in (_with_handshake, _daemon):
        with contextlib.suppress(SpawnSetupError), _few_processes(most):
            await start()
    with pytest.raises(SpawnSetupError, match="fork: Resource temporarily"), _few_processes(1):
        await run(TRUE)


@root_only
async def test_a_cgroup_that_takes_no_process_is_named() -> None:
    outer = new_cgroup("unified")
    inner = outer / "inner"
    inner.mkdir()
    try:
        (inner / "cgroup.type").write_text("threaded")
        sibling = outer / "invalid"
        sibling.mkdir()  # "domain invalid", since its parent has become the root of a threaded tree
        for start in (run, start_daemon):
            with pytest.raises(SpawnSetupError, match=f"cgroup {sibling}"):
                await start(Command("true", cgroup=(sibling,)))
    finally:
        for path in (outer / "invalid", inner, outer):
            with contextlib.suppress(FileNotFoundError):
                path.rmdir()


# --- no descriptor ------------------------------------------------------------------------------


@contextlib.contextmanager
def _few_descriptors(free: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    probe = os.open("/dev/null", os.O_RDONLY)
    os.close(probe)
    resource.setrlimit(resource.RLIMIT_NOFILE, (probe + free, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@one_loop
@pytest.mark.parametrize("free", range(8))
async def test_no_descriptor_is_left(free: int) -> None:
    for start in (lambda: run(TRUE), _with_handshake, _daemon):
        with contextlib.suppress(AiovirtError), _few_descriptors(free):
            await start()
    with pytest.raises(ResourceUnavailable, match="true could not be started"), _few_descriptors(1):
        await run(TRUE)


async def test_closed_standard_streams_and_a_handshake() -> None:
    kept = [os.dup(fd) for fd in range(3)]
    try:
        os.closerange(0, 3)
        async with open_process(TRUE, handshake=_agree) as process:
            status = await process.wait()
    finally:
        for fd, copy in enumerate(kept):
            os.dup2(copy, fd)
            os.close(copy)
    assert status == ExitStatus(0)


# --- nobody who behaves -------------------------------------------------------------------------


async def test_a_child_killed_in_its_handshake() -> None:
    async def kill(pid: int) -> None:
        pidfd = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        await anyio.wait_readable(pidfd)
        os.close(pidfd)

    with pytest.raises(SpawnSetupError, match="handshake") as caught:
        async with open_process(SLEEP, handshake=kill):
            pass
    assert caught.value.phase == "handshake"


LEAVES = """
import os, time
os.setpgid(0, os.getpgid(os.getppid()))
print(flush=True)
time.sleep(1000)
"""


async def test_a_program_that_left_its_group_is_ended_too() -> None:
    async with open_process(Command("python3", ("-c", LEAVES)), stdout=Stdio.PIPE) as process:
        assert process.stdout is not None
        await process.stdout.receive()
    assert process.exit == ExitStatus(signal=signal.SIGTERM)


@pytest.fixture
def ignored_children() -> Iterator[None]:
    """Let the kernel reap our children, as some hosts of ours do."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGCHLD, before)


@pytest.mark.usefixtures("ignored_children")
async def test_a_lost_status_is_no_success() -> None:
    with pytest.raises(ProcessFailed, match="unknown status") as caught:
        await run(Command("false"))
    assert "SIGCHLD" in str(caught.value.hint)


@pytest.mark.usefixtures("ignored_children")
async def test_a_daemon_is_held_where_nobody_reaps() -> None:
    async with await start_daemon(SLEEP) as daemon:
        assert daemon.running
        await daemon.terminate()
        assert not daemon.running


async def test_a_thread_is_not_adopted() -> None:
    told: list[int] = []
    done = threading.Event()

    def work() -> None:
        told.append(threading.get_native_id())
        done.wait()

    thread = threading.Thread(target=work)
    thread.start()
    while not told:
        await anyio.lowlevel.checkpoint()
    try:
        assert adopt(told[0], 0) is None
    finally:
        done.set()
        thread.join()


@pytest.mark.asyncio
@one_loop
@pytest.mark.parametrize("cancels", [1, 2, 4])
async def test_asyncios_own_cancel_leaves_no_zombie(cancels: int) -> None:
    """It gets through anyio's shields."""
    ready, told = os.pipe()
    script = f'trap "" TERM; echo >/proc/self/fd/{told}; while :; do sleep 1000; done'
    command = Command("/bin/sh", ("-c", script), pass_fds=(told,))
    task = asyncio.create_task(run(command, grace_s=0.1))
    await anyio.wait_readable(ready)
    for _ in range(cancels):
        task.cancel()
        await asyncio.sleep(0.02)
    with pytest.raises(asyncio.CancelledError):
        await task
    os.close(ready)
    os.close(told)


# --- what cannot be meant -----------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["input", "stdout"])
async def test_a_fifo_is_not_waited_for(tmp_path: Path, mode: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    settings: dict[str, Any] = {mode: tmp_path / "fifo"}
    with pytest.raises(ResourceUnavailable, match="fifo") as caught:
        await run(Command("cat"), **settings)
    assert "descriptor" in str(caught.value.hint)


async def test_input_is_bytes() -> None:
    for data in (b"abc", bytearray(b"abc"), memoryview(b"abc")):
        assert (await run(Command("cat"), input=data)).stdout == b"abc"
    with pytest.raises(ConfigError, match="input cannot be of type str"):
        await run(Command("cat"), input="abc")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "value", "match"),
    [
        ("pass_fds", (-1,), "-1 is no descriptor"),
        ("pass_fds", (1 << 40,), "is not open"),
        ("affinity", frozenset({-1}), "-1 is not within 0 to"),
        ("cwd", "", "is empty"),
    ],
)
async def test_values_that_cannot_be(field: str, value: object, match: str) -> None:
    settings: dict[str, Any] = {field: value}
    with pytest.raises(ConfigError, match=match):
        await run(Command("true", **settings))


async def test_a_negative_descriptor_for_a_stream() -> None:
    with pytest.raises(ConfigError, match="-1 is no descriptor"):
        await run(TRUE, stdout=-1)


async def test_a_link_to_nothing_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    with pytest.raises(ExecutableNotFound):
        await run(Command(tmp_path / "link"))
