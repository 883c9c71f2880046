"""``list``: which domains, what of them, in which order."""

from __future__ import annotations

from uuid import UUID

import pytest
from clirun import Define, Run
from fakeguest import Guest, silent
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.cli.listing import Choice, chosen
from aiovirt.model.domain import DomainKey, DomainRecord, DomainState, StateReason


def record(reason: StateReason, number: int = 1) -> DomainRecord:
    key = DomainKey(UUID(int=number), f"vm{number}")
    return DomainRecord(key, number if reason.state.active else None, reason)


def states(choice: Choice) -> set[DomainState]:
    return {kept.state for kept in chosen(choice, [record(reason) for reason in StateReason])}


ACTIVE = {state for state in DomainState if state.active}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice(), ACTIVE),
        (Choice(inactive=True), set(DomainState) - ACTIVE),
        (Choice(everything=True), set(DomainState)),
        (Choice(state_paused=True), {DomainState.PAUSED}),
        (Choice(state_shutoff=True), {DomainState.SHUTOFF}),
        (
            Choice(state_running=True, state_shutoff=True),
            {DomainState.RUNNING, DomainState.SHUTOFF},
        ),
    ],
)
def test_options_choose_states(choice: Choice, expected: set[DomainState]) -> None:
    assert states(choice) == expected


@given(st.lists(st.sampled_from(list(StateReason))))
def test_each_record_has_exactly_one_state_option(reasons: list[StateReason]) -> None:
    records = [record(reason, number) for number, reason in enumerate(reasons, start=1)]
    options = ("state_running", "state_paused", "state_shutoff", "state_other")
    found = [chosen(Choice(**{option: True}), records) for option in options]
    assert sorted(r.key.name for part in found for r in part) == sorted(r.key.name for r in records)


def test_active_ones_come_first_by_id(run: Run, define: Define) -> None:
    for name in ("a", "b", "c"):
        define(name)
    for name in ("c", "b"):
        run("start", name)
    assert run("list", "--all", "--name").out == "c\nb\na\n"


@pytest.mark.usefixtures("web1")
def test_a_table_looks_as_virsh_draws_it(run: Run, define: Define) -> None:
    define("db")
    assert run("list", "--all").out == (
        " Id   Name   State\n----------------------\n 1    web1   running\n -    db     shut off\n"
    )


def test_bare_columns_have_no_headings(run: Run, web1: Guest) -> None:
    assert run("list", "--uuid", "--name").out == f"{web1.key.uuid}  web1\n"


@pytest.mark.usefixtures("web1")
def test_a_title_stands_beside_the_state(run: Run) -> None:
    assert run("list", "--title", "-q").out.split() == ["1", "web1", "running", "The", "web1"]


def test_json_gives_every_value(run: Run, web1: Guest) -> None:
    assert run("list", "-o", "json").json == [
        {
            "id": 1,
            "name": "web1",
            "uuid": str(web1.key.uuid),
            "state": "running",
            "reason": "booted",
            "persistent": True,
            "autostart": False,
            "control": "ok",
            "unresponsive_since": None,
            "last_error": None,
        }
    ]


def test_one_that_does_not_answer_is_marked(run: Run, web1: Guest) -> None:
    silent(web1)
    assert "running (not responding)" in run("list").out


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_an_empty_host_is_an_empty_list(run: Run, output: str) -> None:
    assert run("list", "-o", output).out == "[]\n"
