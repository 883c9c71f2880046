"""The measuring itself: a gate that cannot close is no gate."""

from __future__ import annotations

from pathlib import Path

import figures
import pytest

SAMPLE = '''\
"""A module."""

import os  # {no}qa: F401


def long(a: int, b) -> int:  # one line of code
    """Say something."""

    # a comment
    if a:
        for _ in range(a):
            with open("x") as f:
                while b and f:
                    b = 0
    elif b:
        return 2
    elif a and b:
        return 3
    else:
        return 4
    return 1


class Public:
    def method(self) -> None:
        """Say it."""

    @staticmethod
    def bare(a):
        return a
'''


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> figures.Source:
    monkeypatch.setattr(figures, "ROOT", tmp_path)
    path = tmp_path / "sample.py"
    path.write_text(SAMPLE.format(no="no"))
    return figures.Source(path, path.read_text())


def test_lengths_leave_out_docstrings_comments_and_blanks(sample: figures.Source) -> None:
    assert [function.length for function in sample.functions] == [13, 1, 2]


def test_an_elif_adds_a_rung_and_no_nesting(sample: figures.Source) -> None:
    long = sample.functions[0]
    assert (long.nesting, long.ladder) == (4, 3)


def test_branches_are_mccabes(sample: figures.Source) -> None:
    assert sample.functions[0].branches == 8


def test_a_parameter_without_a_type_is_found(sample: figures.Source) -> None:
    assert [function.typed for function in sample.functions] == [False, True, False]


def test_a_public_name_without_a_docstring_is_found(sample: figures.Source) -> None:
    assert sample.undocumented == ["sample.py Public", "sample.py bare"]


def test_suppressions_are_counted(sample: figures.Source) -> None:
    assert len(sample.suppressions) == 1


def test_nine_of_ten() -> None:
    assert figures.of_ten(range(1, 11), 9) == 9
    assert figures.of_ten([], 9) == 0
