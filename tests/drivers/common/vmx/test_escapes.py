"""Escapes in values and in names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.drivers.common.vmx.escapes import (
    escape,
    escape_name,
    printable,
    unescape,
    unescape_name,
)


@pytest.mark.parametrize(
    ("text", "raw"),
    [('say "hi"', "say |22hi|22"), ("a|b", "a|7cb"), ("one\ntwo\r", "one|0atwo|0d"), ("é", "é")],
)
def test_what_would_end_a_value_is_escaped(text: str, raw: str) -> None:
    assert escape(text) == raw
    assert unescape(raw) == text


def test_bytes_of_a_character_are_put_together() -> None:
    assert unescape("caf|C3|a9 |E2|82|AC") == "café €"


@pytest.mark.parametrize("raw", ["|", "a|2", "|zz", "|22|", "|ff"])
def test_an_escape_that_means_nothing_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match=r"hexadecimal|decode"):
        unescape(raw)


@given(st.text())
def test_every_text_survives_as_a_value(text: str) -> None:
    assert unescape(escape(text)) == text
    assert not {'"', "\n", "\r"} & set(escape(text))


@given(st.text())
def test_every_name_survives(name: str) -> None:
    assert unescape_name(escape_name(name)) == name
    assert "/" not in escape_name(name)


def test_a_percent_sign_that_stands_for_itself_stays() -> None:
    assert unescape_name("100% or 50%2f2") == "100% or 50/2"


def test_what_xml_cannot_carry_is_left_out() -> None:
    assert printable("a\x00\x1b[b\ud800\uffff\tc\n") == "a[b\tc\n"
