"""What happens to the machines of a server, as events, from the changes of its inventory.

The server tells what is, not why.  Why is known of our own changes, whose reasons are noted before
the server is asked for them; else it is concluded from the two states.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from aiovirt._tasks import Broadcast
from aiovirt.drivers.esx.machine import OFF, ON, REASONS, SUSPENDED, Machine, read_machine
from aiovirt.drivers.esx.machines import Machines
from aiovirt.errors import AiovirtError
from aiovirt.interfaces import EventStream
from aiovirt.model.domain import DomainKey, DomainRecord, StateReason
from aiovirt.model.events import (
    ConnectionEvent,
    Event,
    EventsLost,
    LifecycleDetail,
    LifecycleEvent,
)
from aiovirt.model.transitions import between
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.enums import VirtualMachinePowerState as Power

__all__ = ["Assumption", "Watcher"]

_CONCLUDED: Mapping[tuple[str, str], StateReason] = {
    (OFF, ON): StateReason.RUNNING_BOOTED,
    (SUSPENDED, ON): StateReason.RUNNING_UNPAUSED,
    (ON, SUSPENDED): StateReason.PAUSED_USER,
    (ON, OFF): StateReason.SHUTOFF_SHUTDOWN,
    (SUSPENDED, OFF): StateReason.SHUTOFF_DESTROYED,
}
"""From a power state to another -> why, where nobody has told."""

UNTOLD: Final = 16
"""How many of our own changes of one machine the inventory is thought to be late by at most."""


@dataclass(slots=True, eq=False)
class Assumption:
    """The state into which our own tasks have brought a machine.

    Attributes:
        power: The last one.
        untold: The states that the inventory has not told yet, the oldest first.
    """

    power: Power
    untold: list[Power]

    def told(self, power: Power | str) -> bool:
        """Take a state that the inventory tells; whether it has told the last one by that.

        One that machines were brought into twice may be either, since several changes may be told
        as one.  It is the earlier one: what was told too early would be contradicted.
        """
        if power in self.untold:
            del self.untold[: self.untold.index(Power(power)) + 1]
        return not self.untold


class Watcher:
    """Takes changes of machines, keeps them, and tells events.

    Args:
        machines: What is kept.
        holds: Whether a machine is one of this connection's.
        look: What the inventory knows of an object now.

    Attributes:
        assumed: What is assumed of machines until the inventory tells it.
        on_assume: Is called when something is assumed; it sees to it that it does not stay so.
    """

    def __init__(
        self,
        machines: Machines,
        holds: Callable[[Machine], bool],
        look: Callable[[Ref], Mapping[str, Any] | None],
    ) -> None:
        self._look = look
        self._machines = machines
        self._holds = holds
        self._events: Broadcast[Event] = Broadcast(_lost)
        self._expected: dict[Ref, StateReason] = {}
        self.assumed: dict[Ref, Assumption] = {}
        self.on_assume: Callable[[], object] = _nothing
        self._reasons: dict[Ref, StateReason] = {}

    # --- told by the inventory ------------------------------------------------------------------

    def begin(self, ref: Ref, known: Mapping[str, Any]) -> None:
        """Take a machine of the first listing: nothing has happened to it."""
        machine = read_machine(ref, known)
        if self._holds(machine):
            self._machines.put(ref, machine)

    def changed(
        self,
        ref: Ref,
        old: Mapping[str, Any] | None,
        known: Mapping[str, Any] | None,
        synthetic: bool,  # noqa: FBT001 - an inventory's listener
    ) -> None:
        """Take an object as it is now; None for one that is gone."""
        if ref.kind != "VirtualMachine":
            return
        machine = None if known is None else read_machine(ref, known)
        if machine is None or synthetic or not self._holds(machine):
            self.assumed.pop(ref, None)
        if machine is not None and not self._holds(machine):
            machine = None
        self._take(ref, self._as_assumed(old, machine), synthetic=synthetic)

    def _as_assumed(self, old: Mapping[str, Any] | None, machine: Machine | None) -> Machine | None:
        """A machine with the state that we have brought it into, while that is not told yet."""
        assumed = None if machine is None else self.assumed.get(machine.ref)
        if machine is None or assumed is None:
            return machine
        told = old is None or read_machine(machine.ref, old).power != machine.power
        if told and assumed.told(machine.power):
            del self.assumed[machine.ref]
            return machine
        # This was told before our change, or somebody else has changed it since: time will show.
        return msgspec.structs.replace(machine, power=assumed.power)

    def _take(self, ref: Ref, machine: Machine | None, *, synthetic: bool) -> None:
        """Keep a machine as it is now, and tell what has happened to it."""
        old = self._machines.find(ref)
        before = None if old is None else old.record(self.reason(old))
        self._learn(ref, old, machine)
        self._machines.put(ref, machine)
        for key, detail in self._details(old, before, machine):
            self._events.publish(
                LifecycleEvent(time=time.time(), synthetic=synthetic, domain=key, detail=detail)
            )

    def _learn(self, ref: Ref, old: Machine | None, new: Machine | None) -> None:
        """Keep in mind why a machine is in its state."""
        if new is None:
            self._reasons.pop(ref, None)
            self._expected.pop(ref, None)
        elif old is not None and old.power != new.power:
            expected = self._expected.pop(ref, None)
            told = expected is not None and expected.state is REASONS.get(new.power, expected).state
            concluded = _CONCLUDED.get((old.power, new.power))
            reason = expected if told else concluded
            if reason is not None:
                self._reasons[ref] = reason

    def _details(
        self, old: Machine | None, before: DomainRecord | None, new: Machine | None
    ) -> Iterator[tuple[DomainKey, LifecycleDetail]]:
        after = None if new is None else new.record(self.reason(new))
        if old is not None and new is not None:
            if old.key != new.key:
                yield old.key, LifecycleDetail.UNDEFINED_RENAMED
                yield new.key, LifecycleDetail.DEFINED_RENAMED
            elif _configured(old) != _configured(new):
                yield new.key, LifecycleDetail.DEFINED_UPDATED
            if before is not None and _was_started_anew(old, new):
                before = replace(before, id=None)
        known = new or old
        if known is not None:
            for detail in between(before, after):
                yield known.key, detail

    def connected(
        self,
        there: bool,  # noqa: FBT001 - an inventory's listener
        error: AiovirtError | None,
    ) -> None:
        """The connection was lost, or is there again; what was missed has been told then."""
        for ref in list(self.assumed) if there else ():
            self.settle(ref, synthetic=True)
        text = None if error is None else str(error)
        self._events.publish(ConnectionEvent(time=time.time(), connected=there, error=text))

    # --- used by abilities ----------------------------------------------------------------------

    def reason(self, machine: Machine) -> StateReason:
        """A machine's state, with the reason where it is known."""
        unknown = REASONS.get(machine.power, StateReason.RUNNING_UNKNOWN)
        known = self._reasons.get(machine.ref)
        return known if known is not None and known.state is unknown.state else unknown

    def expect(self, ref: Ref, reason: StateReason | None) -> None:
        """Say why a machine will soon be in another state; None takes it back."""
        if reason is None:
            self._expected.pop(ref, None)
        else:
            self._expected[ref] = reason

    def assume(self, ref: Ref, power: Power) -> None:
        """Take a machine to be in the state into which a task has just brought it.

        The stream of the inventory tells so later; what it tells until then may be older.
        """
        machine = self._machines.find(ref)
        if machine is not None and machine.power != power:
            before = self.assumed.get(ref)
            untold = [*(() if before is None else before.untold), power]
            self.assumed[ref] = Assumption(power, untold[-UNTOLD:])
            self._take(ref, msgspec.structs.replace(machine, power=power), synthetic=False)
            self.on_assume()

    def settle(self, ref: Ref, *, synthetic: bool = False) -> None:
        """Believe of a machine what the inventory has: it has been asked for anew."""
        self.assumed.pop(ref, None)
        self.changed(ref, None, self._look(ref), synthetic)

    def publish(self, event: Event) -> None:
        """Tell what the inventory does not show."""
        self._events.publish(event)

    def close(self) -> None:
        """End all subscriptions."""
        self._events.close()

    @asynccontextmanager
    async def subscribe(self, limit: int) -> AsyncIterator[EventStream]:
        """All events from the moment the block is entered."""
        async with self._events.subscribe(backlog=limit) as subscription:
            yield subscription


def _configured(machine: Machine) -> tuple[object, ...]:
    """What makes an updated definition when it changes."""
    return (
        machine.memory_mib,
        machine.memory_limit_mib,
        machine.vcpus,
        machine.template,
        machine.version,
    )


def _was_started_anew(old: Machine, new: Machine) -> bool:
    """Whether a machine that runs was off meanwhile, for too short a time to be told of."""
    both = old.power == new.power == ON
    return both and None not in {old.booted, new.booted} and old.booted != new.booted


def _nothing() -> None:
    """Nobody sees to it."""


def _lost(count: int) -> Event:
    return EventsLost(time=time.time(), count=count)
