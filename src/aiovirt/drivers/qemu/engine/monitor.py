"""QEMU's monitor with a bound on each answer, and the knowledge whether it answers at all.

It knows QMP and the clock; of domains it knows the name for its messages.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import anyio

from aiovirt.clients.qmp import QMPClient
from aiovirt.drivers.qemu.store.settings import ANSWER_BOUND_S
from aiovirt.errors import Unresponsive
from aiovirt.model.domain import Control, ControlState
from aiovirt.protocols.qmp.commands import Command, QueryStatus

__all__ = ["BoundedMonitor"]

T = TypeVar("T")


class BoundedMonitor:
    """One QEMU's monitor. An answer that is late marks it; any answer clears the mark.

    Args:
        qmp: The client.
        name: The domain's name.
        changed: Called with the new state when it stops answering, or answers again.
    """

    def __init__(self, qmp: QMPClient, name: str, changed: Callable[[ControlState], None]) -> None:
        self.qmp = qmp
        self._name = name
        self._changed = changed
        self._silent_since: float | None = None

    async def call(self, command: Command[T], *, bound_s: float = ANSWER_BOUND_S) -> T:
        """Run a typed command.

        Raises:
            Unresponsive: No answer within `bound_s` seconds.
            QMPCommandError: QEMU refused.
            ConnectionLost: QEMU ended meanwhile.
        """
        return await self._bounded(command.qmp_name, self.qmp.call(command), bound_s)

    async def execute(
        self,
        name: str,
        arguments: Mapping[str, object] | None = None,
        *,
        fds: Sequence[int] = (),
        bound_s: float = ANSWER_BOUND_S,
    ) -> object:
        """Run any command; errors as `call`."""
        return await self._bounded(name, self.qmp.execute(name, arguments, fds=fds), bound_s)

    async def _bounded(self, name: str, answer: Awaitable[T], bound_s: float) -> T:
        """The answer, or `Unresponsive` when it is late."""
        asked = time.time()
        with anyio.move_on_after(bound_s) as scope:
            result = await answer
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
            self._changed(ControlState(Control.UNRESPONSIVE, asked, text))
        return Unresponsive(text, hint="is its process stopped, or stuck on storage?")

    def _answered(self) -> None:
        if self._silent_since is not None:
            self._silent_since = None
            self._changed(ControlState())
