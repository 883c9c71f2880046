"""A running child, owned by a scope: it has ended and is reaped when the scope ends."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio

from aiovirt.processes import _start
from aiovirt.processes._command import Command
from aiovirt.processes._dryrun import DryRun
from aiovirt.processes._fds import filled_pipe, high_pipe, scarce
from aiovirt.processes._handle import EndedHandle, ExitStatus, Handle
from aiovirt.processes._pipes import PipeReceiveStream, PipeSendStream
from aiovirt.processes._result import Result
from aiovirt.processes._start import Handshake
from aiovirt.processes._stdio import Source, Stdio, Target, Wires

__all__ = ["GRACE_S", "Process", "launch", "open_process"]

GRACE_S = 5.0
"""How long a program has between SIGTERM and SIGKILL unless told otherwise."""


class Process:
    """A child process and our ends of its pipes.

    Attributes:
        command: What was started.
        stdin, stdout, stderr: Byte streams for those that are `Stdio.PIPE`, else None.
    """

    def __init__(self, command: Command, handle: Handle, wires: Wires) -> None:
        self.command = command
        self.stdin: PipeSendStream | None = wires.stdin
        self.stdout: PipeReceiveStream | None = wires.stdout
        self.stderr: PipeReceiveStream | None = wires.stderr
        self._handle = handle
        self._wires = wires
        self._terminating = False

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its process group."""
        return self._handle.pid

    @property
    def pidfd(self) -> int:
        """The descriptor that refers to the process, ours to close.

        Raises:
            Closed: The scope has ended.
        """
        return self._handle.pidfd

    @property
    def exit(self) -> ExitStatus | None:
        """How the program ended, once `wait` has returned or the scope has ended."""
        return self._handle.exit

    @property
    def has_pipes(self) -> bool:
        """Whether a standard stream is a pipe of ours."""
        return any((self.stdin, self.stdout, self.stderr))

    async def wait(self) -> ExitStatus:
        """Wait for the program's end and return its status; any number of tasks may.

        *Cancellation*: the program goes on.
        """
        handle = self._handle
        if handle.exit is None:
            await handle.wait_end()
        return self._reap()

    def _reap(self) -> ExitStatus:
        """Take the exit status; while the program is being ended, end the rest of its group first.

        Whichever task comes first reaps, and then the group is out of reach.
        """
        if self._terminating:
            self.send_signal_to_group(signal.SIGKILL)
        return self._handle.reap_now()

    def send_signal(self, number: int) -> None:
        """Send a signal to the program alone; one that has ended is no error."""
        if self._handle.exit is None:
            self._handle.send_signal(number)

    def send_signal_to_group(self, number: int) -> None:
        """Send a signal to the program and all it started that stayed in its group."""
        if self._handle.exit is not None:
            return  # reaped: the pid, and with it the group, may be another's by now
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)
        if not self._handle.is_in_own_group():
            self.send_signal(number)

    async def terminate(self, grace_s: float = GRACE_S) -> ExitStatus:
        """End the whole group: SIGTERM, SIGKILL after `grace_s` seconds, and reap.

        What the program leaves behind in its group is killed with it.

        Raises:
            Unresponsive: It hangs in the kernel and did not end after SIGKILL.

        *Cancellation*: SIGKILL at once; the child is reaped all the same.
        """
        handle = self._handle
        if handle.exit is not None:
            return handle.exit
        self._terminating = True
        self.send_signal_to_group(signal.SIGTERM)
        self.send_signal_to_group(signal.SIGCONT)  # a stopped program could not act on it
        try:
            await handle.ends_within(grace_s)
        finally:
            self.send_signal_to_group(signal.SIGKILL)
            await self._end_and_reap()
        return self._reap()

    async def _end_and_reap(self) -> None:
        """Wait for the end after SIGKILL, whoever cancels, and reap.

        asyncio's own `Task.cancel` gets through anyio's shields: it is raised when the child has
        ended.
        """
        cancelled: BaseException | None = None
        while not self._handle.has_ended():
            try:
                with anyio.CancelScope(shield=True):
                    await self._handle.must_end()
            except anyio.get_cancelled_exc_class() as error:
                cancelled = error
        self._reap()
        if cancelled is not None:
            raise cancelled

    async def aclose(self, grace_s: float = GRACE_S) -> None:
        """End the program if it still runs, as `terminate` does, and close our ends of its pipes.

        *Cancellation*: waited out; no child and no descriptor is left.
        """
        try:
            if self._handle.exit is None:
                with anyio.CancelScope(shield=True):
                    await self.terminate(grace_s)
        finally:
            if self.has_pipes:
                self._wires.close()
            self._handle.close()


async def launch(
    command: Command,
    stdin: Source,
    stdout: Target,
    stderr: Target,
    handshake: Handshake | None = None,
) -> Process:
    """Start a command; the caller must call `aclose` on the process."""
    try:
        wires = Wires.open(stdin, stdout, stderr)
    except OSError as error:
        raise scarce(command.program, error) from error
    try:
        handle = await _start.start(command, wires.stdio, handshake=handshake)
    except BaseException:
        wires.close()
        raise
    wires.close_theirs()
    return Process(command, handle, wires)


def _stand_in(
    command: Command, answer: Result, stdin: Source, stdout: Target, stderr: Target
) -> Process:
    """Return a program that has given the answer and ended, for a dry run."""
    wires = Wires()
    try:
        if stdin is Stdio.PIPE:
            read, write = high_pipe()
            os.close(read)
            wires.stdin = PipeSendStream(write)
        if stdout is Stdio.PIPE:
            wires.stdout = PipeReceiveStream(filled_pipe(answer.stdout))
        if stderr is Stdio.PIPE:
            wires.stderr = PipeReceiveStream(filled_pipe(answer.stderr))
    except BaseException:
        wires.close()
        raise
    return Process(command, EndedHandle(ExitStatus(answer.status, answer.signal)), wires)


@asynccontextmanager
async def open_process(
    command: Command,
    *,
    stdin: Source = Stdio.NULL,
    stdout: Target = Stdio.NULL,
    stderr: Target = Stdio.NULL,
    handshake: Handshake | None = None,
    grace_s: float = GRACE_S,
) -> AsyncIterator[Process]:
    """Run a command for the length of a scope.

    When the scope ends, by its end, an error or cancellation, a program that still runs gets
    SIGTERM, then SIGKILL after `grace_s` seconds, with its whole process group, and is reaped.

    Args:
        command: What to run.
        stdin: `Stdio`, a descriptor, or a file to read.
        stdout: `Stdio`, a descriptor, or a file to write.
        stderr: The same, or `Stdio.STDOUT` to go where stdout goes.
        handshake: Called with the pid while the child waits just before its exec; when it raises,
            or we die, the program is never executed.
        grace_s: Seconds between SIGTERM and SIGKILL.

    Raises:
        ExecutableNotFound, CannotExecute, SpawnSetupError: It could not be started.
        ConfigError: Something about the command is wrong; nothing was started.

    *Cancellation*: as above; the scope ends only when the child is reaped.
    """
    recorder = DryRun.current()
    if recorder is None:
        process = await launch(command, stdin, stdout, stderr, handshake)
    else:
        process = _stand_in(command, await recorder.run(command, b""), stdin, stdout, stderr)
    try:
        yield process
    finally:
        await process.aclose(grace_s)
