"""Pauses between tries."""

from __future__ import annotations

from aiovirt.clients.backoff import Backoff


def test_pauses_grow_up_to_a_limit_and_begin_again() -> None:
    backoff = Backoff(first_s=1, most_s=8)
    for limit in (1, 2, 4, 8, 8, 8):
        assert limit / 2 <= backoff.next() <= limit
    backoff.lasted(7.9)
    assert backoff.next() >= 4
    backoff.lasted(8)
    assert backoff.next() <= 1
