"""The words in which a struct's fields tell their form on the wire.

Python's annotation gives the value's type, and a marker in `Annotated` its XDR form:

    class Example(Struct):
        count: UInt                                   # unsigned int
        name: Annotated[str, Max(255)]                # string<255>
        key: Annotated[bytes, Size(16)]               # opaque[16]
        data: Annotated[bytes, Max(65536)]            # opaque<65536>
        items: Annotated[list[Item], Max(100)]        # Item<100>
        other: Item | None                            # *Item
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec

__all__ = [
    "Char",
    "Chars",
    "Double",
    "Hyper",
    "Int",
    "Max",
    "Scalar",
    "Size",
    "Struct",
    "UChar",
    "UHyper",
    "UInt",
    "UShort",
]


class Struct(msgspec.Struct, frozen=True, gc=False):
    """The base of all structs: immutable, compared by value, made by position or by name."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number of fixed size.

    Attributes:
        format: Its letter in the `struct` module; XDR fills each to 4 or 8 bytes.
        low: The least value allowed.
        high: The greatest value allowed.
    """

    format: str
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Max:
    """The greatest length of a text (in bytes), of bytes, or of a list."""

    length: int


@dataclass(frozen=True, slots=True)
class Size:
    """The one length of bytes, known without being sent."""

    length: int


@dataclass(frozen=True, slots=True)
class Chars:
    """Bytes of which each takes four on the wire, as C's ``char name<N>`` and ``char name[N]``.

    Attributes:
        length: The greatest length, or the only one.
        fixed: Whether it is the only one: shorter values are filled with zeros.
    """

    length: int
    fixed: bool = False


Int = Annotated[int, Scalar("i")]
UInt = Annotated[int, Scalar("I")]
Hyper = Annotated[int, Scalar("q")]
UHyper = Annotated[int, Scalar("Q")]
Double = Annotated[float, Scalar("d")]
Char = Annotated[int, Scalar("i", -128, 255)]
"""A C ``char``, whose sign depends on the machine that sends it."""
UChar = Annotated[int, Scalar("I", 0, 255)]
UShort = Annotated[int, Scalar("I", 0, 65535)]
