"""Typed parameters: types by name, by value and by word; lists; what is none."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.model.params import ParamType, Typed
from aiovirt.protocols.libvirt.typed_params import MAX_NAME, MAX_NAMES, ParamList, _names
from aiovirt.protocols.xdr import DecodeError, EncodeError

LIST = ParamList(16)


def written(params: dict[str, object]) -> bytes:
    out = bytearray()
    LIST.encode(params, out)
    return bytes(out)


def read(data: bytes) -> dict[str, object]:
    return LIST.decode(data, 0, len(data))[0]


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"cpu_shares": 1024}, ParamType.ULLONG),
        ({"vcpu_period": 5}, ParamType.ULLONG),
        ({"weight": 500}, ParamType.UINT),
        ({"unknown": 5}, ParamType.ULLONG),
        ({"unknown": -5}, ParamType.LLONG),
        ({"unknown": True}, ParamType.BOOLEAN),
        ({"unknown": 0.5}, ParamType.DOUBLE),
        ({"unknown": "text"}, ParamType.STRING),
        ({"unknown": Typed(ParamType.INT, -7)}, ParamType.INT),
    ],
)
def test_type_that_is_sent(params: dict[str, object], kind: ParamType) -> None:
    data = written(params)
    (name,) = params
    place = 8 + -(-len(name) // 4) * 4
    assert int.from_bytes(data[place : place + 4], "big") == kind
    (value,) = params.values()
    assert read(data)[name] == (value.value if isinstance(value, Typed) else value)


def test_literal_bytes() -> None:
    data = bytes.fromhex("00000001 00000006 77656967 68740000 00000002 000001f4")
    assert written({"weight": 500}) == data
    assert read(data) == {"weight": 500}


def test_name_that_comes_several_times_is_a_list() -> None:
    params: dict[str, object] = {"migrate_disks": ["vda", "vdb", "vdc"], "bandwidth": 7}
    assert read(written(params)) == params


@pytest.mark.parametrize("number", [-math.inf, -0.0, math.inf, 5e-324])
def test_doubles(number: float) -> None:
    found = read(written({"x": number}))["x"]
    assert isinstance(found, float)
    assert (found, math.copysign(1, found)) == (number, math.copysign(1, number))


def test_double_that_is_no_number() -> None:
    found = read(written({"x": math.nan}))["x"]
    assert isinstance(found, float)
    assert math.isnan(found)


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"weight": -1}, "weight: -1 is no UINT"),
        ({"weight": "much"}, "weight: 'much' is no UINT"),
        ({"weight": None}, "weight: None is no UINT"),
        ({"x": Typed(ParamType.STRING, 5)}, "x: 5 is no STRING"),
        ({"x": 1 << 64}, "x: 18446744073709551616 is no ULLONG"),
        ({"x": Typed(ParamType.DOUBLE, 10**400)}, "x: 10+ is no DOUBLE"),
        ({"x": "a\0b"}, "the parameter x: 3 bytes of at most 4194304, none of them zero"),
        ({"x": "\ud800"}, "the parameter x: a character that cannot be sent"),
        ({"n" * 80: 1}, "the name 'n+' of a parameter: 80 bytes of at most 79"),
        ({5: 1}, "the name 5 of a parameter: 5 is no STRING"),
        ({f"p{number}": 1 for number in range(17)}, "17 typed parameters"),
    ],
)
def test_value_that_fits_no_type_is_named(params: dict[Any, object], text: str) -> None:
    with pytest.raises(EncodeError, match=text):
        written(params)


def test_unknown_type() -> None:
    data = bytes.fromhex("00000001 00000001 78000000 00000008 00000000 00000000")
    with pytest.raises(DecodeError, match="unknown type 8"):
        read(data)


def test_more_than_the_limit() -> None:
    with pytest.raises(DecodeError, match="17 typed parameters"):
        read((17).to_bytes(4, "big") + bytes(4000))


def test_invented_names_cost_no_memory() -> None:
    for start in range(0, MAX_NAMES + 64, 16):
        read(written({f"n{start + number}": 1 for number in range(16)}))
    assert len(_names) <= MAX_NAMES


@given(st.binary(max_size=120))
def test_random_bytes(data: bytes) -> None:
    with suppress(DecodeError):
        read(data)
    with suppress(DecodeError):
        read(b"\0\0\0\3" + data)


def test_names_that_libvirt_has_not_are_read_and_not_remembered() -> None:
    name = b"n" * (MAX_NAME + 1)
    data = bytes.fromhex("00000001 00000050") + name + bytes.fromhex("00000001 00000005")
    assert read(data) == {name.decode(): 5}
    assert name not in _names


def test_one_name_a_hundred_thousand_times_is_read_in_one_go() -> None:
    """Copying the list for each value would take minutes."""
    count = 200_000
    data = count.to_bytes(4, "big") + bytes.fromhex("00000001 78000000 00000001 00000007") * count
    values = ParamList(count).decode(data, 0, len(data))[0]["x"]
    assert values == [7] * count


@pytest.mark.parametrize("length", range(4, 20))
def test_text_that_is_cut(length: int) -> None:
    data = bytes.fromhex("00000001 00000001 78000000 00000007 00000002 61620000")
    assert read(data) == {"x": "ab"}
    with pytest.raises(DecodeError):
        read(data[:length])
    with pytest.raises(DecodeError):
        read(data[:-1])
