"""What is known of a host's domains, networks and pools, so that a later look shows what happened.

It does no call: looks come in as values, and events too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from aiovirt.model.constants import NetworkEventLifecycleType as NetworkKind
from aiovirt.model.constants import StoragePoolEventLifecycleType as PoolKind
from aiovirt.model.domain import DomainKey, DomainRecord, StateReason
from aiovirt.model.events import (
    Event,
    LifecycleEvent,
    LifecycleKind,
    NetworkLifecycleEvent,
    StoragePoolLifecycleEvent,
)
from aiovirt.model.keys import NetworkKey, StoragePoolKey
from aiovirt.model.transitions import between

__all__ = ["Known", "Look", "Thing"]


@dataclass(frozen=True, slots=True)
class Thing:
    """A network or a pool: whether it is active, and whether it stays when it is not."""

    key: NetworkKey | StoragePoolKey
    active: bool
    persistent: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What there is on a host at one moment; None where its daemon has no such things."""

    domains: Sequence[DomainRecord]
    networks: Sequence[Thing] | None = None
    pools: Sequence[Thing] | None = None


_STATES = {
    LifecycleKind.STARTED: StateReason.RUNNING_BOOTED,
    LifecycleKind.SUSPENDED: StateReason.PAUSED_USER,
    LifecycleKind.RESUMED: StateReason.RUNNING_UNPAUSED,
    LifecycleKind.STOPPED: StateReason.SHUTOFF_UNKNOWN,
    LifecycleKind.PM_SUSPENDED: StateReason.PM_SUSPENDED_UNKNOWN,
    LifecycleKind.CRASHED: StateReason.CRASHED_UNKNOWN,
}


@dataclass(slots=True)
class Known:
    """What is known, kept up to date by events.

    Attributes:
        heard: The last event about each thing's definition, and the last about its running, since
            the last `begin`: they may be newer than a look that began before.
    """

    domains: dict[UUID, DomainRecord] = field(default_factory=dict)
    things: dict[UUID, Thing] = field(default_factory=dict)
    heard: dict[tuple[UUID, bool], Event] = field(default_factory=dict)

    def begin(self) -> None:
        """A look begins."""
        self.heard.clear()

    def hear(self, event: Event) -> None:
        """Take an event into account."""
        about = _about(event)
        if about is not None:
            self.heard.pop(about, None)  # so that they stay in order
            self.heard[about] = event
            self._take(event)

    def _take(self, event: Event) -> None:
        if isinstance(event, LifecycleEvent):
            self._hear_lifecycle(event)
        elif isinstance(event, NetworkLifecycleEvent):
            defined = event.kind == NetworkKind.DEFINED, event.kind == NetworkKind.UNDEFINED
            active = event.kind == NetworkKind.STARTED, event.kind == NetworkKind.STOPPED
            self._hear_thing(event.network, defined, active)
        elif isinstance(event, StoragePoolLifecycleEvent):
            defined = event.kind == PoolKind.DEFINED, event.kind == PoolKind.UNDEFINED
            active = event.kind == PoolKind.STARTED, event.kind == PoolKind.STOPPED
            self._hear_thing(event.pool, defined, active)

    def _hear_lifecycle(self, event: LifecycleEvent) -> None:
        uuid = event.domain.uuid
        off = StateReason.SHUTOFF_UNKNOWN
        old = self.domains.get(uuid) or DomainRecord(event.domain, None, off, persistent=False)
        new = replace(old, key=event.domain, reason=_STATES.get(event.kind, old.reason))
        if event.kind is LifecycleKind.DEFINED:
            new = replace(new, persistent=True)
        elif event.kind is LifecycleKind.UNDEFINED:
            new = replace(new, persistent=False)
        elif event.kind in {LifecycleKind.STARTED, LifecycleKind.STOPPED}:
            new = replace(new, id=None)
        if new.persistent or new.state.active:
            self.domains[uuid] = new
        else:
            self.domains.pop(uuid, None)

    def _hear_thing(
        self,
        key: NetworkKey | StoragePoolKey,
        defined: tuple[bool, bool],
        active: tuple[bool, bool],
    ) -> None:
        """Each pair says whether it begins, and whether it ends."""
        old = self.things.get(key.uuid) or Thing(key, active=False, persistent=False)
        new = Thing(
            key,
            active=(old.active or active[0]) and not active[1],
            persistent=(old.persistent or defined[0]) and not defined[1],
        )
        if new.active or new.persistent:
            self.things[key.uuid] = new
        else:
            self.things.pop(key.uuid, None)

    def learn(self, look: Look) -> list[Event]:
        """Take a look into account; what must have happened since, as events that are synthetic."""
        now = time.time()
        events: list[Event] = []
        seen = {record.key.uuid: record for record in look.domains}
        touched = {uuid for uuid, _ in self.heard}
        for uuid in _order(self.domains, seen):
            if uuid not in touched:
                events += _domain_events(self.domains.get(uuid), seen.get(uuid), now)
        self.domains = seen
        events += self._learn_things(look, touched, now)
        for event in self.heard.values():
            self._take(event)
        return events

    def _learn_things(self, look: Look, touched: set[UUID], now: float) -> list[Event]:
        seen = {
            thing.key.uuid: thing
            for things in (look.networks, look.pools)
            for thing in things or ()
        }
        events: list[Event] = []
        for uuid in _order(self.things, seen):
            if uuid not in touched:
                events += _thing_events(self.things.get(uuid), seen.get(uuid), now)
        self.things = seen
        return events


