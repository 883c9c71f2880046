"""What is to be done at a client's end: all of it, in a bounded time, whatever of it fails."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import anyio

from aiovirt._tasks import open_task_group
from aiovirt.errors import AiovirtError

__all__ = ["Closing", "Work"]

log = logging.getLogger("aiovirt.daemon.service")

CLOSING_S = 10.0
"""Seconds that all that is done at a client's end has."""

Work: TypeAlias = Callable[[], Awaitable[None]]


class Closing:
    """The end of one client.

    Args:
        client: Its number, for logs.
    """

    __slots__ = ("_client", "_due")

    def __init__(self, client: int) -> None:
        self._client = client
        self._due: list[Work] = []

    def __bool__(self) -> bool:
        """Whether something is to be done."""
        return bool(self._due)

    def add(self, work: Work) -> None:
        """Do something at the end, with all others; within `CLOSING_S`."""
        self._due.append(work)

    async def carry_out(self) -> None:
        """Do what is to be done, and what that adds. Cancellation: it is done all the same."""
        with anyio.move_on_after(CLOSING_S, shield=True) as scope:
            while self._due:
                due, self._due = self._due[::-1], []
                async with open_task_group() as tasks:
                    for work in due:
                        tasks.start_soon(self._do, work)
        if scope.cancelled_caught:
            self._due.clear()
            log.warning(
                "the end of client %d took over %g s: some of what was due is not done",
                self._client,
                CLOSING_S,
            )

    async def _do(self, work: Work) -> None:
        try:
            await work()
        except AiovirtError as error:
            log.warning("at the end of client %d: %s", self._client, error)
        except Exception:  # the others are due all the same
            log.exception("the end of client %d has failed", self._client)
