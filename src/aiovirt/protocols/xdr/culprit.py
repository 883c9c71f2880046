"""Which part of a value could not be written: found out afterwards, so that writing costs nothing.

What has a limit (lengths, small numbers) names itself while it is written; see `writer`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, get_args

from aiovirt.protocols.xdr.emit import Custom, Form, form_of, struct_fields
from aiovirt.protocols.xdr.types import Max, Scalar, Struct

__all__ = ["culprit"]

_SHOWN = 40


def culprit(value: object, kind: type[Struct]) -> str:
    """Name the first part of `value`, a `kind`, that is of the wrong type or out of range."""
    return next(_wrong(value, Form(kind, None), kind.__name__), kind.__name__)


def _wrong(value: Any, form: Form, path: str) -> Iterator[str]:  # noqa: ANN401 - of any type
    if value is None and form.optional:
        return
    if isinstance(form.marker, Max) and form.type not in {str, bytes}:
        yield from _wrong_items(value, form, path)
    elif form.marker is None and isinstance(value, form.type):
        for name, inner in struct_fields(form.type):
            yield from _wrong(getattr(value, name), inner, f"{path}.{name}")
    elif not _fits(value, form):
        yield _told(path, value)


def _wrong_items(value: Any, form: Form, path: str) -> Iterator[str]:  # noqa: ANN401 - likewise
    if not isinstance(value, list):
        yield _told(path, value)
        return
    (inner,) = get_args(form.type)
    for place, item in enumerate(value):
        yield from _wrong(item, form_of(inner), f"{path}[{place}]")


def _fits(value: object, form: Form) -> bool:
    """Whether a value that has no parts can be written."""
    marker = form.marker
    if isinstance(marker, Custom):
        return True  # it names what is wrong itself
    if isinstance(marker, Scalar):
        return _is_packed(value, marker.format)
    if isinstance(value, str):
        return form.type is str and _is_encoded(value)
    return isinstance(value, form.type)


def _is_packed(value: object, letter: str) -> bool:
    try:
        struct.pack(f">{letter}", value)
    except (struct.error, OverflowError):
        return False
    return True


def _is_encoded(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _told(path: str, value: object) -> str:
    text = repr(value) if isinstance(value, (int, float, type(None))) else ""
    shown = f" {text}" if text and len(text) <= _SHOWN else ""
    return f"{path} is{shown or f' of the type {type(value).__name__}'}"
