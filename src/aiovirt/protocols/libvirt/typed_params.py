"""Typed parameters: libvirt's named values, as a mapping.

On the wire each is a name, a type and a value (remote_typed_param).  Here they are a plain `dict`;
a name that is sent several times has a list of values.  A server insists on its own type for each
name, so sending looks the type up by the name, and takes `Typed` where a caller knows better.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

from aiovirt.model.params import ParamType, Typed, TypedParams
from aiovirt.protocols.libvirt.tables.params import PARAM_TYPES
from aiovirt.protocols.xdr.emit import Custom
from aiovirt.protocols.xdr.errors import DecodeError, EncodeError

__all__ = ["ParamList", "TypedParams"]


MAX_NAMES = 65536
"""How many different names are remembered, so that a peer who invents them costs no memory."""

MAX_NAME = 79
"""Bytes of a name that libvirt itself has (VIR_TYPED_PARAM_FIELD_LENGTH, less its final zero);
longer ones are not remembered, and not sent."""

_names: dict[bytes, str] = {}

_u32 = struct.Struct(">I").unpack_from
_type_and_word = struct.Struct(">II").unpack_from
_type_and_long = struct.Struct(">IQ").unpack_from
_double = struct.Struct(">d").unpack_from
_pack_u32 = struct.Struct(">I").pack

_LEAST = 12  # an empty name, the type, the smallest value
_MAX_TEXT = 4194304  # REMOTE_STRING_MAX

_FORMATS = {
    ParamType.INT: struct.Struct(">Ii"),
    ParamType.UINT: struct.Struct(">II"),
    ParamType.LLONG: struct.Struct(">Iq"),
    ParamType.ULLONG: struct.Struct(">IQ"),
    ParamType.DOUBLE: struct.Struct(">Id"),
    ParamType.BOOLEAN: struct.Struct(">Ii"),
}


class ParamList(Custom):
    """The marker of a list of typed parameters; see `aiovirt.protocols.xdr.types`."""

    __slots__ = ("limit",)

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def decode(self, data: bytes, pos: int, size: int) -> tuple[dict[str, Any], int]:
        """See `Custom.decode`."""
        if pos + 4 > size:
            raise DecodeError("typed parameters: the bytes end too early")
        (count,) = _u32(data, pos)
        if count > self.limit:
            raise DecodeError(f"{count} typed parameters, but at most {self.limit} are allowed")
        if count * _LEAST > size - pos:
            raise DecodeError("typed parameters: the bytes end too early")
        try:
            return _decode(data, pos + 4, size, count)
        except struct.error as error:
            raise DecodeError(f"typed parameters: {error}") from error

    def encode(self, value: Mapping[str, Any], out: bytearray) -> None:
        """See `Custom.encode`.

        Raises:
            EncodeError: There are too many, or a value fits no type; the name is told.
        """
        pairs = list(_flat(value))
        if len(pairs) > self.limit:
            raise EncodeError(f"{len(pairs)} typed parameters, but at most {self.limit} may be")
        out += _pack_u32(len(pairs))
        for name, item in pairs:
            _encode(name, item, out)


def _decode(data: bytes, pos: int, size: int, count: int) -> tuple[dict[str, Any], int]:
    """Read `count` parameters. This is what statistics of many domains spend their time in."""
    result: dict[str, Any] = {}
    names = _names
    repeated: list[tuple[str, Any]] = []
    for _ in range(count):
        (length,) = _u32(data, pos)
        start = pos + 4
        end = start + length
        pos = end + 3 & -4
        if pos > size:
            raise DecodeError("typed parameters: the bytes end too early")
        name = names.get(data[start:end])
        if name is None:
            name = _remember(data[start:end])
        try:
            kind, value = _type_and_long(data, pos)
        except struct.error:
            kind, value = _type_and_word(data, pos)
            value <<= 32
        if kind == 4:  # noqa: PLR2004 - ParamType.ULLONG, the most frequent by far
            pos += 12
        else:
            value, pos = _other(data, pos, size, kind, value)
        if name in result:
            repeated.append((name, value))
        else:
            result[name] = value
    for name, value in repeated:
        first = result[name]
        if isinstance(first, list):
            first.append(value)
        else:
            result[name] = [first, value]
    if pos > size:
        raise DecodeError("typed parameters: the bytes end too early")
    return result, pos


def _other(data: bytes, pos: int, size: int, kind: int, value: int) -> tuple[Any, int]:
    """A value that is no ULLONG, and where it ends; `value` has the first eight bytes of it."""
    word = value >> 32
    if kind == ParamType.STRING:
        start = pos + 8
        end = start + word
        if end > size or word > _MAX_TEXT:
            raise DecodeError("typed parameters: the bytes end too early")
        return str(data[start:end], "utf-8", "surrogateescape"), end + 3 & -4
    if kind == ParamType.INT:
        return (word - (1 << 32) if word >> 31 else word), pos + 8
    if kind == ParamType.UINT:
        return word, pos + 8
    if kind == ParamType.BOOLEAN:
        return word != 0, pos + 8
    if kind == ParamType.LLONG:
        return (value - (1 << 64) if value >> 63 else value), pos + 12
    if kind == ParamType.DOUBLE:
        return _double(data, pos + 4)[0], pos + 12
    raise DecodeError(f"a typed parameter of the unknown type {kind}")


def _remember(raw: bytes) -> str:
    name = str(raw, "utf-8", "surrogateescape")
    if len(raw) > MAX_NAME:
        return name
    if len(_names) >= MAX_NAMES:
        _names.clear()
    _names[raw] = name
    return name


def _flat(params: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in params.items():
        for item in value if isinstance(value, list) else (value,):
            yield name, item


def _encode(name: str, value: Any, out: bytearray) -> None:  # noqa: ANN401 - checked below
    kind, plain = value if isinstance(value, Typed) else (_type_of(name, value), value)
    _text(f"the name {name!r} of a parameter", name, MAX_NAME, out)
    if kind is ParamType.STRING:
        out += _pack_u32(kind)
        _text(f"the parameter {name}", plain, _MAX_TEXT, out)
        return
    try:
        out += _FORMATS[kind].pack(kind, plain)
    except (struct.error, OverflowError, TypeError) as error:
        raise EncodeError(f"the parameter {name}: {plain!r} is no {kind.name}") from error


def _text(what: str, text: object, limit: int, out: bytearray) -> None:
    if not isinstance(text, str):
        raise EncodeError(f"{what}: {text!r} is no STRING")
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise EncodeError(f"{what}: a character that cannot be sent") from error
    if len(data) > limit or b"\0" in data:
        raise EncodeError(f"{what}: {len(data)} bytes of at most {limit}, none of them zero")
    out += _pack_u32(len(data)) + data + b"\0" * (-len(data) % 4)


def _type_of(name: str, value: object) -> ParamType:
    """The type that the name has; for a name that is not known, one that the value fits."""
    known = PARAM_TYPES.get(name)
    if known is not None:
        return ParamType(known)
    if isinstance(value, bool):
        return ParamType.BOOLEAN
    if isinstance(value, int):
        return ParamType.ULLONG if value >= 0 else ParamType.LLONG
    return ParamType.DOUBLE if isinstance(value, float) else ParamType.STRING
