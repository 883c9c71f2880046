"""Places: which calls are at work and which wait."""

from __future__ import annotations

from aiovirt.daemon.service.work import Places


def given(places: Places[int], group: object) -> int | None:
    """Who has the place that a call of a group gives back."""
    places.leave(group)
    return places.next()


def test_as_many_calls_begin_as_there_are_places() -> None:
    places = Places[int](2, 8)
    assert [places.enter(call, "web1") for call in range(3)] == [True, True, False]


def test_each_group_has_places_of_its_own() -> None:
    places = Places[int](1, 8)
    places.enter(0, "web1")
    assert places.enter(1, "db1")


def test_a_place_goes_to_who_waits_longest() -> None:
    places = Places[int](1, 8)
    for call in range(3):
        places.enter(call, "web1")
    assert [given(places, "web1") for _ in range(3)] == [1, 2, None]
    assert places.at_work == 0


def test_places_that_are_taken_away_are_not_given_again() -> None:
    places = Places[int](2, 8)
    for call in range(3):
        places.enter(call, "web1")
    places.most = 1
    assert given(places, "web1") is None
    assert given(places, "web1") == 2


def test_it_is_full_when_more_wait_than_may() -> None:
    places = Places[int](1, 1)
    for call in range(2):
        places.enter(call, "web1")
    assert not places.full
    places.enter(2, "web1")
    assert places.full


def test_who_waits_can_be_forgotten() -> None:
    places = Places[int](1, 1)
    for call in range(3):
        places.enter(call, "web1")
    assert (places.clear(), places.waiting) == ([1, 2], 0)


def test_there_is_an_end_to_groups() -> None:
    places = Places[int](1, 2)
    assert [places.enter(call, call) for call in range(4)] == [True, True, True, False]
    assert given(places, 0) == 3


def test_nobody_overtakes_in_a_group() -> None:
    places = Places[int](2, 0)
    for call in range(3):
        places.enter(call, "web1")
    places.most = 4
    assert not places.enter(3, "web1")
