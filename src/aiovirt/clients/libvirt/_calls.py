"""Calls that wait: for their turn, then for their reply.  It sends nothing itself.

A server stops reading while `max_client_requests` calls of a connection are at work, keepalive
among what it does not read then.  So fewer than that are sent at once of the calls that a guest
may hold up; the last place is left to calls that none can, which give it back soon.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence

from aiovirt.protocols.libvirt.connection import Failure, Reply
from aiovirt.streams.channel import Slot

__all__ = ["DEFAULT_WINDOW", "URGENT", "Calls", "PendingCall"]

DEFAULT_WINDOW = 5
"""Calls sent and not answered at most: libvirtd's default `max_client_requests`."""

URGENT = frozenset({"DOMAIN_ABORT_JOB", "DOMAIN_ABORT_JOB_FLAGS"})
"""Procedures that end calls which may have taken all other places, such as migrations."""


class PendingCall:
    """A call without a reply.

    Attributes:
        serial: Its serial.
        data: What is to be sent for it.
        descriptors: Likewise.
        priority: Whether it may use the place that is kept free.
        slot: Where its caller waits.
        sent: Whether it was sent.
        outcome: What came of it: a reply, a refusal, or an error of ours.
    """

    __slots__ = ("data", "descriptors", "outcome", "priority", "sent", "serial", "slot")

    def __init__(
        self, serial: int, data: bytes, descriptors: Sequence[int], slot: Slot, *, priority: bool
    ) -> None:
        self.serial = serial
        self.data = data
        self.descriptors = descriptors
        self.slot = slot
        self.priority = priority
        self.sent = False
        self.outcome: Reply | Failure | Exception | None = None


class Calls:
    """All calls of a connection that have no reply.

    Args:
        window: How many may be with the server at once; at least 2.
    """

    def __init__(self, window: int = DEFAULT_WINDOW) -> None:
        self._window = window
        self._sent: dict[int, PendingCall | None] = {}
        self._waiting: OrderedDict[int, PendingCall] = OrderedDict()
        self._waiting_first: OrderedDict[int, PendingCall] = OrderedDict()

    def has_room(self, *, priority: bool) -> bool:
        """Whether the next call of this kind need not wait for its turn."""
        if priority:
            return not self._waiting_first and len(self._sent) < self._window
        return not self._waiting and len(self._sent) < self._window - 1

    def add(self, call: PendingCall) -> None:
        """Let a call wait for its turn."""
        self._queue_of(call)[call.serial] = call

    def due(self) -> Iterator[PendingCall]:
        """The calls whose turn it is; each counts as sent."""
        while self._waiting_first and len(self._sent) < self._window:
            yield self._send(self._waiting_first.popitem(last=False)[1])
        while self._waiting and len(self._sent) < self._window - 1:
            yield self._send(self._waiting.popitem(last=False)[1])

    def answer(self, outcome: Reply | Failure) -> bool:
        """Hand a reply to its caller; False when the caller has gone."""
        call = self._sent.pop(outcome.serial, None)
        if call is None:
            return False
        call.outcome = outcome
        call.slot.set()
        return True

    def give_up(self, call: PendingCall) -> bool:
        """The caller goes; whether the call had not been sent.

        A call that was sent keeps its place until the server has answered it.
        """
        if call.sent:
            if call.serial in self._sent:
                self._sent[call.serial] = None
            return False
        return self._queue_of(call).pop(call.serial, None) is not None

    def end(self, error: Callable[[bool], Exception]) -> None:
        """Give all callers an error, made from whether their call had been sent."""
        waiting = (*self._waiting_first.values(), *self._waiting.values())
        everyone = [*self._sent.values(), *waiting]
        self._sent.clear()
        self._waiting_first.clear()
        self._waiting.clear()
        for call in everyone:
            if call is not None:
                call.outcome = error(call.sent)
                call.slot.set()

    @property
    def in_flight(self) -> int:
        """How many calls were sent and not answered."""
        return len(self._sent)

    @property
    def stuck(self) -> int:
        """How many calls the server is at work on although nobody waits for them any more."""
        return sum(call is None for call in self._sent.values())

    def _queue_of(self, call: PendingCall) -> OrderedDict[int, PendingCall]:
        return self._waiting_first if call.priority else self._waiting

    def _send(self, call: PendingCall) -> PendingCall:
        call.sent = True
        self._sent[call.serial] = call
        return call
