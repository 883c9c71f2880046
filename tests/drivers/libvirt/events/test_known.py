"""What is known of a host: kept by events, and compared with what a later look finds."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from aiovirt.drivers.libvirt.events.known import Known, Look, Thing
from aiovirt.model.constants import NetworkEventLifecycleType as NetworkKind
from aiovirt.model.constants import StoragePoolEventLifecycleType as PoolKind
from aiovirt.model.domain import DomainKey, DomainRecord, StateReason
from aiovirt.model.events import (
    Event,
    LifecycleDetail,
    LifecycleEvent,
    NetworkLifecycleEvent,
    RTCChangeEvent,
    StoragePoolLifecycleEvent,
)
from aiovirt.model.keys import NetworkKey, StoragePoolKey

A, B = DomainKey(UUID(int=1), "a"), DomainKey(UUID(int=2), "b")
OFF_A = DomainRecord(A, None, StateReason.SHUTOFF_SHUTDOWN)
RUNS_A = DomainRecord(A, 1, StateReason.RUNNING_BOOTED)
OFF_B = DomainRecord(B, None, StateReason.SHUTOFF_SHUTDOWN)
NET = NetworkKey(UUID(int=3), "default")
POOL = StoragePoolKey(UUID(int=4), "images")
D = LifecycleDetail


@pytest.fixture
def known() -> Known:
    """Return what is known after a first look at nothing."""
    known = Known()
    known.learn(Look([], [], []))
    return known


def happened(key: DomainKey, *details: LifecycleDetail) -> list[LifecycleEvent]:
    """Return events as a daemon tells them."""
    return [LifecycleEvent(time=1.0, domain=key, detail=detail) for detail in details]


def told(events: list[Event]) -> list[tuple[str, object]]:
    """Return what was found out about what; all of it must be marked."""
    found: list[tuple[str, object]] = []
    for event in events:
        assert event.synthetic
        if isinstance(event, LifecycleEvent):
            found.append((event.domain.name, event.detail))
        elif isinstance(event, NetworkLifecycleEvent):
            found.append((event.network.name, event.kind))
        elif isinstance(event, StoragePoolLifecycleEvent):
            found.append((event.pool.name, event.kind))
    return found


def test_the_same_as_before_is_no_event(known: Known) -> None:
    look = Look([OFF_A], [Thing(NET, active=True, persistent=True)], [])
    known.learn(look)
    assert known.learn(look) == []


def test_what_came_and_went_while_nobody_listened(known: Known) -> None:
    known.learn(Look([RUNS_A]))
    events = known.learn(Look([OFF_A, OFF_B]))
    assert told(events) == [("a", D.STOPPED_SHUTDOWN), ("b", D.DEFINED_ADDED)]
    assert told(known.learn(Look([]))) == [("a", D.UNDEFINED_REMOVED), ("b", D.UNDEFINED_REMOVED)]


def test_events_keep_up_what_is_known(known: Known) -> None:
    for event in happened(A, D.DEFINED_ADDED, D.STARTED_BOOTED, D.SUSPENDED_PAUSED):
        known.hear(event)
    known.begin()
    paused = replace(RUNS_A, reason=StateReason.PAUSED_USER)
    assert known.learn(Look([paused])) == []


def test_an_instance_that_an_event_began_is_not_taken_for_another(known: Known) -> None:
    """No event tells the number of an instance; the look does."""
    for event in happened(A, D.DEFINED_ADDED, D.STARTED_BOOTED):
        known.hear(event)
    known.begin()
    assert known.learn(Look([replace(RUNS_A, id=9)])) == []
    assert told(known.learn(Look([replace(RUNS_A, id=10)]))) == [
        ("a", D.STOPPED_SHUTDOWN),
        ("a", D.STARTED_BOOTED),
    ]


def test_an_event_during_a_look_is_newer_than_the_look(known: Known) -> None:
    known.learn(Look([OFF_A]))
    known.begin()
    for event in happened(A, D.STARTED_BOOTED):
        known.hear(event)
    assert known.learn(Look([OFF_A])) == []


def test_what_an_event_said_during_a_look_is_kept(known: Known) -> None:
    known.learn(Look([OFF_A]))
    known.begin()
    for event in happened(A, D.STARTED_BOOTED):
        known.hear(event)
    known.learn(Look([OFF_A]))
    known.begin()
    assert known.learn(Look([RUNS_A])) == []


def test_a_network_that_starts_during_a_look_is_known_to_run(known: Known) -> None:
    idle = Thing(NET, active=False, persistent=True)
    known.learn(Look([], [idle], []))
    known.begin()
    known.hear(NetworkLifecycleEvent(time=1.0, network=NET, kind=NetworkKind.STARTED))
    assert known.learn(Look([], [idle], [])) == []
    assert known.things[NET.uuid].active


def test_what_a_look_knows_better_than_an_event_is_kept() -> None:
    """Before the first look, an event says nothing of whether its domain stays."""
    known = Known()
    known.begin()
    for event in happened(A, D.SUSPENDED_PAUSED):
        known.hear(event)
    known.learn(Look([replace(RUNS_A, reason=StateReason.PAUSED_USER)]))
    assert known.domains[A.uuid].persistent


def test_an_event_that_changes_nothing_of_this_hides_nothing(known: Known) -> None:
    known.learn(Look([RUNS_A]))
    known.begin()
    known.hear(RTCChangeEvent(time=1.0, domain=A, offset_s=0))
    assert told(known.learn(Look([OFF_A]))) == [("a", D.STOPPED_SHUTDOWN)]


def test_what_is_remembered_during_a_look_is_bounded(known: Known) -> None:
    known.begin()
    for event in happened(A, *[D.STARTED_BOOTED, D.STOPPED_DESTROYED] * 100):
        known.hear(event)
    assert len(known.heard) == 1


def test_a_domain_without_a_definition_is_forgotten_when_it_stops(known: Known) -> None:
    for event in happened(A, D.STARTED_BOOTED, D.STOPPED_DESTROYED):
        known.hear(event)
    assert not known.domains


def test_a_domain_that_runs_stays_known_when_it_is_undefined(known: Known) -> None:
    for event in happened(A, D.DEFINED_ADDED, D.STARTED_BOOTED, D.UNDEFINED_REMOVED):
        known.hear(event)
    assert not known.domains[A.uuid].persistent
    assert known.domains[A.uuid].state.active


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        (None, (True, True), ["DEFINED", "STARTED"]),
        ((True, True), None, ["STOPPED", "UNDEFINED"]),
        ((True, True), (False, True), ["STOPPED"]),
        ((False, True), (True, True), ["STARTED"]),
        ((True, False), (True, True), ["DEFINED"]),
        ((True, False), None, ["STOPPED"]),
    ],
)
def test_networks_and_pools(
    known: Known,
    old: tuple[bool, bool] | None,
    new: tuple[bool, bool] | None,
    kinds: list[str],
) -> None:
    def look(state: tuple[bool, bool] | None) -> Look:
        def things(key: NetworkKey | StoragePoolKey) -> list[Thing]:
            return [Thing(key, active=state[0], persistent=state[1])] if state else []

        return Look([], things(NET), things(POOL))

    known.learn(look(old))
    assert told(known.learn(look(new))) == [
        *(("default", NetworkKind[kind]) for kind in kinds),
        *(("images", PoolKind[kind]) for kind in kinds),
    ]


def test_events_of_networks_and_pools_keep_up_what_is_known(known: Known) -> None:
    for network_kind in (NetworkKind.DEFINED, NetworkKind.STARTED):
        known.hear(NetworkLifecycleEvent(time=1.0, network=NET, kind=network_kind))
    for pool_kind in (PoolKind.CREATED, PoolKind.STARTED, PoolKind.STOPPED):
        known.hear(StoragePoolLifecycleEvent(time=1.0, pool=POOL, kind=pool_kind))
    assert known.things == {NET.uuid: Thing(NET, active=True, persistent=True)}


def test_a_daemon_without_networks_tells_of_none(known: Known) -> None:
    assert known.learn(Look([OFF_A], None, None)) != []
    assert known.learn(Look([OFF_A], None, None)) == []
