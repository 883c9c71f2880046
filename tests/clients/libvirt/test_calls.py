"""Whose turn it is: the window, the place that is kept free, callers who go."""

from __future__ import annotations

from aiovirt.clients.libvirt._calls import AHEAD, Calls, PendingCall
from aiovirt.errors import ConnectionLost
from aiovirt.protocols.libvirt.connection import Reply
from aiovirt.streams.channel import Slot


class Waiting(Slot):
    """A place whose waiter is only asked whether it was woken."""

    def __init__(self) -> None:
        self.woken = False

    def set(self) -> None:
        self.woken = True

    async def wait(self) -> None:
        raise AssertionError("nobody waits here")


def call(serial: int, *, quick: bool = False) -> PendingCall:
    return PendingCall(serial, b"", (), Waiting(), quick=quick)


def added(calls: Calls, *wanted: PendingCall) -> None:
    for one in wanted:
        calls.add(one)


def due(calls: Calls) -> list[int]:
    return [one.serial for one in calls.due()]


def test_last_place_is_for_calls_that_no_guest_holds_up() -> None:
    calls = Calls(window=3)
    added(calls, *(call(serial) for serial in range(4)))
    assert due(calls) == [0, 1]
    added(calls, call(8, quick=True), call(9, quick=True))
    assert due(calls) == [8]
    assert calls.in_flight == 3


def test_ordinary_calls_wait_for_no_quick_ones() -> None:
    calls = Calls(window=2)
    added(calls, *(call(serial, quick=True) for serial in range(3)), call(8))
    assert due(calls) == [8, 0]
    calls.answer(Reply(8, b""))
    added(calls, call(9))
    assert due(calls) == [9]


def test_quick_calls_run_ahead_as_far_as_they_are_answered() -> None:
    calls = Calls(window=3)
    added(calls, *(call(serial, quick=True) for serial in range(60)))
    assert due(calls) == [0, 1, 2]
    for serial in range(30):
        calls.answer(Reply(serial, b""))
        due(calls)
    assert calls.in_flight == 3 * AHEAD


def test_quick_calls_begin_anew_after_they_were_all_answered() -> None:
    calls = Calls(window=3)
    added(calls, *(call(serial, quick=True) for serial in range(12)))
    for serial in range(12):
        due(calls)
        calls.answer(Reply(serial, b""))
    added(calls, *(call(serial, quick=True) for serial in range(20, 30)))
    assert due(calls) == [20, 21, 22]


def test_a_reply_makes_room_for_the_next() -> None:
    calls = Calls(window=2)
    first, second = call(0), call(1)
    added(calls, first, second)
    assert due(calls) == [0]
    assert calls.answer(Reply(0, b""))
    assert isinstance(first.slot, Waiting)
    assert first.slot.woken
    assert due(calls) == [1]


def test_who_goes_before_the_turn_is_forgotten() -> None:
    calls = Calls(window=2)
    first, second, third = call(0), call(1), call(2)
    added(calls, first, second, third)
    assert due(calls) == [0]
    assert calls.give_up(second)
    calls.answer(Reply(0, b""))
    assert due(calls) == [2]


def test_who_goes_after_it_leaves_the_place_taken() -> None:
    calls = Calls(window=2)
    first = call(0)
    added(calls, first, call(1))
    assert due(calls) == [0]
    assert not calls.give_up(first)
    assert (calls.stuck, due(calls)) == (1, [])
    assert not calls.answer(Reply(0, b""))
    assert (calls.stuck, due(calls)) == (0, [1])


def test_end_tells_each_whether_it_was_sent() -> None:
    calls = Calls(window=2)
    one, two = call(0), call(1)
    added(calls, one, two)
    assert due(calls) == [0]
    calls.end(lambda sent: ConnectionLost("over", maybe_done=sent))
    outcomes = [item.outcome for item in (one, two)]
    assert [isinstance(o, ConnectionLost) and o.maybe_done for o in outcomes] == [True, False]
    assert calls.in_flight == 0
