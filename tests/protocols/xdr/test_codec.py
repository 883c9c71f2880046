"""The codec, with structs of its own: literal bytes, limits, and what does not fit."""

from __future__ import annotations

from typing import Annotated

import pytest

from aiovirt.protocols.xdr import (
    Chars,
    DecodeError,
    Double,
    EncodeError,
    Hyper,
    Int,
    Max,
    Size,
    Struct,
    UChar,
    UHyper,
    UInt,
    codec,
)


class Inner(Struct, frozen=True, gc=False):
    name: Annotated[str, Max(5)]
    key: Annotated[bytes, Size(4)]


class Outer(Struct, frozen=True, gc=False):
    small: UChar
    signed: Int
    big: UHyper
    other: Inner | None
    inners: Annotated[list[Inner], Max(2)]
    numbers: Annotated[list[UInt], Max(3)]
    data: Annotated[bytes, Max(6)]
    odd: Annotated[bytes, Size(3)]
    model: Annotated[bytes, Chars(2, fixed=True)]
    chars: Annotated[bytes, Chars(3)]
    ratio: Double
    last: Hyper


VALUE = Outer(
    7,
    -2,
    1 << 40,
    None,
    [Inner("ab", b"wxyz")],
    [1, 2],
    b"123",
    b"abc",
    b"x\0",
    b"\xff",
    1.5,
    -1,
)
BYTES = bytes.fromhex(
    "00000007 fffffffe 0000010000000000 00000000"
    "00000001 00000002 61620000 7778797a"
    "00000002 00000001 00000002"
    "00000003 31323300 61626300"
    "00000078 00000000 00000001 000000ff"
    "3ff8000000000000 ffffffffffffffff"
)


def test_bytes_of_a_value() -> None:
    assert codec(Outer).encode(VALUE) == BYTES


def test_value_of_bytes() -> None:
    assert codec(Outer).decode(BYTES) == VALUE


def test_trailing_bytes_are_ignored_as_libvirt_does() -> None:
    assert codec(Outer).decode_from(BYTES + b"more") == (VALUE, len(BYTES))


@pytest.mark.parametrize("length", range(len(BYTES)))
def test_what_is_cut_is_no_value(length: int) -> None:
    with pytest.raises(DecodeError):
        codec(Outer).decode(BYTES[:length])


def test_any_flag_that_is_not_zero_is_true() -> None:
    """go-libvirt sends 01 00 00 00 for the flag of CONNECT_OPEN's name."""
    inner = codec(Inner).encode(Inner("", b"key!"))
    for flag in (b"\0\0\0\1", b"\1\0\0\0"):
        data = BYTES[:16] + flag + inner + BYTES[20:]
        assert codec(Outer).decode(data).other == Inner("", b"key!")


@pytest.mark.parametrize(
    ("place", "count"), [(20, 3), (20, 0xFFFFFFFF), (36, 4), (48, 7), (48, 0xFFFFFFF0), (24, 6)]
)
def test_length_beyond_the_limit(place: int, count: int) -> None:
    data = BYTES[:place] + count.to_bytes(4, "big") + BYTES[place + 4 :]
    with pytest.raises(DecodeError, match="at most"):
        codec(Outer).decode(data)


def test_nothing_is_allocated_for_what_the_bytes_cannot_hold() -> None:
    class Many(Struct, frozen=True, gc=False):
        items: Annotated[list[UInt], Max(1 << 30)]

    globals()["Many"] = Many
    with pytest.raises(DecodeError, match="too early"):
        codec(Many).decode((1 << 29).to_bytes(4, "big"))


def test_range_of_a_small_number() -> None:
    with pytest.raises(DecodeError, match="small: 256 is out of range"):
        codec(Outer).decode((256).to_bytes(4, "big") + BYTES[4:])


def test_padding_may_be_anything() -> None:
    data = BYTES.replace(b"ab\0\0", b"ab!?")
    assert codec(Outer).decode(data) == VALUE


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("small", 300, "small: 300 is out of range"),
        ("inners", [VALUE.inners[0]] * 3, "inners: a length of 3"),
        ("data", b"1234567", "data: a length of 7"),
        ("odd", b"ab", "odd: 2 bytes instead of 3"),
        ("model", b"abc", "model: a length of 3"),
        ("signed", 1 << 40, r"Outer\.signed is 1099511627776"),
        ("signed", None, r"Outer\.signed is None"),
        ("signed", 1.5, r"Outer\.signed is 1\.5"),
        ("ratio", 10**400, r"Outer\.ratio is of the type int"),
        ("numbers", [1, "2"], r"Outer\.numbers\[1\] is of the type str"),
        ("numbers", 5, r"Outer\.numbers is 5"),
        ("data", "text", r"Outer\.data is of the type str"),
        ("other", Inner("a\ud800", b"wxyz"), r"Outer\.other\.name is of the type str"),
        ("other", Inner("a\0b", b"wxyz"), r"other\.name: a text with a zero"),
        ("inners", [Inner("a", b"wxyz"), None], r"Outer\.inners\[1\] is None"),
    ],
)
def test_value_that_does_not_fit_is_named(name: str, value: object, text: str) -> None:
    fields = {field: getattr(VALUE, field) for field in VALUE.__struct_fields__}
    with pytest.raises(EncodeError, match=text):
        codec(Outer).encode(Outer(**{**fields, name: value}))


def test_text_of_no_encoding_survives() -> None:
    data = codec(Inner).encode(Inner("a\udcff", b"wxyz"))
    assert data[4:6] == b"a\xff"
    assert codec(Inner).decode(data).name == "a\udcff"
