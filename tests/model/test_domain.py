"""States, reasons and details carry libvirt's numbers."""

from __future__ import annotations

import copy
from uuid import UUID

import pytest

from aiovirt.model.domain import DomainKey, DomainState, StateReason
from aiovirt.model.events import LifecycleDetail, LifecycleKind
from aiovirt.model.statistics import figures_of
from aiovirt.model.statsgroups import BalloonStats, CpuStats, VcpuStats
from aiovirt.protocols.libvirt.tables.structs import Domain

KEY = DomainKey(UUID(int=1), "web1")


@pytest.mark.parametrize("enumeration", [StateReason, LifecycleDetail])
def test_no_number_stands_twice(
    enumeration: type[StateReason | LifecycleDetail],
) -> None:
    pairs = [member.value[:2] for member in enumeration]
    assert len(pairs) == len(set(pairs))


def test_each_state_has_an_unknown_reason() -> None:
    with_zero = {reason.state for reason in StateReason if reason.number == 0}
    assert with_zero == set(DomainState)


def test_each_kind_has_a_first_detail() -> None:
    with_zero = {detail.kind for detail in LifecycleDetail if detail.number == 0}
    assert with_zero == set(LifecycleKind)


def test_every_state_has_a_label() -> None:
    assert len({state.label for state in DomainState}) == len(DomainState)


def test_groups_become_figures_with_the_names_of_virsh() -> None:
    figures = figures_of(
        StateReason.RUNNING_BOOTED,
        cpu=CpuStats(30, 20, 10),
        balloon=BalloonStats(maximum=4096, rss=2048),
        vcpus=(VcpuStats(0, time_ns=5),),
    )
    assert figures == {
        "state.state": 1,
        "state.reason": 1,
        "cpu.time": 30,
        "cpu.user": 20,
        "cpu.system": 10,
        "balloon.maximum": 4,
        "balloon.rss": 2,
        "vcpu.current": 1,
        "vcpu.0.time": 5,
    }


def test_key_that_came_along_a_wire_is_the_same_as_any() -> None:
    uuid = UUID("f1f1f1f1-0000-4000-8000-000000000001")
    ours, theirs = DomainKey(uuid, "web1"), DomainKey.from_wire(Domain("web1", uuid.bytes, 1))
    assert theirs.uuid_bytes == ours.uuid_bytes == uuid.bytes
    assert (ours, hash(ours), repr(ours)) == (theirs, hash(theirs), repr(theirs))
    assert theirs.uuid == uuid
    assert ours != DomainKey(uuid, "web2") != DomainKey(UUID(int=1), "web2")


def test_key_does_not_change_and_can_be_taken_apart_and_copied() -> None:
    key = DomainKey(UUID(int=1), "web1")
    with pytest.raises(AttributeError, match="does not change"):
        setattr(key, "name", "x")  # noqa: B010 - type checkers see a plain assignment's mistake
    with pytest.raises(AttributeError, match="does not change"):
        delattr(key, "name")
    assert copy.deepcopy(key) == copy.copy(key) == key
    match key:
        case DomainKey(uuid, name):
            assert (uuid, name) == (UUID(int=1), "web1")
