"""The calls of one client that are not answered where they are read: each begins in its turn.

Calls that change something run in tasks of the daemon, where they end although the client goes;
those that only look, in tasks of the session.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

import msgspec

from aiovirt.daemon.service.calling import carry_out, close_all
from aiovirt.daemon.service.operations import Operation
from aiovirt.daemon.service.work import Places
from aiovirt.daemon.settings import LimitSettings
from aiovirt.protocols.libvirt.connection import Call
from aiovirt.protocols.libvirt.packets import MAX_PACKET
from aiovirt.protocols.xdr import Struct

if TYPE_CHECKING:
    from aiovirt.daemon.service.session import Session

__all__ = ["Calls"]

MAX_BURDEN = 2 * MAX_PACKET
"""Bytes that came with one client's calls, from which on it is not read until some are done."""


DESCRIPTOR = 1024 * 1024
"""Bytes that each descriptor counts as: this process has only so many of them."""


def _weight(call: Call) -> int:
    return len(call.payload) + DESCRIPTOR * len(call.descriptors)


class Due(msgspec.Struct, eq=False):
    """A call that is to be carried out: with its arguments, and the group of its place."""

    call: Call
    operation: Operation
    args: Struct
    group: Hashable


class Calls:
    """Those of one client.

    Args:
        session: The client.
        limits: How many may be at work, and wait.
    """

    __slots__ = ("_at_work", "_burden", "_places", "_session")

    def __init__(self, session: Session, limits: LimitSettings) -> None:
        self._session = session
        self._places: Places[Due] = Places(limits.max_client_requests, limits.max_queued_calls)
        # The groups of calls that have a place, by what `id` says: clients choose serials.
        self._at_work: dict[int, Hashable] = {}
        self._burden = 0  # what calls at work weigh, and those that wait

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return self._places.waiting

    @property
    def full(self) -> bool:
        """Whether no more should be read."""
        return self._places.full or self._burden > MAX_BURDEN

    def enter(self, call: Call, operation: Operation, args: Struct) -> None:
        """Begin a call now, or in its turn."""
        due = Due(call, operation, args, operation.route.group(args))
        self._burden += _weight(call)
        if self._places.enter(due, due.group):
            self._begin(due)

    def leave(self, call: Call) -> bool:
        """Give the place of a call that was answered to others: whether it had one."""
        if id(call) not in self._at_work:
            return False
        self._burden -= _weight(call)
        self._places.leave(self._at_work.pop(id(call)))
        self.go_on()
        return True

    def go_on(self) -> None:
        """Begin what has waited and has a place, unless the client lets its answers pile up."""
        channel = self._session.channel
        while not (channel.ended or channel.congested):
            due = self._places.next()
            if due is None:
                break
            self._begin(due)

    def _begin(self, due: Due) -> None:
        self._at_work[id(due.call)] = due.group
        if due.operation.outlives:
            daemon = self._session.daemon
            daemon.tasks.start_soon(self._finish, due, daemon.work())
        else:
            self._session.tasks.start_soon(self._carry_out, due)

    async def _finish(self, due: Due, ended: Callable[[], None]) -> None:
        """Carry out a call that is finished although its client goes."""
        try:
            await self._carry_out(due)
        finally:
            ended()

    async def _carry_out(self, due: Due) -> None:
        await carry_out(self._session, due.call, due.operation, due.args)
        self._session.leave(due.call)

    def abandon(self) -> None:
        """The client has gone: forget the calls that wait, and close what came with them."""
        for due in self._places.clear():
            close_all(due.call.descriptors)
