"""The long work that machines are at by this connection: how far it is, and giving it up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import anyio

from aiovirt.errors import Busy, InvalidState, RemoteError, with_number
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.model.domain import Control, ControlInfo
from aiovirt.model.jobs import JobKind, JobStats
from aiovirt.protocols.vsphere import Ref

__all__ = ["WHOLE", "Work", "Works"]

WHOLE: Final = 100
"""A task is told in hundredths."""


@dataclass(slots=True, eq=False)
class Work:
    """A task that a machine is at.

    Attributes:
        what: What it does, for messages.
        percent: How far it is.
        scope: Cancelling it gives the task up.
    """

    what: str
    percent: int = 0
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    def told(self, percent: int) -> None:
        """Take how far it is."""
        self.percent = percent

    def stats(self) -> JobStats:
        """It as libvirt tells jobs: the server counts hundredths of the whole, and no bytes."""
        done = min(max(self.percent, 0), WHOLE)
        params = {"data_total": WHOLE, "data_processed": done, "data_remaining": WHOLE - done}
        return JobStats(JobKind.BOUNDED, params)


class Works:
    """At most one for each machine."""

    def __init__(self) -> None:
        self._now: dict[Ref, Work] = {}

    def of(self, machine: Ref) -> Work | None:
        """What a machine is at, or None."""
        return self._now.get(machine)

    @asynccontextmanager
    async def on(self, machine: Ref, what: str) -> AsyncIterator[Work]:
        """Let a machine be at something for the length of the block.

        Raises:
            Busy: It is at something else.
            RemoteError: It was given up meanwhile by `Work.scope`.
        """
        other = self._now.get(machine)
        if other is not None:
            raise Busy(f"cannot {what}: another job is under way, to {other.what}")
        work = self._now[machine] = Work(what)
        try:
            with work.scope:
                yield work
        finally:
            del self._now[machine]
        if work.scope.cancelled_caught:
            error = RemoteError(f"it was given up to {what}")
            raise with_number(error, ErrorNumber.ERR_OPERATION_ABORTED, ErrorDomain.ESX)

    def control(self, machine: Ref) -> ControlInfo:
        """Whether a machine can be changed now."""
        return ControlInfo(Control.JOB if machine in self._now else Control.OK)

    def give_up(self, machine: Ref, called: str) -> None:
        """Give up what a machine is at.

        Raises:
            InvalidState: It is at nothing.
        """
        work = self._now.get(machine)
        if work is None:
            raise InvalidState(f"{called} is at no job that this connection has begun")
        work.scope.cancel()
