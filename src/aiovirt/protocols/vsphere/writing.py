"""From values to XML: a writer for each type, made when it is first used, and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final, TypeAlias

from aiovirt.protocols.vsphere.forms import REF, Field, fields_of
from aiovirt.protocols.vsphere.registry import type_named
from aiovirt.protocols.vsphere.scalars import WRITERS, EncodeError, escaped, plain_name
from aiovirt.protocols.vsphere.values import DataObject, Other, Ref, Typed, extra_fields
from aiovirt.protocols.vsphere.versions import numbers

__all__ = ["Output", "write_any", "write_field", "write_members"]


KEPT_PLANS: Final = 8192
"""How many plans of writing a type for a version are kept: of each type some versions."""


class Output(list[str]):
    """Pieces of XML, in order.

    Attributes:
        typed_items: Whether the items of an ``ArrayOf…`` bear xsi:type, as real servers send them.
        version: The version of the API that is written for; empty for the newest.
        refuse_newer: Whether a field that this version lacks is an error; else it is left out.
    """

    def __init__(
        self, *, typed_items: bool = False, version: str = "", refuse_newer: bool = False
    ) -> None:
        super().__init__()
        self.typed_items = typed_items
        self.version = version
        self.refuse_newer = refuse_newer


Write: TypeAlias = Callable[[Output, str, object], None]
"""Appends a value as an element of this name."""


def write_field(out: Output, tag: str, base: str, value: object, *, many: bool = False) -> None:
    """Append a value of a type as one element, or as one for each item; nothing for None.

    Raises:
        EncodeError: The value does not fit the type.
    """
    write = writer(base)
    if many:
        for item in _items(value):
            write(out, tag, item)
    elif value is not None:
        write(out, tag, value)


def _items(value: object) -> tuple[object, ...] | list[object]:
    if value is None:
        return ()
    if not isinstance(value, (tuple, list)):
        raise EncodeError(f"{type(value).__name__} is no sequence")
    return value


def _write_ref(out: Output, tag: str, value: object, attributes: str = "") -> None:
    if not isinstance(value, Ref):
        raise EncodeError(f"{type(value).__name__} is no reference")
    kind = escaped(value.kind)
    out.append(f'<{tag} type="{kind}"{attributes}>{escaped(value.value)}</{tag}>')


def _scalar_writer(name: str) -> Write:
    text = WRITERS[name]

    def write(out: Output, tag: str, value: object) -> None:
        out.append(f"<{tag}>{text(value)}</{tag}>")

    return write


def _struct_writer(declared: type[DataObject]) -> Write:
    """A writer of values of this type, and of those that are derived from it."""

    def write(out: Output, tag: str, value: object) -> None:
        if not isinstance(value, declared):
            raise EncodeError(f"{type(value).__name__} is no {declared.__name__}")
        kind = type(value)
        attributes = "" if kind is declared else f' xsi:type="{kind.__name__}"'
        _write_struct(out, tag, value, attributes)

    return write


Slot: TypeAlias = "tuple[str, str, Write, bool, bool]"


@lru_cache(maxsize=KEPT_PLANS)
def _plan(kind: type[DataObject], version: str) -> tuple[tuple[Slot, ...], tuple[Field, ...]]:
    """How a struct is written: its fields that a version of the API has, and those that it lacks.

    Of each that it has: name, element, writer, and whether it is an array, or optional.
    """
    newer = tuple(
        field for field in fields_of(kind) if version and numbers(field.since) > numbers(version)
    )
    slots = tuple(
        (field.name, field.wire, writer(field.form.base), field.form.many, field.form.optional)
        for field in fields_of(kind)
        if field not in newer
    )
    return slots, newer


def _write_struct(out: Output, tag: str, value: DataObject, attributes: str) -> None:
    out.append(f"<{tag}{attributes}>")
    write_members(out, value)
    out.append(f"</{tag}>")


def write_members(out: Output, value: DataObject) -> None:
    """Append the fields of a struct.

    Raises:
        EncodeError: One does not fit its type; it is named.
    """
    slots, newer = _plan(type(value), out.version)
    if newer and out.refuse_newer:
        _refuse(newer, value, out.version)
    for name, wire, write, many, optional in slots:
        item = getattr(value, name)
        try:
            if many:
                for each in _items(item):
                    write(out, wire, each)
            elif item is not None:
                write(out, wire, item)
            else:
                _may_be_absent(allowed=optional)
        except EncodeError as error:
            raise _within(error, f"{type(value).__name__}.{name}") from error
    _write_fields(out, extra_fields(value))


def _refuse(newer: tuple[Field, ...], value: DataObject, version: str) -> None:
    for field in newer:
        item = getattr(value, field.name)
        if item is not None and item != ():
            raise EncodeError(
                f"{type(value).__name__}.{field.name} is of version {field.since} of the vSphere "
                f"API, and the server speaks {version}",
                field=f"{type(value).__name__}.{field.name}",
                hint="leave it out, or upgrade the server",
            )


def _may_be_absent(*, allowed: bool) -> None:
    if not allowed:
        raise EncodeError("it is required")


def _within(error: EncodeError, field: str) -> EncodeError:
    """The error with the innermost field that it is about."""
    return error if error.field else EncodeError(f"{field}: {error}", field=field)


def _write_fields(out: Output, fields: Mapping[str, object]) -> None:
    """Append what is known by its names only."""
    for wire, item in fields.items():
        for each in item if isinstance(item, tuple) else (item,):
            write_any(out, wire, each)


def write_any(out: Output, tag: str, value: object) -> None:
    """Append a value of any type, with its type."""
    name = plain_name(value)
    if name is not None:
        _write_plain(out, tag, name, value)
        return
    for kind, write in _ANY:
        if isinstance(value, kind):
            write(out, tag, value)
            return
    raise EncodeError(f"{type(value).__name__} is no value that can be sent")


def _write_plain(out: Output, tag: str, name: str, value: object) -> None:
    out.append(f'<{tag} xsi:type="xsd:{name}">{WRITERS[name](value)}</{tag}>')


def _any_enum(out: Output, tag: str, value: StrEnum) -> None:
    out.append(f'<{tag} xsi:type="{type(value).__name__}">{escaped(value.value)}</{tag}>')


def _any_ref(out: Output, tag: str, value: object) -> None:
    _write_ref(out, tag, value, f' xsi:type="{REF}"')


def _any_struct(out: Output, tag: str, value: DataObject) -> None:
    _write_struct(out, tag, value, f' xsi:type="{type(value).__name__}"')


def _any_other(out: Output, tag: str, value: Other) -> None:
    out.append(f'<{tag} xsi:type="{escaped(value.type_name)}">' if value.type_name else f"<{tag}>")
    _write_fields(out, value.fields)
    out.append(f"</{tag}>")


def _any_tuple(out: Output, tag: str, value: tuple[object, ...]) -> None:
    first = value[0] if value else None
    plain = plain_name(first)
    name = plain or (REF if isinstance(first, Ref) else type(first).__name__)
    if first is None or any(type(item) is not type(first) for item in value):
        name = "anyType"
    _write_array(out, tag, f"ArrayOf{name[0].upper()}{name[1:]}", value)


def _any_typed(out: Output, tag: str, value: Typed) -> None:
    name = value.type_name.removeprefix("xsd:")
    if name in WRITERS:
        _write_plain(out, tag, name, value.value)
    elif name.startswith("ArrayOf"):
        _write_array(out, tag, name, value.value)
    elif isinstance(value.value, str):
        out.append(f'<{tag} xsi:type="{name}">{escaped(value.value)}</{tag}>')
    else:
        write_any(out, tag, value.value)


def _write_array(out: Output, tag: str, name: str, value: object) -> None:
    item = name.removeprefix("ArrayOf")
    plain = {word[0].upper() + word[1:]: word for word in WRITERS}
    base = "any" if item == "AnyType" else plain.get(item, item)
    write = write_any if out.typed_items or not _known(base) else writer(base)
    element = {"any": "anyType"}.get(base, base)
    out.append(f'<{tag} xsi:type="{name}">')
    for each in _items(value):
        write(out, element, Typed(base, each) if write is write_any and base in WRITERS else each)
    out.append(f"</{tag}>")


def _known(base: str) -> bool:
    return base == REF or base in WRITERS or type_named(base) is not None


_ANY: Final[tuple[tuple[type, Callable[..., None]], ...]] = (
    (DataObject, _any_struct),
    (Ref, _any_ref),
    (StrEnum, _any_enum),
    (tuple, _any_tuple),
    (Typed, _any_typed),
    (Other, _any_other),
)


@cache
def writer(base: str) -> Write:
    """The writer of a type, by its name as it is sent."""
    if base == "any":
        return write_any
    if base == REF:
        return _write_ref
    if base in WRITERS:
        return _scalar_writer(base)
    kind = type_named(base)
    if kind is None:
        raise EncodeError(f"the table has no type {base}")
    return _scalar_writer("string") if issubclass(kind, StrEnum) else _struct_writer(kind)
