"""Typed parameters: a value with or without the type that it is sent as."""

from __future__ import annotations

import pytest

from aiovirt.model.params import ParamType, ParamValue, Typed, plain


@pytest.mark.parametrize("given", [7, Typed(ParamType.UINT, 7)])
def test_a_plain_value_has_no_type(given: ParamValue) -> None:
    assert plain(given) == 7
    assert type(plain(given)) is int
