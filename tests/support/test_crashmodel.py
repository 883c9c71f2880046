"""What the model of a killed daemon's domains allows, and what not."""

from __future__ import annotations

import pytest
from crashmodel import Found, Model


def told(*lines: str) -> Model:
    model = Model()
    model.read(
        dict(zip(("name", "call", "phase", "about"), line.split(), strict=False)) for line in lines
    )
    return model


DEFINED = ("a define begin", "a define done")


@pytest.mark.parametrize("state", ["defined", "running"])
def test_a_call_without_an_answer_may_have_happened(state: str) -> None:
    assert not told(*DEFINED, "a start begin").complaints({"a": Found(state)})


def test_a_call_with_an_answer_has_happened() -> None:
    model = told(*DEFINED, "a start begin", "a start done")
    assert model.complaints({"a": Found("defined")})


def test_a_call_that_failed_has_not() -> None:
    model = told(*DEFINED, "a start begin", "a start failed")
    assert model.complaints({"a": Found("running")})


def test_a_domain_that_is_lost_is_noticed() -> None:
    assert told(*DEFINED).complaints({})


def test_a_domain_from_nowhere_is_noticed() -> None:
    assert told(*DEFINED).complaints({"a": Found("defined"), "b": Found("defined")})


def test_a_snapshot_belongs_to_what_is_known() -> None:
    model = told(*DEFINED, "a snapshot begin s1", "a snapshot done s1")
    assert not model.complaints({"a": Found("defined", frozenset({"s1"}))})
    assert model.complaints({"a": Found("defined")})


def test_what_is_shown_is_where_it_goes_on_from() -> None:
    model = told(*DEFINED, "a undefine begin")
    model.settle({})
    assert model.complaints({"a": Found("defined")})
