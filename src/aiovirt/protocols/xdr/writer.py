"""Writes the function that writes a struct; see `emit`."""

from __future__ import annotations

import struct
from itertools import groupby
from typing import NoReturn, get_args

from aiovirt.protocols.xdr.emit import Custom, Form, Source, form_of, struct_fields
from aiovirt.protocols.xdr.errors import EncodeError
from aiovirt.protocols.xdr.types import Chars, Max, Scalar, Size, Struct

__all__ = ["writer_source"]

_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")


def _long(path: str, length: int, limit: int) -> NoReturn:
    raise EncodeError(f"{path}: a length of {length}, but at most {limit} is allowed")


def _size(path: str, length: int, wanted: int) -> NoReturn:
    raise EncodeError(f"{path}: {length} bytes instead of {wanted}")


def _range(path: str, value: int) -> NoReturn:
    raise EncodeError(f"{path}: {value} is out of range")


def _zero(path: str) -> NoReturn:
    raise EncodeError(f"{path}: a text with a zero, where libraries in C take it to end")


def _words(data: bytes) -> bytes:
    return struct.pack(f">{len(data)}I", *data)


def writer_source(kind: type[Struct]) -> Source:
    """The lines of ``encode(value, out)``, which appends the value to a bytearray."""
    source = Source(names={"long": _long, "size_": _size, "range_": _range, "PAD": _PADDING})
    source.names["pack"] = struct.pack
    source.names["u32"] = struct.Struct(">I").pack
    source.names["words"] = _words
    source.names["zero"] = _zero
    _struct(source, kind, "value", kind.__name__)
    if not source.lines:
        source.add("pass")
    return source


def _struct(source: Source, kind: type[Struct], value: str, path: str) -> None:
    fields = [(f"{value}.{name}", f"{path}.{name}", form) for name, form in struct_fields(kind)]
    for scalars, run in groupby(fields, key=lambda item: _is_scalar(item[2])):
        if scalars:
            _scalars(source, list(run))
            continue
        for field_value, where, form in run:
            _field(source, form, field_value, where)


def _is_scalar(form: Form) -> bool:
    return isinstance(form.marker, Scalar) and not form.optional


def _scalars(source: Source, run: list[tuple[str, str, Form]]) -> None:
    markers = [form.marker for _, _, form in run if isinstance(form.marker, Scalar)]
    for (value, where, _), marker in zip(run, markers, strict=True):
        if marker.low is not None:
            test = f"{marker.low} <= {value} <= {marker.high}"
            source.add(f"if not {test}: range_({where!r}, {value})")
    layout = struct.Struct(">" + "".join(marker.format for marker in markers))
    values = ", ".join(value for value, _, _ in run)
    source.add(f"out += {source.constant(layout.pack)}({values})")


def _field(source: Source, form: Form, value: str, path: str) -> None:
    name = source.name()
    source.add(f"{name} = {value}")
    if not form.optional:
        _present(source, form, name, path)
        return
    with source.block(f"if {name} is None:"):
        source.add("out += u32(0)")
    with source.block("else:"):
        source.add("out += u32(1)")
        _present(source, Form(form.type, form.marker), name, path)


def _present(source: Source, form: Form, value: str, path: str) -> None:
    match form.marker:
        case Custom() as marker:
            source.add(f"{source.constant(marker.encode)}({value}, out)")
        case Scalar():
            _scalars(source, [(value, path, form)])
        case Size(length):
            _fixed_bytes(source, length, value, path)
        case Chars() as marker:
            _chars(source, marker, value, path)
        case Max(length):
            _variable(source, form, length, value, path)
        case None:
            _struct(source, form.type, value, path)


def _fixed_bytes(source: Source, length: int, value: str, path: str) -> None:
    source.add(f"if len({value}) != {length}: size_({path!r}, len({value}), {length})")
    padding = "\\0" * (-length % 4)
    source.add(f"out += {value}", *([f"out += b'{padding}'"] if padding else []))


def _chars(source: Source, marker: Chars, value: str, path: str) -> None:
    limit = marker.length
    source.add(f"if len({value}) > {limit}: long({path!r}, len({value}), {limit})")
    if marker.fixed:
        source.add(f"out += words({value}.ljust({limit}, b'\\0'))")
    else:
        source.add(f"out += u32(len({value}))", f"out += words({value})")


def _variable(source: Source, form: Form, limit: int, value: str, path: str) -> None:
    blob = form.type in {str, bytes}
    if form.type is str:
        source.add(f"{value} = {value}.encode('utf-8', 'surrogateescape')")
        source.add(f"if 0 in {value}: zero({path!r})")
    source.add(f"n = len({value})", f"if n > {limit}: long({path!r}, n, {limit})")
    source.add("out += u32(n)")
    if blob:
        source.add(f"out += {value}", "out += PAD[n & 3]")
        return
    (inner,) = get_args(form.type)
    _list(source, form_of(inner), value, path)


def _list(source: Source, form: Form, value: str, path: str) -> None:
    marker = form.marker
    if isinstance(marker, Scalar) and not form.optional and marker.low is None:
        source.add(f"out += pack(f'>{{n}}{marker.format}', *{value})")
        return
    item = source.name()
    with source.block(f"for {item} in {value}:"):
        _field(source, form, item, f"{path}[]")
