"""Record commands in place of running them, for tests of what is built upon them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar, Token
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias

from aiovirt.processes._command import Command
from aiovirt.processes._result import Result

__all__ = ["DryRun", "Recorded"]

Answer: TypeAlias = Callable[["Recorded"], Awaitable[Result]]


class Recorded(NamedTuple):
    """A command that was not run.

    Attributes:
        command: The command.
        input: All that `run` would have given it to read.
    """

    command: Command
    input: bytes


async def _success(_recorded: Recorded) -> Result:
    return Result(0)


class DryRun:
    """Within this context manager, and in the tasks started in it, commands are recorded, not run.

    `run` returns the answer.  `open_process` and `start_daemon` give a program that has said its
    answer and ended: it has the pid 0 and no pidfd, reads nothing, and shakes no hands.

    Args:
        answer: Says how a command ended; without it all succeed and say nothing.

    Attributes:
        recorded: What would have been run, in order.
    """

    def __init__(self, answer: Answer = _success) -> None:
        self.recorded: list[Recorded] = []
        self._answer = answer
        self._token: Token[DryRun | None] | None = None

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._token is not None:
            _current.reset(self._token)
            self._token = None

    async def run(self, command: Command, source: bytes) -> Result:
        """Record a command and return the answer."""
        recorded = Recorded(command, source)
        self.recorded.append(recorded)
        return await self._answer(recorded)

    @staticmethod
    def current() -> DryRun | None:
        """Return the recorder that is active here, or None."""
        return _current.get()


_current: ContextVar[DryRun | None] = ContextVar("aiovirt_dry_run", default=None)
