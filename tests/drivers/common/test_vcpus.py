"""Which virtual processors a document says there are."""

from __future__ import annotations

import pytest

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.vcpus import (
    enabled_vcpus,
    set_enabled_vcpus,
    set_most_vcpus,
    vcpus_by_count,
)
from aiovirt.errors import CallerError


def config(vcpus: str = "<vcpu current='2'>4</vcpu>") -> DomainConfig:
    return DomainConfig.parse(
        f"<domain type='qemu'><name>a</name><memory>1024</memory>{vcpus}<os><type>hvm</type></os>"
        "</domain>"
    )


def rows(changed: DomainConfig) -> list[tuple[int | None, bool | None, bool | None]]:
    return [(v.id, v.enabled, v.hotpluggable) for v in changed.vcpu_states.vcpus]


def test_a_count_means_the_lowest() -> None:
    assert enabled_vcpus(config()) == {0, 1}
    assert vcpus_by_count(config(), 3) == {0, 1, 2}
    assert vcpus_by_count(config(), 1) == {0}


@pytest.mark.parametrize("count", [0, 5])
def test_there_are_one_to_the_most(count: int) -> None:
    with pytest.raises(CallerError, match="1 to 4"):
        vcpus_by_count(config(), count)


def test_a_count_says_all_as_long_as_it_can() -> None:
    changed = config()
    set_enabled_vcpus(changed, {0, 1, 2, 3})
    assert (changed.vcpu.current, rows(changed)) == (None, [])


def test_what_a_count_cannot_say_is_said_of_each() -> None:
    changed = config()
    set_enabled_vcpus(changed, {0, 2})
    assert enabled_vcpus(changed) == {0, 2}
    assert changed.vcpu.current == 2
    assert rows(changed) == [
        (0, True, False),
        (1, False, True),
        (2, True, True),
        (3, False, True),
    ]


def test_those_that_can_go_again_come_behind_those_that_cannot() -> None:
    changed = config()
    set_enabled_vcpus(changed, {0, 1, 2}, hotpluggable={1})
    assert rows(changed) == [(0, True, False), (1, True, True), (2, True, True), (3, False, True)]


@pytest.mark.parametrize(("numbers", "words"), [({1}, "without"), ({0, 4}, "processor 4")])
def test_wrong_numbers_are_refused(numbers: set[int], words: str) -> None:
    with pytest.raises(CallerError, match=words):
        set_enabled_vcpus(config(), numbers)


def test_the_most_cuts_off_those_above() -> None:
    changed = config()
    set_enabled_vcpus(changed, {0, 2})
    set_most_vcpus(changed, 2)
    assert (changed.vcpus, changed.vcpu.current) == (2, 1)
    assert enabled_vcpus(changed) == {0}
