"""What must have happened between two looks at a domain."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.model.domain import DomainKey, DomainRecord, DomainState, StateReason
from aiovirt.model.events import LifecycleDetail, LifecycleKind
from aiovirt.model.transitions import between

KEY = DomainKey(UUID(int=1), "web1")
OFF = DomainRecord(KEY, None, StateReason.SHUTOFF_SHUTDOWN)
RUNS = DomainRecord(KEY, 1, StateReason.RUNNING_BOOTED)
STILL = replace(RUNS, reason=StateReason.PAUSED_USER)
ASLEEP = replace(RUNS, reason=StateReason.PM_SUSPENDED_UNKNOWN)
FLEETING = replace(RUNS, persistent=False)
AGAIN = replace(RUNS, id=2)
D = LifecycleDetail

CASES: list[tuple[str, DomainRecord | None, DomainRecord | None, list[LifecycleDetail]]] = [
    ("nothing is nothing", None, None, []),
    ("the same is nothing", RUNS, RUNS, []),
    ("defined", None, OFF, [D.DEFINED_ADDED]),
    ("undefined", OFF, None, [D.UNDEFINED_REMOVED]),
    ("started", OFF, RUNS, [D.STARTED_BOOTED]),
    ("defined and started", None, RUNS, [D.DEFINED_ADDED, D.STARTED_BOOTED]),
    ("created", None, FLEETING, [D.STARTED_BOOTED]),
    ("gone while it ran", FLEETING, None, [D.STOPPED_SHUTDOWN]),
    ("stopped and undefined", RUNS, None, [D.STOPPED_SHUTDOWN, D.UNDEFINED_REMOVED]),
    ("shut down", RUNS, OFF, [D.STOPPED_SHUTDOWN]),
    (
        "destroyed",
        RUNS,
        replace(OFF, reason=StateReason.SHUTOFF_DESTROYED),
        [D.STOPPED_DESTROYED],
    ),
    (
        "crashed",
        RUNS,
        replace(OFF, reason=StateReason.SHUTOFF_CRASHED),
        [D.STOPPED_CRASHED],
    ),
    ("paused", RUNS, STILL, [D.SUSPENDED_PAUSED]),
    ("resumed", STILL, RUNS, [D.RESUMED_UNPAUSED]),
    ("asleep", RUNS, ASLEEP, [D.PM_SUSPENDED_MEMORY]),
    ("started without running", OFF, STILL, [D.STARTED_BOOTED, D.SUSPENDED_PAUSED]),
    ("another instance", RUNS, AGAIN, [D.STOPPED_SHUTDOWN, D.STARTED_BOOTED]),
    (
        "a disk that is full",
        RUNS,
        replace(RUNS, reason=StateReason.PAUSED_IO_ERROR),
        [D.SUSPENDED_IO_ERROR],
    ),
    (
        "restored",
        OFF,
        replace(RUNS, reason=StateReason.RUNNING_RESTORED),
        [D.STARTED_RESTORED],
    ),
    ("made to stay", FLEETING, RUNS, [D.DEFINED_ADDED]),
    ("made to go", RUNS, FLEETING, [D.UNDEFINED_REMOVED]),
]


@pytest.mark.parametrize(
    ("old", "new", "details"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_what_happened(
    old: DomainRecord | None, new: DomainRecord | None, details: list[LifecycleDetail]
) -> None:
    assert list(between(old, new)) == details


@st.composite
def records(draw: st.DrawFn) -> DomainRecord | None:
    """Return a domain that can be: an active one has a number, an inactive one stays."""
    reason = draw(st.sampled_from(StateReason))
    if not reason.state.active:
        return draw(st.sampled_from([None, DomainRecord(KEY, None, reason)]))
    return DomainRecord(KEY, draw(st.integers(1, 3)), reason, persistent=draw(st.booleans()))


def after(record: DomainRecord | None, details: list[LifecycleDetail]) -> tuple[bool, bool, bool]:
    """Return whether it stays, is active and stands still, when all that has happened."""
    stays = record is not None and record.persistent
    active = record is not None and record.state.active
    still = record is not None and record.state in {DomainState.PAUSED, DomainState.PM_SUSPENDED}
    for detail in details:
        kind = detail.kind
        stays = kind is LifecycleKind.DEFINED or (stays and kind is not LifecycleKind.UNDEFINED)
        active = kind is LifecycleKind.STARTED or (active and kind is not LifecycleKind.STOPPED)
        if kind in {LifecycleKind.SUSPENDED, LifecycleKind.PM_SUSPENDED}:
            still = True
        elif kind in {LifecycleKind.STARTED, LifecycleKind.STOPPED, LifecycleKind.RESUMED}:
            still = False
    return stays, active, still


@given(old=records(), new=records())
def test_the_events_lead_from_one_to_the_other(
    old: DomainRecord | None, new: DomainRecord | None
) -> None:
    assert after(old, list(between(old, new))) == after(new, [])


@given(looks=st.lists(records(), min_size=2, max_size=5))
def test_no_event_says_what_was_so_already(looks: list[DomainRecord | None]) -> None:
    for old, new in pairwise(looks):
        details = list(between(old, new))
        for count, detail in enumerate(details):
            was = after(old, details[:count])
            now = after(old, details[: count + 1])
            assert was != now, detail
