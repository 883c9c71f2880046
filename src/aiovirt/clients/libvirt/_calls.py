"""Calls that wait: for their turn, then for their reply.  It sends nothing itself.

A server stops reading while `max_client_requests` calls of a connection are at work, keepalive
among what it does not read then.  So fewer than that are sent at once of the calls that a guest
may hold up: at least one of the server's places is left to calls that none can, which give it back
soon.  Of those more may be under way than the server has places, since a server that has to wait
for each of them to come does a third less; how many grows with their answers, and begins anew
when all have come, so that a server that is stuck is not sent more than it takes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from aiovirt.protocols.libvirt.connection import Failure, Reply
from aiovirt.protocols.libvirt.procedure import Procedure
from aiovirt.streams.channel import Slot

__all__ = ["AHEAD", "DEFAULT_WINDOW", "Calls", "PendingCall", "is_quick"]

DEFAULT_WINDOW = 5
"""Calls that a server works on at once: libvirtd's default `max_client_requests`."""

AHEAD = 8
"""How many times as many quick calls may be under way.  A client that does nothing else got 26,000
answers a second from libvirtd 9.0 with four calls under way, and 37,000 with eight or more; the
rest is for clients that are slow to send the next."""

URGENT = frozenset({"DOMAIN_ABORT_JOB", "DOMAIN_ABORT_JOB_FLAGS"})
"""Procedures that end calls which may have taken all other places, such as migrations."""

WITHOUT_GUEST = frozenset({"DOMAIN_GET_INFO"})
"""Procedures of ordinary priority that libvirt answers without the guest and without a job: QEMU's
driver since it hears of the balloon by events (src/qemu/qemu_driver.c, qemuDomainGetInfo)."""

_QUICK = URGENT | WITHOUT_GUEST


def is_quick(procedure: Procedure[Any, Any]) -> bool:
    """Whether no guest can hold up a procedure, or it ends what does: it may use every place."""
    return procedure.priority or procedure.name in _QUICK


class PendingCall(msgspec.Struct, eq=False):
    """A call without a reply.

    Attributes:
        serial: Its serial.
        data: What is to be sent for it.
        descriptors: Likewise.
        quick: See `is_quick`.
        slot: Where its caller waits.
        sent: Whether it was sent.
        left: Whether its caller has gone.
        outcome: What came of it: a reply, a refusal, or an error of ours.
    """

    serial: int
    data: bytes
    descriptors: Sequence[int]
    slot: Slot
    quick: bool
    sent: bool = False
    left: bool = False
    outcome: Reply | Failure | Exception | None = None


class Calls:
    """All calls of a connection that have no reply.

    Args:
        window: How many the server works on at once; at least 2.
    """

    def __init__(self, window: int = DEFAULT_WINDOW) -> None:
        self._window = window
        self._most = window  # calls under way while the next is quick
        self._ordinary = 0  # calls under way that are not quick
        self._sent: dict[int, PendingCall] = {}
        self._waiting: OrderedDict[int, PendingCall] = OrderedDict()
        self._waiting_quick: OrderedDict[int, PendingCall] = OrderedDict()

    def has_room(self, *, quick: bool) -> bool:
        """Whether the next call of this kind need not wait for its turn."""
        if quick:
            return not self._waiting_quick and len(self._sent) < self._most
        return not self._waiting and self._ordinary < self._window - 1

    def add(self, call: PendingCall) -> None:
        """Let a call wait for its turn."""
        (self._waiting_quick if call.quick else self._waiting)[call.serial] = call

    def due(self) -> Iterator[PendingCall]:
        """The calls whose turn it is; each counts as sent."""
        while self._waiting and self._ordinary < self._window - 1:
            self._ordinary += 1
            yield self._send(self._waiting.popitem(last=False)[1])
        while self._waiting_quick and len(self._sent) < self._most:
            yield self._send(self._waiting_quick.popitem(last=False)[1])

    def answer(self, outcome: Reply | Failure) -> bool:
        """Hand a reply to its caller; False when the caller has gone."""
        call = self._sent.pop(outcome.serial, None)
        if call is None:
            return False
        if not call.quick:
            self._ordinary -= 1
        elif self._ordinary == len(self._sent):
            self._most = self._window
        elif self._most < self._window * AHEAD:
            self._most += 1
        if call.left:
            return False
        call.outcome = outcome
        call.slot.set()
        return True

    def give_up(self, call: PendingCall) -> bool:
        """The caller goes; whether the call had not been sent.

        A call that was sent keeps its place until the server has answered it.
        """
        call.left = True
        if call.sent:
            return False
        queue = self._waiting_quick if call.quick else self._waiting
        return queue.pop(call.serial, None) is not None

    def end(self, error: Callable[[bool], Exception]) -> None:
        """Give all callers an error, made from whether their call had been sent."""
        waiting = (*self._waiting_quick.values(), *self._waiting.values())
        everyone = [*self._sent.values(), *waiting]
        self._sent.clear()
        self._waiting_quick.clear()
        self._waiting.clear()
        for call in everyone:
            if not call.left:
                call.outcome = error(call.sent)
                call.slot.set()

    @property
    def in_flight(self) -> int:
        """How many calls were sent and not answered."""
        return len(self._sent)

    @property
    def stuck(self) -> int:
        """How many calls the server is at work on although nobody waits for them any more."""
        return sum(call.left for call in self._sent.values())

    def _send(self, call: PendingCall) -> PendingCall:
        call.sent = True
        self._sent[call.serial] = call
        return call
