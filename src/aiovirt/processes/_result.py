"""How a command that ran to its end ended."""

from __future__ import annotations

from typing import NamedTuple

from aiovirt.errors import ProcessFailed, ProcessKilled
from aiovirt.processes._command import Command

__all__ = ["Result"]


class Result(NamedTuple):
    """How a command ended.

    Attributes:
        status: The exit status, or None when a signal killed the program, or when the kernel
            threw the status away because SIGCHLD is ignored here.
        signal: That signal, or None.
        stdout: What was collected of standard output.
        stderr: What was collected of standard error.
    """

    status: int | None
    signal: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""

    def check(self, command: Command) -> None:
        """Make any other end than exit status 0 an error.

        Raises:
            ProcessFailed: Another exit status, or one that was lost: SIGCHLD is ignored here.
            ProcessKilled: A signal.
        """
        if self.signal is not None:
            raise ProcessKilled(command.render(), self.signal)
        if self.status != 0:
            text = self.stderr.decode(errors="replace")
            raise ProcessFailed(command.render(), self.status, text)
