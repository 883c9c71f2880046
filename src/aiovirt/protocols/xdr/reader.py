"""Writes the function that reads a struct; see `emit`."""

from __future__ import annotations

import struct
from itertools import groupby
from typing import NoReturn, get_args

from aiovirt.protocols.xdr.emit import Custom, Form, Source, form_of, least_size, struct_fields
from aiovirt.protocols.xdr.errors import DecodeError
from aiovirt.protocols.xdr.types import Chars, Max, Scalar, Size, Struct

__all__ = ["reader_source"]


def _short(path: str) -> NoReturn:
    raise DecodeError(f"{path}: the bytes end too early")


def _long(path: str, length: int, limit: int) -> NoReturn:
    raise DecodeError(f"{path}: a length of {length}, but at most {limit} is allowed")


def _range(path: str, value: int) -> NoReturn:
    raise DecodeError(f"{path}: {value} is out of range")


def _characters(words: tuple[int, ...]) -> bytes:
    return bytes(word & 0xFF for word in words)


_U32 = struct.Struct(">I").unpack_from


def reader_source(kind: type[Struct]) -> Source:
    """The lines of ``decode(data, pos, size)``, which returns the value and where it ends."""
    source = Source(names={"short": _short, "long": _long, "range_": _range, "u32": _U32})
    source.names["characters"] = _characters
    source.names["unpack_from"] = struct.unpack_from
    value = _struct(source, kind, kind.__name__)
    # Padding may reach beyond the end until here: whatever is read after it is checked anyway.
    source.add(f"if pos > size: short({kind.__name__!r})", f"return {value}, pos")
    return source


def _struct(source: Source, kind: type[Struct], path: str) -> str:
    """Read the fields; the expression that makes the value of them."""
    parts: list[str] = []
    fields = [(f"{path}.{name}", form) for name, form in struct_fields(kind)]
    for scalars, run in groupby(fields, key=lambda item: _is_scalar(item[1])):
        if scalars:
            parts += _scalars(source, list(run))
        else:
            parts += [_field(source, form, where) for where, form in run]
    return f"{source.constant(kind)}({', '.join(parts)})"


def _is_scalar(form: Form) -> bool:
    """Whether it is of fixed size, so that one call reads it with its neighbours."""
    marker = form.marker
    whole = isinstance(marker, Size) and marker.length % 4 == 0
    return (whole or isinstance(marker, Scalar)) and not form.optional


def _scalars(source: Source, run: list[tuple[str, Form]]) -> list[str]:
    """Numbers that follow each other: one call reads them all."""
    layout = struct.Struct(">" + "".join(_format(form) for _, form in run))
    names = [source.name() for _ in run]
    source.add(f"if pos + {layout.size} > size: short({run[0][0]!r})")
    source.add(f"({', '.join(names)},) = {source.constant(layout.unpack_from)}(data, pos)")
    source.add(f"pos += {layout.size}")
    for name, (where, form) in zip(names, run, strict=True):
        marker = form.marker
        if isinstance(marker, Scalar) and marker.low is not None:
            source.add(f"if not {marker.low} <= {name} <= {marker.high}: range_({where!r}, {name})")
    return names


def _format(form: Form) -> str:
    """The letters of `struct` for a form of fixed size."""
    marker = form.marker
    if isinstance(marker, Size):
        return f"{marker.length}s"
    return marker.format if isinstance(marker, Scalar) else ""


def _field(source: Source, form: Form, path: str) -> str:
    if not form.optional:
        return _present(source, form, path)
    result = source.name()
    _length(source, path, "flag")
    with source.block("if flag:"):
        source.add(f"{result} = {_present(source, Form(form.type, form.marker), path)}")
    with source.block("else:"):
        source.add(f"{result} = None")
    return result


def _present(source: Source, form: Form, path: str) -> str:
    """Read one value that is there; the expression for it."""
    marker = form.marker
    if isinstance(marker, Custom):
        result = source.name()
        source.add(f"{result}, pos = {source.constant(marker.decode)}(data, pos, size)")
        return result
    if isinstance(marker, Scalar):
        return _scalars(source, [(path, form)])[0]
    if isinstance(marker, Size):
        return _fixed_bytes(source, marker.length, path)
    if isinstance(marker, Chars):
        return _chars(source, marker, path)
    if isinstance(marker, Max):
        return _variable(source, form, marker.length, path)
    return _struct(source, form.type, path)


def _length(source: Source, path: str, name: str = "n") -> None:
    source.add(f"if pos + 4 > size: short({path!r})", f"({name},) = u32(data, pos)", "pos += 4")


def _bounded(source: Source, path: str, limit: int) -> None:
    _length(source, path)
    source.add(f"if n > {limit}: long({path!r}, n, {limit})")


def _fixed_bytes(source: Source, length: int, path: str) -> str:
    result = source.name()
    source.add(f"if pos + {length} > size: short({path!r})")
    source.add(f"{result} = data[pos:pos + {length}]", f"pos += {-(-length // 4) * 4}")
    return result


def _chars(source: Source, marker: Chars, path: str) -> str:
    result = source.name()
    if marker.fixed:
        source.add(f"n = {marker.length}")
    else:
        _bounded(source, path, marker.length)
    source.add(f"if pos + 4 * n > size: short({path!r})")
    source.add(f"{result} = characters(unpack_from(f'>{{n}}I', data, pos))", "pos += 4 * n")
    return result


def _variable(source: Source, form: Form, limit: int, path: str) -> str:
    _bounded(source, path, limit)
    if form.type in {str, bytes}:
        return _blob(source, path, text=form.type is str)
    (inner,) = get_args(form.type)
    return _list(source, form_of(inner), path)


def _blob(source: Source, path: str, *, text: bool) -> str:
    result = source.name()
    source.add("end = pos + n", f"if end > size: short({path!r})")
    if text:
        # Nearly all are UTF-8, and to name an error handler costs as much as to decode.
        with source.block("try:"):
            source.add(f"{result} = data[pos:end].decode()")
        with source.block("except UnicodeDecodeError:"):
            source.add(f"{result} = data[pos:end].decode('utf-8', 'surrogateescape')")
    else:
        source.add(f"{result} = data[pos:end]")
    source.add("pos = end + 3 & -4")
    return result


def _list(source: Source, form: Form, path: str) -> str:
    result = source.name()
    least = least_size(form)
    source.add(f"if n * {least} > size - pos: short({path!r})")
    marker = form.marker
    if isinstance(marker, Scalar) and not form.optional and marker.low is None:
        source.add(f"{result} = list(unpack_from(f'>{{n}}{marker.format}', data, pos))")
        source.add(f"pos += {least} * n")
        return result
    source.add(f"{result} = []")
    with source.block("for _ in range(n):"):
        source.add(f"{result}.append({_field(source, form, f'{path}[]')})")
    return result
