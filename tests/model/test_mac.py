"""MAC addresses are six bytes with one way to write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import ConfigError
from aiovirt.model.mac import MacAddress


def test_writes_lower_case_with_colons() -> None:
    assert str(MacAddress.parse("52:54:00:AB:cd:1")) == "52:54:00:ab:cd:01"


@pytest.mark.parametrize("text", ["", "52:54:00:12:34", "52-54-00-12-34-56", "52:54:00:12:34:5g"])
def test_refuses_other_text(text: str) -> None:
    with pytest.raises(ConfigError, match="MAC"):
        MacAddress.parse(text)


def test_refuses_another_length() -> None:
    with pytest.raises(ConfigError, match="six"):
        MacAddress(b"12345")


def test_random_ones_are_qemus_and_differ() -> None:
    drawn = {MacAddress.random() for _ in range(20)}
    assert len(drawn) > 15
    assert all(str(mac).startswith("52:54:00:") for mac in drawn)


def test_knows_multicast() -> None:
    assert MacAddress.parse("01:00:5e:00:00:01").is_multicast
    assert not MacAddress.random().is_multicast


@given(st.binary(min_size=6, max_size=6))
def test_text_round_trips(octets: bytes) -> None:
    assert MacAddress.parse(str(MacAddress(octets))).octets == octets
