"""Descriptors: only what was passed arrives, under its own number, on old kernels too."""

from __future__ import annotations

import dataclasses
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import leaks
import pytest
from spawning import report, shell

from aiovirt.errors import ConfigError, PermissionDenied, ResourceUnavailable, SpawnSetupError
from aiovirt.processes import Command, Secret, Stdio, _plan, open_process, run
from aiovirt.processes._abilities import abilities

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("engine")]


@pytest.fixture
def anyio_backend() -> str:
    """Run on one loop: what happens between fork and exec knows nothing of loops."""
    return "asyncio"


HIGH = 700


@pytest.fixture(params=["close_range", "listing"])
def _close(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Close the descriptors in both ways, that of new kernels and that of old ones."""
    if request.param == "listing":
        old = dataclasses.replace(abilities(), close_range=False)
        monkeypatch.setattr(_plan, "abilities", lambda: old)
    _plan.plain_steps.cache_clear()


@pytest.fixture
def inheritable() -> Iterator[list[int]]:
    """Open descriptors without close-on-exec, with gaps between them."""
    null = os.open("/dev/null", os.O_RDWR)
    fds = [fcntl.fcntl(null, fcntl.F_DUPFD, start) for start in range(HIGH, HIGH + 40, 4)]
    os.close(null)
    yield fds
    _plan.plain_steps.cache_clear()
    for fd in fds:
        os.close(fd)


@pytest.mark.usefixtures("inheritable", "_close")
async def test_nothing_is_inherited_but_stdio() -> None:
    assert (await report())["fds"] == [0, 1, 2]


@pytest.mark.usefixtures("_close")
async def test_gaps_between_passed_descriptors_are_closed(inheritable: list[int]) -> None:
    passed = (inheritable[1], inheritable[4], inheritable[5])
    assert (await report(pass_fds=passed))["fds"] == [0, 1, 2, *passed]


@pytest.mark.usefixtures("_close")
async def test_a_passed_descriptor_stays_open_here(inheritable: list[int]) -> None:
    await report(pass_fds=(inheritable[0],))
    assert os.fstat(inheritable[0])


async def test_a_descriptor_that_closes_at_exec_is_passed_all_the_same() -> None:
    read, write = os.pipe()
    try:
        await run(Command("/bin/sh", ("-c", f"echo through >/dev/fd/{write}"), pass_fds=(write,)))
        assert os.read(read, 100) == b"through\n"
        assert not os.get_inheritable(write)
    finally:
        os.close(read)
        os.close(write)


async def test_a_closed_descriptor_cannot_be_passed() -> None:
    with pytest.raises(ConfigError, match="999 is not open"):
        await run(Command("true", pass_fds=(999,)))


async def test_a_secret_comes_with_one_descriptor() -> None:
    told = await report(Secret(b"x", "{fd}"))
    assert told["fds"] == [0, 1, 2, int(told["args"][0])]


async def test_stdout_and_stderr_may_be_one_descriptor(tmp_path: Path) -> None:
    with (tmp_path / "both").open("wb") as file:
        await run(shell("echo 1; echo 2 >&2"), stdout=file.fileno(), stderr=file.fileno())
    assert (tmp_path / "both").read_bytes() == b"1\n2\n"


async def test_a_stdio_source_may_be_passed_too(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        fd = file.fileno()
        command = Command("/bin/sh", ("-c", f"echo 1; echo 2 >>/dev/fd/{fd}"), pass_fds=(fd,))
        await run(command, stdout=fd)
    assert (tmp_path / "out").read_bytes() == b"1\n2\n"


async def test_our_own_stdio_is_inherited_when_asked(capfd: pytest.CaptureFixture[str]) -> None:
    await run(shell("echo out; echo err >&2"), stdout=Stdio.INHERIT, stderr=Stdio.STDOUT)
    assert capfd.readouterr().out == "out\nerr\n"


async def test_stdio_may_be_swapped(capfd: pytest.CaptureFixture[str]) -> None:
    await run(shell("echo out; echo err >&2"), stdout=2, stderr=1)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("err\n", "out\n")


async def test_only_stderr_follows_stdout() -> None:
    with pytest.raises(ConfigError, match="stderr"):
        await run(Command("true"), stdout=Stdio.STDOUT)


async def test_an_output_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResourceUnavailable, match="none/out"):
        await run(Command("true"), stdout=tmp_path / "none" / "out")


async def test_a_missing_right_is_named(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may do all")
    (tmp_path / "out").touch(mode=0o400)
    with pytest.raises(PermissionDenied, match="out"):
        await run(Command("cat"), stdout=tmp_path / "out")


async def test_a_failed_start_leaves_no_pipe() -> None:
    before = leaks.descriptors()
    with pytest.raises(SpawnSetupError, match="cwd"):
        async with open_process(
            Command("true", (Secret(b"x"),), cwd="/nonexistent"),
            stdin=Stdio.PIPE,
            stdout=Stdio.PIPE,
            stderr=Stdio.PIPE,
        ):
            pass
    assert leaks.descriptors() == before
