"""The layer of pieces: what goes in comes out, and no more is kept than allowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import LimitExceeded
from aiovirt.protocols.sasl.mechanism import WrappedLayer


def layer(*, limit: int = 64) -> WrappedLayer:
    return WrappedLayer(
        lambda data: data[::-1], lambda data: data[::-1], ssf=56, piece=7, limit=limit
    )


@given(st.binary(max_size=200), st.integers(1, 50))
def test_what_goes_in_comes_out(data: bytes, at_once: int) -> None:
    line = layer().encode(data)
    theirs = layer()
    starts = range(0, len(line), at_once)
    assert b"".join(theirs.decode(line[at : at + at_once]) for at in starts) == data


def test_a_piece_has_its_length_before_it() -> None:
    assert layer().encode(b"abcdefgh") == b"\0\0\0\7gfedcba\0\0\0\1h"


def test_a_piece_is_bounded_before_it_has_come() -> None:
    with pytest.raises(LimitExceeded):
        layer(limit=8).decode(b"\0\0\0\t")
