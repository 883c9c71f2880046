"""Running to the end: status, output, input, limits."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import anyio
import pytest
from spawning import shell

from aiovirt.errors import (
    CannotExecute,
    ExecutableNotFound,
    LimitExceeded,
    ProcessFailed,
    ProcessKilled,
    SpawnSetupError,
)
from aiovirt.processes import Command, OutputFile, Result, Secret, Stdio, run

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("engine")]

LARGE = 3_000_000


async def test_a_success_has_its_output() -> None:
    assert await run(Command.of("echo", "hello")) == Result(0, stdout=b"hello\n")


async def test_no_output_is_empty() -> None:
    assert await run(Command("true")) == Result(0)


async def test_a_failure_carries_status_and_last_words() -> None:
    with pytest.raises(ProcessFailed, match="status 3: oh no") as caught:
        await run(shell("echo oh no >&2; exit 3"))
    assert caught.value.status == 3


async def test_a_failure_may_be_a_result() -> None:
    assert await run(shell("exit 3"), check=False) == Result(3)


async def test_death_by_a_signal_is_told_apart() -> None:
    with pytest.raises(ProcessKilled) as caught:
        await run(shell("kill -9 $$"))
    assert caught.value.signal == signal.SIGKILL


async def test_death_by_a_signal_may_be_a_result() -> None:
    result = await run(shell("kill -9 $$"), check=False)
    assert (result.status, result.signal) == (None, signal.SIGKILL)


@pytest.mark.parametrize("status", [125, 126, 127])
async def test_a_programs_own_status_is_no_failure_to_start(status: int) -> None:
    assert await run(shell(f"exit {status}"), check=False) == Result(status)


async def test_a_missing_file_is_not_found() -> None:
    with pytest.raises(ExecutableNotFound) as caught:
        await run(Command("/nonexistent/program"))
    assert (caught.value.phase, caught.value.errno) == ("exec", 2)


async def test_a_name_that_is_not_in_path_is_not_found() -> None:
    with pytest.raises(ExecutableNotFound, match="no-such-program") as caught:
        await run(Command("no-such-program"))
    assert caught.value.phase == "lookup"


async def test_a_file_without_the_right_bit_cannot_be_executed(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    with pytest.raises(CannotExecute) as caught:
        await run(Command(script))
    assert (caught.value.phase, caught.value.errno) == ("exec", 13)


async def test_a_missing_interpreter_is_hinted_at(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/nonexistent/interpreter\n")
    script.chmod(0o700)
    with pytest.raises(CannotExecute) as caught:
        await run(Command(script))
    assert "interpreter" in str(caught.value.hint)


async def test_a_failed_set_up_names_its_phase() -> None:
    with pytest.raises(SpawnSetupError, match="/nonexistent") as caught:
        await run(Command("true", cwd="/nonexistent"))
    assert (caught.value.phase, caught.value.errno) == ("cwd /nonexistent", 2)


async def test_bytes_go_in_and_come_out() -> None:
    data = bytes(range(256)) * (LARGE // 256)
    assert (await run(Command("cat"), input=data)).stdout == data


async def test_an_early_closed_stdin_is_no_error() -> None:
    assert await run(shell("exec <&-; echo done"), input=bytes(LARGE)) == Result(
        0, stdout=b"done\n"
    )


class Source(anyio.abc.ByteReceiveStream):
    """Gives a word, then breaks, or never says any more."""

    def __init__(self, *, breaks: bool) -> None:
        self.words = [b"a word"]
        self.breaks = breaks

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        if self.words:
            return self.words.pop()[:max_bytes]
        if self.breaks:
            raise anyio.BrokenResourceError
        await anyio.sleep_forever()
        raise AssertionError

    async def aclose(self) -> None:
        self.words.clear()


async def test_input_without_end_does_not_outlast_the_program() -> None:
    head = Command.of("head", "-c", "1")
    assert (await run(head, input=Source(breaks=False))).stdout == b"a"


async def test_input_that_breaks_is_not_taken_for_its_end() -> None:
    with pytest.raises(anyio.BrokenResourceError):
        await run(Command("cat"), input=Source(breaks=True))


async def test_input_may_be_a_file(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.write_bytes(b"from a file")
    assert (await run(Command("cat"), input=source)).stdout == b"from a file"


async def test_output_may_be_a_file(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_bytes(b"what was there before")
    await run(Command.of("echo", "new"), stdout=target)
    assert target.read_bytes() == b"new\n"


async def test_output_may_be_appended(tmp_path: Path) -> None:
    target = tmp_path / "log"
    for word in ("one", "two"):
        await run(Command.of("echo", word), stdout=OutputFile(target, append=True))
    assert target.read_bytes() == b"one\ntwo\n"


async def test_streams_are_told_apart() -> None:
    result = await run(shell("echo out; echo err >&2"))
    assert (result.stdout, result.stderr) == (b"out\n", b"err\n")


async def test_streams_may_be_interleaved() -> None:
    result = await run(shell("echo 1; echo 2 >&2; echo 3"), stderr=Stdio.STDOUT)
    assert (result.stdout, result.stderr) == (b"1\n2\n3\n", b"")


async def test_collected_output_has_a_limit() -> None:
    with pytest.raises(LimitExceeded) as caught:
        await run(Command("/usr/bin/yes"), limit=100_000)
    assert caught.value.limit == 100_000


async def test_the_limit_itself_is_allowed() -> None:
    assert len((await run(shell("head -c 1000 /dev/zero"), limit=1000)).stdout) == 1000


async def test_two_secrets_and_stdin_do_not_block_each_other() -> None:
    one, two, three = b"1" * 131_072, b"2" * 131_072, b"3" * 131_072
    script = shell('cat "$1" "$2" -; cat "$1" >&2', Secret(one), Secret(two))
    result = await run(script, input=three)
    assert (result.stdout, result.stderr) == (one + two + three, b"")


async def test_a_secret_is_not_on_the_command_line() -> None:
    secret = Secret(b"hunter2", "file=/dev/fd/{fd}")
    assert (
        b"hunter2" not in (await run(shell("cat /proc/$$/cmdline /proc/$$/environ", secret))).stdout
    )


HUNDRED_MEGABYTES = """
import resource
import sys
import anyio
from anyio.abc import ByteSendStream
from aiovirt.processes import Command, Stdio, open_process, run

COUNT = 100 << 20

class Sink(ByteSendStream):
    counted = 0
    async def send(self, item):
        self.counted += len(item)
    async def aclose(self):
        pass

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

async def main():
    sink = Sink()
    await run(Command("cat"), input=b"warm", stdout=sink)
    before = peak()
    source = Command.of("head", "-c", str(COUNT), "/dev/zero")
    async with open_process(source, stdout=Stdio.PIPE) as zeros:
        await run(Command("cat"), input=zeros.stdout, stdout=sink)
    assert sink.counted == COUNT + 4
    print(peak() - before)

anyio.run(main, backend=sys.argv[1])
"""


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_a_hundred_megabytes_each_way_are_not_held(backend: str) -> None:
    """Seen by the most memory that a process of its own ever had, in KiB."""
    told = await run(Command(sys.executable, ("-c", HUNDRED_MEGABYTES, backend)))
    assert int(told.stdout) < 20 << 10
