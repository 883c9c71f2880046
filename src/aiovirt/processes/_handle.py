"""A process held by its pidfd: it cannot be mistaken for another one, and waiting takes no thread.

Children and adopted strangers are held alike; only a child's exit status can be had.
"""

from __future__ import annotations

import os
import select
import signal
from typing import NamedTuple

import anyio
import anyio.lowlevel

from aiovirt.errors import Closed, Unresponsive

__all__ = ["KILL_WAIT_S", "WALL", "EndedHandle", "ExitStatus", "Handle"]

WALL = 0x40000000
"""__WALL of linux/wait.h: wait also for children that end without SIGCHLD."""

KILL_WAIT_S = 30.0
"""How long a process may take to end after SIGKILL (it may hang in the kernel, on a dead disk)."""


class ExitStatus(NamedTuple):
    """How a program ended: one of the two is set, or none when the kernel tells it another.

    Attributes:
        status: The exit status.
        signal: The signal that killed it.
    """

    status: int | None = None
    signal: int | None = None


def _status(info: os.waitid_result | None) -> ExitStatus:
    if info is None:
        return ExitStatus()
    exited = info.si_code == os.CLD_EXITED
    return ExitStatus(info.si_status) if exited else ExitStatus(signal=info.si_status)


class Handle:
    """A process behind a pidfd, which the handle owns."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self.exit: ExitStatus | None = None
        self._pidfd = pidfd
        self._waited: set[int] = set()

    @property
    def pidfd(self) -> int:
        """The descriptor.

        Raises:
            Closed: The handle was closed.
        """
        if self._pidfd < 0:
            raise Closed(f"the handle of process {self.pid} was closed")
        return self._pidfd

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._pidfd < 0

    def close(self) -> None:
        """Close the pidfd; the process is left alone."""
        fd, self._pidfd = self._pidfd, -1
        if fd >= 0:
            for waited in tuple(self._waited):
                anyio.notify_closing(waited)
            os.close(fd)

    def has_ended(self) -> bool:
        """Whether the process has ended, reaped or not."""
        if self.exit is not None:
            return True
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return bool(poll.poll(0))

    def reap_now(self) -> ExitStatus:
        """Take the exit status of a child that has ended, or is ending: blocks for that moment.

        A process that is no child of ours (a daemon, usually) has an empty status.
        """
        if self.exit is None:
            try:
                info = os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED | WALL)
            except ChildProcessError:
                info = None
            self.exit = _status(info)
        return self.exit

    async def wait_end(self) -> None:
        """Wait until the process has ended, without reaping it; any number of tasks may.

        Raises:
            Closed: The handle was or is closed.

        *Cancellation*: changes nothing.
        """
        fd = own = self.pidfd
        if fd in self._waited:
            fd = os.dup(own)  # event loops take one reader for each descriptor
        self._waited.add(fd)
        try:
            await anyio.wait_readable(fd)
        except anyio.ClosedResourceError:
            raise Closed(f"the handle of process {self.pid} was closed while in use") from None
        finally:
            self._waited.discard(fd)
            if fd != own:
                os.close(fd)

    def send_signal(self, number: int) -> None:
        """Send a signal to the process alone; one that has ended is no error.

        Raises:
            PermissionError: The process belongs to somebody else.
        """
        try:
            signal.pidfd_send_signal(self.pidfd, number)
        except ProcessLookupError:
            return

    async def ends_within(self, limit_s: float) -> bool:
        """Wait for the end for so many seconds and tell whether it came."""
        with anyio.move_on_after(limit_s):
            await self.wait_end()
            return True
        return False

    def is_in_own_group(self) -> bool:
        """Whether a process that is not reaped leads, or is in, the group of its own number."""
        try:
            return os.getpgid(self.pid) == self.pid
        except ProcessLookupError:
            return True  # gone: whom else a signal should reach is in the group

    async def must_end(self) -> None:
        """Wait for the end after SIGKILL.

        Raises:
            Unresponsive: It takes longer than `KILL_WAIT_S`: the process hangs in the kernel.
        """
        if not await self.ends_within(KILL_WAIT_S):
            raise Unresponsive(
                f"process {self.pid} did not end within KILL_WAIT_S ({KILL_WAIT_S:g} s) of SIGKILL"
            )


class EndedHandle(Handle):
    """Stands for a process that never was and has ended already: for dry runs."""

    def __init__(self, exit_status: ExitStatus) -> None:
        super().__init__(0, -1)
        self.exit = exit_status

    async def wait_end(self) -> None:
        """See `Handle.wait_end`."""
        await anyio.lowlevel.checkpoint()

    def send_signal(self, number: int) -> None:
        """See `Handle.send_signal`."""