_DEFINITION = frozenset({"DEFINED", "UNDEFINED"})


def _about(event: Event) -> tuple[UUID, bool] | None:
    """What an event changes of what is known: of which thing, and whether its definition."""
    key: DomainKey | NetworkKey | StoragePoolKey
    if isinstance(event, LifecycleEvent):
        key, kind = event.domain, event.kind.name
    elif isinstance(event, NetworkLifecycleEvent):
        key, kind = event.network, getattr(event.kind, "name", "")
    elif isinstance(event, StoragePoolLifecycleEvent):
        key, kind = event.pool, getattr(event.kind, "name", "")
    else:
        return None
    return key.uuid, kind in _DEFINITION


def _order(old: Mapping[UUID, object], new: Mapping[UUID, object]) -> list[UUID]:
    """All of both: first those that were there before."""
    return [*old, *(uuid for uuid in new if uuid not in old)]


def _domain_events(
    old: DomainRecord | None, new: DomainRecord | None, now: float
) -> Iterator[Event]:
    known = new or old
    if known is None:
        return
    if old is not None and new is not None and old.id is None and old.state.active:
        old = replace(old, id=new.id)  # its number was not told by the event that it started
    for detail in between(old, new):
        yield LifecycleEvent(time=now, synthetic=True, domain=known.key, detail=detail)


def _thing_events(old: Thing | None, new: Thing | None, now: float) -> Iterator[Event]:
    known = new or old
    if known is None:
        return
    was = old or Thing(known.key, active=False, persistent=False)
    now_is = new or Thing(known.key, active=False, persistent=False)
    for name, began, ended in (
        ("DEFINED", now_is.persistent and not was.persistent, False),
        ("STARTED", now_is.active and not was.active, False),
        ("STOPPED", False, was.active and not now_is.active),
        ("UNDEFINED", False, was.persistent and not now_is.persistent),
    ):
        if began or ended:
            yield _thing_event(known.key, name, now)


def _thing_event(key: NetworkKey | StoragePoolKey, kind: str, now: float) -> Event:
    if isinstance(key, NetworkKey):
        network_kind = NetworkKind[kind]
        return NetworkLifecycleEvent(time=now, synthetic=True, network=key, kind=network_kind)
    return StoragePoolLifecycleEvent(time=now, synthetic=True, pool=key, kind=PoolKind[kind])
