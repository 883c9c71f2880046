"""The handshake: the child waits just before its exec, and our death or refusal forbids it."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
from pathlib import Path

import anyio
import anyio.lowlevel
import leaks
import pytest

from aiovirt.errors import SpawnSetupError
from aiovirt.processes import Command, Stdio, open_process, run, start_daemon
from aiovirt.processes._engine import Engine

pytestmark = pytest.mark.anyio

SLEEP = Command.of("sleep", "1000")


class Refused(Exception):
    """A labelling that failed."""


async def _refuse(_pid: int) -> None:
    raise Refused


@pytest.mark.usefixtures("engine")
async def test_the_child_waits_with_all_set_up(tmp_path: Path) -> None:
    seen = []

    async def look(pid: int) -> None:
        seen.append((Path(f"/proc/{pid}/cwd").readlink(), Path(f"/proc/{pid}/exe").readlink()))

    async with open_process(Command("sleep", ("9",), cwd=tmp_path), handshake=look) as process:
        seen.append((tmp_path, Path(f"/proc/{process.pid}/exe").readlink()))
    (before, ours), (_, program) = seen
    assert before == tmp_path
    assert ours == Path("/proc/self/exe").readlink()
    assert program.name != ours.name


@pytest.mark.usefixtures("engine")
async def test_a_refusal_forbids_the_exec(tmp_path: Path) -> None:
    touch = Command.of("touch", tmp_path / "it ran")
    with pytest.raises(Refused):
        async with open_process(touch, handshake=_refuse):
            pass
    assert not (tmp_path / "it ran").exists()


@pytest.mark.usefixtures("engine")
async def test_a_refused_daemon_never_runs(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        await start_daemon(Command.of("touch", tmp_path / "it ran"), handshake=_refuse)
    assert not (tmp_path / "it ran").exists()


@pytest.mark.usefixtures("engine")
async def test_the_child_is_ours_after_the_handshake() -> None:
    async def agree(_pid: int) -> None:
        pass

    async with open_process(Command("true"), handshake=agree) as process:
        assert (await process.wait()).status == 0


@pytest.mark.usefixtures("engine")
async def test_a_set_up_that_fails_needs_no_handshake() -> None:
    with pytest.raises(SpawnSetupError, match="/nonexistent"):
        async with open_process(Command("true", cwd="/nonexistent"), handshake=_refuse):
            pass


PARENT = """
import os, sys
import anyio
import anyio.lowlevel
from aiovirt.errors import SpawnSetupError
from aiovirt.processes import Command, Stdio, open_process, start_daemon
from aiovirt.processes import _start
from aiovirt.processes._engine import TwinEngine
if {twin}:
    _start.engine = TwinEngine()

async def tell(pid):
    print(pid, flush=True)
    await anyio.sleep_forever()

async def main():
    command = Command("sleep", ("1000",), **{settings})
    {body}

anyio.run(main)
"""

BODIES = {
    "process": "async with open_process(command, handshake=tell): pass",
    "daemon": "await start_daemon(command, handshake=tell)",
    "death signal": "async with open_process(command) as process: await tell(process.pid)",
}


@pytest.mark.parametrize("body", list(BODIES))
async def test_kill_9_of_the_parent_leaves_nothing(body: str, engine: Engine) -> None:
    """A child in its handshake, or one that asked to die with us, ends by itself."""
    settings = "dict(death_signal=9)" if body == "death signal" else "dict()"
    script = PARENT.format(
        twin=engine.name == "twin",
        settings=settings,
        body=textwrap.indent(BODIES[body], "    ").strip(),
    )
    async with open_process(Command(sys.executable, ("-c", script)), stdout=Stdio.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(await parent.stdout.receive())
        pidfd = os.pidfd_open(pid)
        try:
            parent.send_signal(signal.SIGKILL)
            await parent.wait()
            with anyio.fail_after(20):
                await anyio.wait_readable(pidfd)
        finally:
            os.close(pidfd)


async def test_a_killed_middle_process_ends_the_program(engine: Engine) -> None:
    """Only the helper has one beside a child of ours."""
    if engine.name != "helper":
        pytest.skip("the twin needs no middle process here")
    before = leaks.children()

    async def kill_middle(pid: int) -> None:
        (middle,) = leaks.children() - before - {pid}
        os.kill(middle, signal.SIGKILL)

    with pytest.raises(SpawnSetupError, match="fork"):
        async with open_process(Command.of("sleep", "1000"), handshake=kill_middle):
            pass


@pytest.mark.usefixtures("engine")
async def test_many_handshakes_at_once() -> None:
    pids: set[int] = set()

    async def agree(pid: int) -> None:
        pids.add(pid)
        await anyio.lowlevel.checkpoint()

    async def one() -> None:
        async with open_process(Command("true"), handshake=agree) as process:
            assert (await process.wait()).status == 0

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(one)
    assert len(pids) == 20


@pytest.mark.usefixtures("engine")
async def test_a_busy_start_does_not_hold_up_another() -> None:
    """While one child waits for its handshake, others start and end."""

    async def slow(_pid: int) -> None:
        for _ in range(5):
            assert (await run(Command.of("echo", "x"))).stdout == b"x\n"

    async with open_process(SLEEP, handshake=slow) as process:
        assert process.exit is None
