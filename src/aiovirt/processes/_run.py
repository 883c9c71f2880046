"""Run a command to its end and collect what it says."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeAlias

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream

from aiovirt._tasks import open_task_group
from aiovirt.errors import ConfigError, LimitExceeded
from aiovirt.processes._command import Command
from aiovirt.processes._dryrun import DryRun
from aiovirt.processes._pipes import PipeReceiveStream, PipeSendStream
from aiovirt.processes._process import GRACE_S, Process, launch
from aiovirt.processes._result import Result
from aiovirt.processes._stdio import Source, Stdio, Target

__all__ = ["OUTPUT_LIMIT", "Input", "Output", "run"]

OUTPUT_LIMIT = 16 << 20
"""The most bytes that `run` collects of each stream unless told otherwise."""

Input: TypeAlias = bytes | bytearray | memoryview | ByteReceiveStream | Path | int | None
"""Bytes, a stream to read from, a file, a descriptor, or nothing."""

Output: TypeAlias = Stdio | int | Path | Target | ByteSendStream
"""`Stdio.PIPE` collects; a stream is written to as output comes; else as for `open_process`."""


class _Outputs(NamedTuple):
    stdout: Output
    stderr: Output
    limit: int


class _Collector:
    """Reads a stream to its end into memory, up to a limit."""

    def __init__(self, name: str, limit: int) -> None:
        self.data = bytearray()
        self._name = name
        self._limit = limit

    async def send(self, item: bytes) -> None:
        if len(self.data) + len(item) > self._limit:
            raise LimitExceeded(
                f"{self._name} is longer than {self._limit} bytes", limit=self._limit
            )
        self.data += item


async def _feed(source: bytes | ByteReceiveStream, stdin: PipeSendStream) -> None:
    """Write all input; a program that does not want it all is no error."""
    if isinstance(source, bytes):
        await _offer(source, stdin)
    else:
        async for chunk in source:
            if not await _offer(chunk, stdin):
                break
    stdin.close()


async def _offer(data: bytes, stdin: PipeSendStream) -> bool:
    """Write, and tell whether the program still reads."""
    with suppress(anyio.BrokenResourceError):
        await stdin.send(data)
        return True
    return False


async def _drain(stdout: PipeReceiveStream, sink: _Collector | ByteSendStream) -> None:
    async for chunk in stdout:
        await sink.send(chunk)


_Sinks: TypeAlias = list[_Collector | ByteSendStream | None]


async def _pump(process: Process, source: Input, sinks: _Sinks) -> None:
    """Carry all input and output at once, so that neither side can wait for the other."""
    if process.stdin is None or not isinstance(source, (bytes, ByteReceiveStream)):
        await _drain_all(process, sinks)
        return
    async with open_task_group() as group:
        group.start_soon(_feed, source, process.stdin)
        await _drain_all(process, sinks)
        await process.wait()
        group.cancel_scope.cancel()  # a stream may have no end; nobody reads from it any more


async def _drain_all(process: Process, sinks: _Sinks) -> None:
    async with open_task_group() as group:
        for output, sink in zip((process.stdout, process.stderr), sinks, strict=True):
            if output is not None and sink is not None:
                group.start_soon(_drain, output, sink)


def _source(source: Input) -> Source:
    if source is None:
        return Stdio.NULL
    if isinstance(source, (bytes, ByteReceiveStream)):
        return Stdio.PIPE
    if isinstance(source, (int, Path)):
        return source
    kind = type(source).__name__
    raise ConfigError(f"input cannot be of type {kind}", field="input", hint="give bytes")


def _target(output: Output) -> Target:
    if isinstance(output, Stdio):
        return output
    return Stdio.PIPE if isinstance(output, ByteSendStream) else output


def _sink(output: Output, name: str, limit: int) -> _Collector | ByteSendStream | None:
    if isinstance(output, Stdio):
        return _Collector(name, limit) if output is Stdio.PIPE else None
    return output if isinstance(output, ByteSendStream) else None


def _collected(sink: _Collector | ByteSendStream | None) -> bytes:
    return bytes(sink.data) if isinstance(sink, _Collector) else b""


async def _all_of(source: Input) -> bytes:
    """Return what a command would have read, for the dry run."""
    if isinstance(source, bytes):
        return source
    if isinstance(source, Path):
        return await anyio.Path(source).read_bytes()
    if isinstance(source, ByteReceiveStream):
        return b"".join([chunk async for chunk in source])
    return b""


async def run(
    command: Command,
    *,
    input: Input = None,  # noqa: A002  the name that subprocess and anyio use
    stdout: Output = Stdio.PIPE,
    stderr: Output = Stdio.PIPE,
    limit: int = OUTPUT_LIMIT,
    check: bool = True,
    grace_s: float = GRACE_S,
) -> Result:
    """Run a command to its end.

    Args:
        command: What to run.
        input: What it reads from standard input; without, /dev/null.
        stdout: Where its output goes: collected unless told otherwise.
        stderr: The same; `Stdio.STDOUT` interleaves it with the output.
        limit: The most bytes to collect of each stream.
        check: Whether another end than exit status 0 is an error.
        grace_s: Seconds between SIGTERM and SIGKILL when it must be ended early.

    Raises:
        ExecutableNotFound, CannotExecute, SpawnSetupError: It could not be started.
        ProcessFailed, ProcessKilled: It failed, and `check` is set.
        LimitExceeded: It wrote more than `limit` bytes to a collected stream; it was ended.
        ConfigError: Something about the command is wrong; nothing was started.

    *Cancellation*: the program and its group are ended as by `Process.terminate`, and reaped.
    """
    if isinstance(input, (bytearray, memoryview)):
        input = bytes(input)  # noqa: A001  see above
    recorder = DryRun.current()
    if recorder is not None:
        result = await recorder.run(command, await _all_of(input))
    else:
        outputs = _Outputs(stdout, stderr, limit)
        result = await _run(command, input, outputs, grace_s)
    if check and result.status != 0:
        result.check(command)
    return result


async def _run(command: Command, source: Input, outputs: _Outputs, grace_s: float) -> Result:
    out, err, limit = outputs
    process = await launch(command, _source(source), _target(out), _target(err))
    sinks = [_sink(out, "stdout", limit), _sink(err, "stderr", limit)]
    try:
        if process.has_pipes:
            await _pump(process, source, sinks)
        exit_status = await process.wait()
    finally:
        await process.aclose(grace_s)
    return Result(*exit_status, *map(_collected, sinks))
