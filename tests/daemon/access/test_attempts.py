"""Guessing is slow, and forgotten in time."""

from __future__ import annotations

from aiovirt.daemon.access.attempts import FORGOTTEN_S, LONGEST_WAIT_S, MAX_SOURCES, Attempts


def waits(count: int) -> list[float]:
    attempts, found = Attempts(), []
    for _ in range(count):
        attempts.failed("192.0.2.1", 0.0)
        found.append(attempts.wait_s("192.0.2.1", 0.0))
    return found


def test_the_first_failures_are_free_then_waits_double_up_to_a_bound() -> None:
    assert waits(5) == [0.0, 0.0, 0.25, 0.5, 1.0]
    assert waits(50)[-1] == LONGEST_WAIT_S


def test_waiting_ends() -> None:
    attempts = Attempts()
    for _ in range(9):
        attempts.failed("a", 0.0)
    assert attempts.wait_s("a", 1.0) == LONGEST_WAIT_S - 1.0
    assert attempts.wait_s("a", LONGEST_WAIT_S) == 0.0


def test_others_do_not_wait() -> None:
    attempts = Attempts()
    for _ in range(9):
        attempts.failed("192.0.2.1", 0.0)
    assert attempts.wait_s("192.0.2.2", 0.0) == 0.0


def test_success_and_time_forgive() -> None:
    attempts = Attempts()
    for _ in range(9):
        attempts.failed("a", 0.0)
        attempts.failed("b", 0.0)
    attempts.succeeded("a")
    assert attempts.wait_s("a", 1.0) == 0.0
    attempts.failed("b", FORGOTTEN_S)
    assert attempts.wait_s("b", FORGOTTEN_S) == 0.0


def test_sources_are_bounded() -> None:
    attempts = Attempts()
    for number in range(MAX_SOURCES + 9):
        attempts.failed(str(number), 0.0)
    assert len(attempts._failures) == MAX_SOURCES
