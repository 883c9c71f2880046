"""Signals that end a command: they cancel it, so that what it had begun is undone."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import anyio
from anyio.abc import TaskStatus

from aiovirt.cli.failures import Interrupted

__all__ = ["Interrupts", "terminal_lent"]

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """The signals of one command."""

    def __init__(self) -> None:
        self._received: int | None = None

    async def watch(
        self,
        scope: anyio.CancelScope,
        *,
        task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        """Cancel `scope` at the first signal; a second one then has its usual effect."""
        with anyio.open_signal_receiver(*ENDING) as signals:
            task_status.started()
            async for number in signals:
                self._received = number
                break
        scope.cancel()

    def check(self) -> None:
        """Say that the command was ended.

        Raises:
            Interrupted: A signal came.
        """
        if self._received is not None:
            raise Interrupted(self._received)


@contextmanager
def terminal_lent() -> Iterator[None]:
    """Outside any event loop, while another program has the terminal: Ctrl-C is for that one.

    The other signals end the block, so that what it has made can be removed.

    Raises:
        Interrupted: One of those came.
    """
    # Functions, for they do not outlive an exec: the other program begins with the defaults.
    wanted = dict.fromkeys(ENDING, _interrupt) | {signal.SIGINT: _ignore}
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing."""


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise Interrupted(number)
