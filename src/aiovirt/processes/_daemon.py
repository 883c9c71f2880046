"""Programs that outlive us: started as daemons, or adopted from an earlier run."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
from pathlib import Path
from typing import Self

from aiovirt.errors import ConfigError
from aiovirt.processes import _start
from aiovirt.processes._command import Command
from aiovirt.processes._dryrun import DryRun
from aiovirt.processes._fds import FLOCK, WRITE_LOCK, scarce
from aiovirt.processes._handle import EndedHandle, ExitStatus, Handle
from aiovirt.processes._process import GRACE_S
from aiovirt.processes._start import Handshake
from aiovirt.processes._stdio import Source, Stdio, Target, Wires

__all__ = [
    "DaemonProcess",
    "adopt",
    "adopt_pidfile",
    "boot_id",
    "start_daemon",
    "start_ticks",
]


def boot_id() -> str:
    """Return what tells this boot of the host from all others: start times begin anew with it."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def start_ticks(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot (proc(5), stat field 22).

    None when it is gone.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(text.rpartition(b")")[2].split()[19])  # the name before ")" may hold anything


class DaemonProcess:
    """A program that is no child of ours and goes on without us.

    `pid`, `start_time` and `boot_id` together name it over restarts of ours; see `adopt`.

    Attributes:
        start_time: Clock ticks from the host's boot to the program's start.
    """

    def __init__(self, handle: Handle, start_time: int) -> None:
        self._handle = handle
        self.start_time = start_time

    @property
    def pid(self) -> int:
        """The process id."""
        return self._handle.pid

    @property
    def pidfd(self) -> int:
        """The descriptor that refers to the process; it is ours to close.

        Raises:
            Closed: `aclose` was called.
        """
        return self._handle.pidfd

    @property
    def running(self) -> bool:
        """Whether the program has not ended yet."""
        return not self._handle.has_ended()

    async def wait_exit(self) -> None:
        """Wait for the program's end; any number of tasks may.

        Raises:
            Closed: The object was or is closed.

        *Cancellation*: the program goes on.
        """
        await self._handle.wait_end()
        self._handle.reap_now()  # when we are the host's first process, orphans become our children

    def send_signal(self, number: int) -> None:
        """Send a signal through the pidfd; a program that has ended is no error.

        Raises:
            PermissionError: The program belongs to somebody else.
        """
        self._handle.send_signal(number)

    async def terminate(self, grace_s: float = GRACE_S) -> None:
        """End the program: SIGTERM, then SIGKILL after `grace_s` seconds; waits for its end.

        Raises:
            Unresponsive: It hangs in the kernel and did not end after SIGKILL.

        *Cancellation*: the ladder stops where it is.
        """
        self.send_signal(signal.SIGTERM)
        self.send_signal(signal.SIGCONT)  # a stopped program could not act on it
        if not await self._handle.ends_within(grace_s):
            self.send_signal(signal.SIGKILL)
            await self._handle.must_end()
        self._handle.reap_now()

    async def aclose(self) -> None:
        """Let go of the program, which goes on; whoever waits for its end gets `Closed`."""
        self._handle.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


async def start_daemon(
    command: Command,
    *,
    stdin: Source = Stdio.NULL,
    stdout: Target = Stdio.NULL,
    stderr: Target = Stdio.NULL,
    handshake: Handshake | None = None,
) -> DaemonProcess:
    """Start a program that is no child of ours and goes on without us.

    It is in a session without terminal; its directory is ``/`` unless the command names one.

    Args:
        command: What to run.
        stdin: `Stdio.NULL`, a descriptor, or a file to read.
        stdout: `Stdio.NULL`, a descriptor, or a file to write.
        stderr: The same, or `Stdio.STDOUT`.
        handshake: Called with the pid while the program's process waits just before its exec;
            when it raises, or we die, the program is never executed.

    Raises:
        ExecutableNotFound, CannotExecute, SpawnSetupError: It could not be started; a pidfile
            that another process holds is the phase ``pidfile``.
        ConfigError: Something about the command is wrong; nothing was started.

    *Cancellation*: nothing runs, nothing is left.
    """
    if command.death_signal is not None:
        raise ConfigError(
            f"command {command.program}: death_signal: a daemon has no parent to die with",
            field="death_signal",
        )
    if Stdio.PIPE in (stdin, stdout, stderr):
        raise ConfigError("a daemon outlives our end of a pipe: use a file", field="stdio")
    recorder = DryRun.current()
    if recorder is not None:
        answer = await recorder.run(command, b"")
        return DaemonProcess(EndedHandle(ExitStatus(answer.status, answer.signal)), 0)
    try:
        wires = Wires.open(stdin, stdout, stderr)
    except OSError as error:
        raise scarce(command.program, error) from error
    try:
        handle = await _start.start(command, wires.stdio, handshake=handshake, orphan=True)
    finally:
        wires.close()
    return DaemonProcess(handle, start_ticks(handle.pid) or 0)


def adopt(pid: int, start_time: int, boot: str | None = None) -> DaemonProcess | None:
    """Take hold of a process of an earlier run, or return None when it is gone.

    Args:
        pid: Its process id.
        start_time: Its `DaemonProcess.start_time`: a later process with the same pid differs.
        boot: The `boot_id` of that time, if kept: after a reboot nothing is adopted.
    """
    if boot is not None and boot != boot_id():
        return None
    handle = _hold(pid)
    if handle is None:
        return None
    # Read after the pidfd was opened: if the process has not ended by now, this is its own.
    if start_ticks(pid) == start_time and not handle.has_ended():
        return DaemonProcess(handle, start_time)
    handle.close()
    return None


def adopt_pidfile(path: Path) -> DaemonProcess | None:
    """Take hold of the process that holds a pidfile's lock, or return None when none does.

    What is written in the file is not believed: the kernel says who holds the lock.

    Raises:
        OSError: The file cannot be read, for another reason than that it is missing.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return _adopt_holder(fd)
    finally:
        os.close(fd)


def _adopt_holder(fd: int) -> DaemonProcess | None:
    pid = _lock_holder(fd)
    handle = _hold(pid) if pid else None
    if handle is None:
        return None
    # Asked again: a process that held the lock before and after is the one behind the pidfd.
    start_time = start_ticks(handle.pid)
    if start_time is not None and _lock_holder(fd) == pid and not handle.has_ended():
        return DaemonProcess(handle, start_time)
    handle.close()
    return None


def _lock_holder(fd: int) -> int:
    """Return the pid of the process that holds a write lock, or 0."""
    kind, _, _, _, pid = FLOCK.unpack(fcntl.fcntl(fd, fcntl.F_GETLK, WRITE_LOCK))
    return 0 if kind == fcntl.F_UNLCK else int(pid)


def _hold(pid: int) -> Handle | None:
    try:
        return Handle(pid, os.pidfd_open(pid))
    except OSError as error:
        if error.errno in (errno.ESRCH, errno.ENOENT, errno.EINVAL):
            return None  # nobody, or a thread of somebody
        raise
