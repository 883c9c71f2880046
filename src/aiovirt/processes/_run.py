"""Run a command to its end and collect what it says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream

from aiovirt._tasks import open_task_group
from aiovirt.errors import LimitExceeded, ProcessFailed, ProcessKilled
from aiovirt.processes._command import Command
from aiovirt.processes._handle import ExitStatus
from aiovirt.processes._pipes import PipeReceiveStream, PipeSendStream
from aiovirt.processes._process import GRACE_S, Process, launch
from aiovirt.processes._stdio import Source, Stdio, Target

__all__ = ["OUTPUT_LIMIT", "Input", "Output", "Result", "run"]

OUTPUT_LIMIT = 16 << 20
"""The most bytes that `run` collects of each stream unless told otherwise."""

Input: TypeAlias = bytes | ByteReceiveStream | Path | int | None
"""Bytes, a stream to read from, a file, a descriptor, or nothing."""

Output: TypeAlias = Stdio | int | Path | Target | ByteSendStream
"""`Stdio.PIPE` collects; a stream is written to as output comes; else as for `open_process`."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended.

    Attributes:
        status: The exit status, or None when a signal killed the program.
        signal: That signal, or None.
        stdout: What was collected of standard output.
        stderr: What was collected of standard error.
    """

    status: int | None
    signal: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""


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
    with suppress(anyio.BrokenResourceError):
        if isinstance(source, bytes):
            await stdin.send(source)
        else:
            async for chunk in source:
                await stdin.send(chunk)
    stdin.close()


async def _drain(stdout: PipeReceiveStream, sink: _Collector | ByteSendStream) -> None:
    async for chunk in stdout:
        await sink.send(chunk)


async def _pump(
    process: Process, source: Input, sinks: tuple[_Collector | ByteSendStream, ...]
) -> None:
    """Carry all input and output at once, so that neither side can wait for the other."""
    outputs = (process.stdout, process.stderr)
    if process.stdin is process.stdout is process.stderr is None:
        return
    async with open_task_group() as group:
        if process.stdin is not None and isinstance(source, (bytes, ByteReceiveStream)):
            group.start_soon(_feed, source, process.stdin)
        for output, sink in zip(outputs, sinks, strict=True):
            if output is not None:
                group.start_soon(_drain, output, sink)


def _target(output: Output) -> Target:
    return Stdio.PIPE if isinstance(output, ByteSendStream) else output


def _sink(output: Output, name: str, limit: int) -> _Collector | ByteSendStream:
    return output if isinstance(output, ByteSendStream) else _Collector(name, limit)


def _checked(command: Command, exit_status: ExitStatus, stderr: bytes) -> None:
    if exit_status.signal is not None:
        raise ProcessKilled(command.render(), exit_status.signal)
    if exit_status.status:
        raise ProcessFailed(command.render(), exit_status.status, stderr.decode(errors="replace"))


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
    stdin: Source = Stdio.NULL if input is None else Stdio.PIPE
    if isinstance(input, (int, Path)):
        stdin = input
    process = await launch(command, stdin, _target(stdout), _target(stderr))
    sinks = _sink(stdout, "stdout", limit), _sink(stderr, "stderr", limit)
    try:
        await _pump(process, input, sinks)
        exit_status = await process.wait()
    finally:
        await process.aclose(grace_s)
    out, err = (bytes(sink.data) if isinstance(sink, _Collector) else b"" for sink in sinks)
    if check:
        _checked(command, exit_status, err)
    return Result(exit_status.status, exit_status.signal, out, err)
