"""Sizes keep their unit, whatever is done with them."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import ConfigError
from aiovirt.model.units import Bytes, GiB, KiB, MiB, TiB


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("4096", 4096),
        ("1 byte", 1),
        ("1k", 1024),
        ("1 KB", 1000),
        ("1 KiB", 1024),
        ("512M", 512 * 1024**2),
        ("1.5 GiB", 3 * 512 * 1024**2),
        (" 2 tib ", 2 * 1024**4),
        ("1E", 1024**6),
        ("0.3 KiB", 308),
    ],
)
def test_parses_libvirts_units(text: str, count: int) -> None:
    assert Bytes.parse(text) == count


@pytest.mark.parametrize(
    "text", ["", "GiB", "1 GX", "-1", "1,5 GiB", "1e3", "0x10", "1 GiB x", "\u0661"]
)
def test_refuses_what_is_no_size(text: str) -> None:
    with pytest.raises(ConfigError, match="size"):
        Bytes.parse(text)


def test_a_bare_number_counts_the_default_unit() -> None:
    assert Bytes.parse("2", default="KiB") == KiB(2)


def test_units_make_bytes() -> None:
    assert [KiB(1), MiB(1), GiB(1), TiB(1)] == [1024, 1024**2, 1024**3, 1024**4]


def test_a_fraction_of_a_unit_is_rounded_up_to_bytes() -> None:
    assert KiB(0.0005) == 1


@pytest.mark.parametrize("count", [-1, float("nan"), float("inf")])
def test_units_refuse_impossible_counts(count: float) -> None:
    with pytest.raises(ConfigError):
        GiB(count)


def test_arithmetic_stays_in_bytes() -> None:
    results = [GiB(1) + 1, 1 + GiB(1), GiB(1) - 1, GiB(1) * 2, 2 * GiB(1), GiB(1) // 2, GiB(1) % 7]
    assert {type(result) for result in results} == {Bytes}


def test_a_size_cannot_become_negative() -> None:
    with pytest.raises(ConfigError, match="negative"):
        _ = KiB(1) - KiB(2)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Bytes(0), "0 bytes"),
        (Bytes(1000), "1000 bytes"),
        (MiB(1536), "1536 MiB"),
        (GiB(2), "2 GiB"),
        (TiB(1024**3), "1024 EiB"),
    ],
)
def test_prints_the_largest_whole_unit(amount: Bytes, text: str) -> None:
    assert str(amount) == f"{amount}" == text


def test_formats_as_a_number_when_asked() -> None:
    assert f"{KiB(2):,d}" == "2,048"


def test_rounds_up_to_a_unit() -> None:
    assert Bytes(1025).round_up(1024) == KiB(2)


def test_copies_stay_bytes() -> None:
    assert repr(copy.deepcopy([KiB(1)])) == "[Bytes(1024)]"


@given(st.integers(min_value=0, max_value=2**70))
def test_text_round_trips(count: int) -> None:
    assert Bytes.parse(str(Bytes(count))) == count


@given(st.text())
def test_any_text_is_a_size_or_an_error(text: str) -> None:
    try:
        Bytes.parse(text)
    except ConfigError:
        return
    assert any(letter.isdigit() for letter in text)
