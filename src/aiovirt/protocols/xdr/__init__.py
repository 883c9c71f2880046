"""XDR (RFC 4506): values to bytes and back, by the types that a struct's fields are annotated with.

A struct is a `Struct` class; its codec is compiled when it is first used.  Nothing here knows
which protocol uses it.
"""

from __future__ import annotations

from aiovirt.protocols.xdr.codec import Codec, codec
from aiovirt.protocols.xdr.errors import DecodeError, EncodeError
from aiovirt.protocols.xdr.types import (
    Char,
    Chars,
    Double,
    Hyper,
    Int,
    Max,
    Scalar,
    Size,
    Struct,
    UChar,
    UHyper,
    UInt,
    UShort,
)

__all__ = [
    "Char",
    "Chars",
    "Codec",
    "DecodeError",
    "Double",
    "EncodeError",
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
    "codec",
]
