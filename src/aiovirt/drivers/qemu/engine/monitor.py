"""QEMU's monitor with a bound on each answer, and the knowledge whether it answers at all.

It knows QMP and the clock; of domains it knows the name for its messages.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import anyio

from aiovirt.clients.qmp import QMPClient
from aiovirt.drivers.qemu.store.settings import ANSWER_BOUND_S, SILENT_BOUND_S
from aiovirt.errors import Closed, InvalidState, QMPCommandError, Unresponsive
from aiovirt.model.domain import Control, ControlState
from aiovirt.protocols.qmp.commands import Command, QueryStatus

__all__ = ["BoundedMonitor", "QemuEnded", "patience"]

T = TypeVar("T")

Permit: TypeAlias = Callable[[str, Mapping[str, object], Sequence[int]], Awaitable[None]]
"""What is done before a command: its name, its arguments, its descriptors."""


class QemuEnded(InvalidState):
    """QEMU ended, and that was noticed, while it was asked something."""


class BoundedMonitor:
    """One QEMU's monitor. An answer that is late marks it; any answer clears the mark.

    Args:
        qmp: The client.
        name: The domain's name.
        changed: Called with the new state when it stops answering, or answers again.

    Attributes:
        qmp: The client.
        jobs_alone: The kinds of jobs of which QEMU has none but what we begin (`qemujobs`).
        jobs_begun: How many jobs have been begun.
        permit: Lets QEMU use what a command names and the descriptors that go with it, before it
            is told; None where nothing keeps it from that.
    """

    def __init__(self, qmp: QMPClient, name: str, changed: Callable[[ControlState], None]) -> None:
        self.qmp = qmp
        self.jobs_alone: set[str] = set()
        self.jobs_begun = 0
        self.permit: Permit | None = None
        self._name = name
        self._changed = changed
        self._silent_since: float | None = None  # by the clock of the loop

    async def call(self, command: Command[T], *, bound_s: float = ANSWER_BOUND_S) -> T:
        """Run a typed command.

        Raises:
            Unresponsive: No answer within `bound_s` seconds.
            QMPCommandError: QEMU refused.
            ConnectionLost: QEMU ended meanwhile.
            QemuEnded: The same.
        """
        return await self._bounded(command.qmp_name, self.qmp.call(command), bound_s)

    async def call_all(self, *commands: Command[Any], bound_s: float = ANSWER_BOUND_S) -> list[Any]:
        """Run typed commands that are sent as one; errors as `call`."""
        return await self._bounded(commands[0].qmp_name, self.qmp.call_all(*commands), bound_s)

    async def call_each(
        self, *commands: Command[Any], bound_s: float = ANSWER_BOUND_S
    ) -> list[Any]:
        """As `call_all`, with the error in the place of the result where QEMU has refused one."""
        return await self._bounded(commands[0].qmp_name, self.qmp.call_each(*commands), bound_s)

    async def post(self, command: Command[Any], *, bound_s: float = ANSWER_BOUND_S) -> None:
        """Send a command whose result is of no interest; what is sent later is done later.

        Raises:
            Unresponsive: QEMU has not taken it within `bound_s` seconds.
            ConnectionLost: QEMU ended meanwhile.
            QemuEnded: The same.
        """
        await self._bounded(command.qmp_name, self.qmp.post(command), bound_s, answers=False)

    async def execute(
        self,
        name: str,
        arguments: Mapping[str, object] | None = None,
        *,
        fds: Sequence[int] = (),
        bound_s: float = ANSWER_BOUND_S,
    ) -> object:
        """Run any command.

        Raises:
            HostError: QEMU cannot be let use what it names.
            Unresponsive, QMPCommandError, ConnectionLost, QemuEnded: As `call`.
        """
        await self.allowed(name, arguments or {}, fds)
        return await self._bounded(name, self.qmp.execute(name, arguments, fds=fds), bound_s)

    async def allowed(
        self, name: str, arguments: Mapping[str, object], fds: Sequence[int] = ()
    ) -> None:
        """See to it that QEMU may do a command, for who then gives it to `qmp` himself.

        Raises:
            HostError: It cannot be let use what that names.
        """
        if self.permit is not None:
            await self.permit(name, arguments, fds)

    async def execute_each(
        self, *requests: tuple[str, Mapping[str, object]], bound_s: float = ANSWER_BOUND_S
    ) -> list[QMPCommandError | None]:
        """Run any commands that are sent as one; for each the error if QEMU has refused it."""
        return await self._bounded(requests[0][0], self.qmp.execute_each(*requests), bound_s)

    async def _bounded(
        self, name: str, answer: Awaitable[T], bound_s: float, *, answers: bool = True
    ) -> T:
        """The answer; `Unresponsive` when it is late, `QemuEnded` when that was its end."""
        asked = anyio.current_time()
        if self._silent_since is not None and bound_s != math.inf:
            bound_s = min(bound_s, patience(asked - self._silent_since))
        with anyio.move_on_after(bound_s) as scope:
            try:
                result = await answer
            except Closed as error:
                raise QemuEnded(f"domain {self._name!r} ended before {name} was done") from error
            if answers:
                self._answered()
            return result
        assert scope.cancelled_caught  # noqa: S101
        raise self._late(name, asked, bound_s)

    async def until_it_answers(self) -> None:
        """Wait, however long, until QEMU answers again; this clears the mark.

        Raises:
            ConnectionLost: QEMU ended meanwhile.
        """
        await self.qmp.call(QueryStatus())
        self._answered()

    def _late(self, name: str, asked: float, bound_s: float) -> Unresponsive:
        text = f"QEMU of domain {self._name!r} did not answer {name} within {bound_s:g} s"
        if self._silent_since is None:
            self._silent_since = asked
            since = time.time() - (anyio.current_time() - asked)
            self._changed(ControlState(Control.UNRESPONSIVE, since, text))
        return Unresponsive(text, hint="is its process stopped, or stuck on storage?")

    def _answered(self) -> None:
        if self._silent_since is not None:
            self._silent_since = None
            self._changed(ControlState())


def patience(silent_s: float) -> float:
    """Seconds to wait for a QEMU that is late with an answer since so many seconds.

    Who asks with a short bound, as statistics do, must not shorten it for who changes something
    on a host that is only busy.
    """
    return max(SILENT_BOUND_S, ANSWER_BOUND_S - silent_s)
