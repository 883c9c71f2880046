"""Sets of processors and their texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import CallerError
from aiovirt.model.cpusets import LARGEST, format_cpus, parse_cpus

TEXTS = [
    ("0", {0}),
    ("0-3", {0, 1, 2, 3}),
    ("0-3,^2,7", {0, 1, 3, 7}),
    (" 5 , 6", {5, 6}),
    ("^1,1", {1}),
]
WRONG = ["", "a", "3-1", "1,", "-1", "1-", "^", f"{LARGEST}", "0-99999999999", "\u0661"]


@pytest.mark.parametrize(("text", "cpus"), TEXTS)
def test_texts_are_read(text: str, cpus: set[int]) -> None:
    assert parse_cpus(text) == cpus


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_set_is_told(text: str) -> None:
    with pytest.raises(CallerError):
        parse_cpus(text)


@given(st.frozensets(st.integers(0, LARGEST - 1), min_size=1, max_size=50))
def test_sets_come_back(cpus: frozenset[int]) -> None:
    assert parse_cpus(format_cpus(cpus)) == cpus
