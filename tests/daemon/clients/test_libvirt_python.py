"""libvirt-python, Debian's package, drives the daemon's process: calls, events, streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from daemonprocess import DaemonProcess

pytestmark = pytest.mark.real

Ask = Callable[..., Any]

NUMBERS = {
    "no domain": 42,
    "no network": 43,
    "no pool": 49,
    "no secret": 66,
    "no device": 53,
    "no interface": 57,
    "no filter": 62,
}
"""How libvirt refuses what is not there."""

KINDS = {"domain": 27, "network": 1, "pool": 2, "device": 2, "secret": 2}
"""The kinds of events that libvirt 9.0 knows."""


def unpleasant(answers: dict[str, Any]) -> dict[str, Any]:
    """Those that are refused, or are false where truth is asked for."""
    return {
        name: answer
        for name, answer in answers.items()
        if answer is False or isinstance(answer, dict)
    }


def test_the_calls_of_its_examples_on_the_host_in_memory(daemon: DaemonProcess, ask: Ask) -> None:
    answers = ask("ask_all.py", daemon.test_uri, "test")
    for part in ("host", "lists", "guest"):
        assert not unpleasant(answers[part])
    assert answers["host"]["type"] == "TEST"


def test_the_calls_of_its_examples_on_qemu(daemon: DaemonProcess, ask: Ask, guest: str) -> None:
    answers = ask("ask_all.py", daemon.uri, guest)
    assert not unpleasant(answers["host"])
    assert not unpleasant(answers["guest"])
    assert answers["host"]["type"] == "QEMU"
    assert answers["lists"]["running"] is True


def test_what_is_not_there_is_refused_by_libvirts_numbers(daemon: DaemonProcess, ask: Ask) -> None:
    refusals = ask("ask_all.py", daemon.test_uri, "test")["refusals"]
    assert {name: refusals[name]["refused"] for name in NUMBERS} == NUMBERS


def test_every_kind_of_event_can_be_registered_and_is_heard(
    daemon: DaemonProcess, ask: Ask
) -> None:
    answers = ask("hear_all.py", daemon.test_uri, "test", "resources")
    assert answers["registered"] == KINDS
    things = [[*line[:1], *line[2:3]] for line in answers["heard"] if line[0] != "old"]
    for kind, first, then in (
        ("domain 0", 3, 4),  # suspended, resumed
        ("network 0", 0, 1),  # defined, undefined
        ("secret 0", 0, 1),
        ("pool 0", 0, 1),
    ):
        assert [what for name, what in things if name == kind] == [first, then]
    assert [line[2] for line in answers["heard"] if line[0] == "old"] == [3, 4]


def test_a_guest_of_qemu_is_heard(daemon: DaemonProcess, ask: Ask, guest: str) -> None:
    answers = ask("hear_all.py", daemon.uri, guest)
    assert answers["registered"] == KINDS
    heard = [line[2] for line in answers["heard"] if line[0] == "domain 0"]
    assert heard == [3, 4]


def test_data_move_both_ways_in_each_way_of_streams(daemon: DaemonProcess, ask: Ask) -> None:
    answers = ask("move_data.py", daemon.test_uri, "default-pool", "test")
    assert not unpleasant(answers)
    assert answers["screen"][1] is True
