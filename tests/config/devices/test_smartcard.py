"""Smartcards."""

from __future__ import annotations

import pytest

from aiovirt.config import Smartcard, problems


@pytest.mark.parametrize(("count", "wrong"), [(2, 1), (3, 0), (4, 1)])
def test_a_card_is_made_of_three_certificates(count: int, wrong: int) -> None:
    card = Smartcard(mode="host-certificates", certificates=["a"] * count)
    assert len(list(problems(card))) == wrong


def test_a_card_from_elsewhere_comes_by_a_character_device() -> None:
    (problem,) = problems(Smartcard(mode="passthrough"))
    assert "type is missing" in str(problem)
