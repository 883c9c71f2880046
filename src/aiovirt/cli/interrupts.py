"""Signals that end a command: they cancel it, so that what it had begun is undone."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from anyio.abc import TaskStatus

from aiovirt.cli.failures import Interrupted

__all__ = ["Interrupts"]

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """The signals of one command."""

    def __init__(self) -> None:
        self._received: int | None = None
        self._held = False

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
                if not (self._held and number == signal.SIGINT):
                    self._received = number
                    break
        scope.cancel()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Leave Ctrl-C to a program that has the terminal meanwhile."""
        self._held = True
        try:
            yield
        finally:
            self._held = False

    def check(self) -> None:
        """Say that the command was ended.

        Raises:
            Interrupted: A signal came.
        """
        if self._received is not None:
            raise Interrupted(self._received)
