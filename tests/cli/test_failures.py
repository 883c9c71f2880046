"""What is said of errors, and the exit status."""

from __future__ import annotations

import signal

import pytest

from aiovirt.cli import failures
from aiovirt.cli.failures import Failure, Guard, explain
from aiovirt.cli.standard import OutputGone
from aiovirt.errors import Busy, NotFound, Unsupported

CASES: list[tuple[BaseException, Failure]] = [
    (NotFound("no x", hint="look"), Failure(1, "no x", "look")),
    (FileNotFoundError(2, "No such file", "x.xml"), Failure(1, "x.xml: No such file")),
    (failures.UsageError("wrong", hint="so"), Failure(2, "wrong", "so")),
    (failures.Interrupted(signal.SIGTERM), Failure(143)),
    (KeyboardInterrupt(), Failure(130)),
    (OutputGone(), Failure(141)),
    (
        ExceptionGroup("", [Busy("a"), ExceptionGroup("", [Busy("b"), Busy("c")])]),
        Failure(1, "a (and 2 more errors)"),
    ),
]


@pytest.mark.parametrize(("error", "failure"), CASES)
def test_an_error_has_a_sentence_and_a_status(error: BaseException, failure: Failure) -> None:
    assert explain(error) == failure


def test_an_operation_that_is_not_there_is_told_with_whom_to_ask() -> None:
    failure = explain(Unsupported("LXC", "screenshot"))
    assert failure.text == "the LXC driver does not support screenshot"


def test_what_nobody_foresaw_is_our_fault() -> None:
    failure = explain(ZeroDivisionError("division by zero"))
    assert failure.text == "internal error: ZeroDivisionError: division by zero"
    assert "--debug" in (failure.hint or "")


def test_lines_of_a_peer_become_one(capsys: pytest.CaptureFixture[str]) -> None:
    with Guard(debug=False) as guard:
        raise NotFound("first\n  second\x1b[2J\n")
    assert (guard.status, capsys.readouterr().err) == (1, "error: first second?[2J\n")


def test_debug_shows_where_it_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    with Guard(debug=True):
        raise NotFound("x") from ValueError("the cause")
    assert "ValueError: the cause" in capsys.readouterr().err
