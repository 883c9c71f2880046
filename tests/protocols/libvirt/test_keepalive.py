"""Keepalive, with a clock of numbers."""

from __future__ import annotations

from aiovirt.protocols.libvirt.keepalive import PROGRESS_BYTES, Keepalive, Verdict


def test_silence_is_asked_about_and_then_is_death() -> None:
    keepalive = Keepalive(5, 2, now=100)
    verdicts = [keepalive.check(now) for now in (104, 105, 109, 110, 115)]
    assert verdicts == [Verdict.WAIT, Verdict.PING, Verdict.WAIT, Verdict.PING, Verdict.DEAD]


def test_anything_that_comes_is_an_answer() -> None:
    keepalive = Keepalive(5, 1, now=0)
    assert keepalive.check(5) is Verdict.PING
    keepalive.heard(9)
    assert keepalive.due == 14
    assert keepalive.check(14) is Verdict.PING
    assert keepalive.check(19) is Verdict.DEAD


def test_a_few_bytes_of_a_packet_are_no_answer() -> None:
    keepalive = Keepalive(5, 1, now=0)
    assert keepalive.check(5) is Verdict.PING
    keepalive.heard_part(9, PROGRESS_BYTES - 1)
    assert keepalive.check(10) is Verdict.DEAD


def test_a_good_part_of_a_packet_is_one() -> None:
    keepalive = Keepalive(5, 1, now=0)
    keepalive.heard_part(1, PROGRESS_BYTES // 2)
    keepalive.heard_part(2, PROGRESS_BYTES // 2)
    assert keepalive.due == 7
    keepalive.heard_part(3, PROGRESS_BYTES // 2)
    assert keepalive.due == 7
