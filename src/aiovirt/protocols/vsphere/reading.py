"""From elements of XML to values: a reader for each type, made when it is first used, and kept.

It is tolerant, as clients of a server must be that is newer, older or sloppier than the table: what
a type does not have is passed over, a required field that is missing gets its zero, and a type that
the table lacks becomes an `Other`, or a subtype of what is declared that is made on the fly.  What
cannot be read raises a ValueError; who calls makes a `ProtocolError` of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeAlias, TypeVar, cast

import msgspec
from lxml.etree import _Element as Element

from aiovirt.protocols.vsphere.documents import NAMESPACE
from aiovirt.protocols.vsphere.forms import REF, Form, fields_of
from aiovirt.protocols.vsphere.registry import type_named
from aiovirt.protocols.vsphere.scalars import READERS, ZEROS
from aiovirt.protocols.vsphere.tables.faults import MethodFault
from aiovirt.protocols.vsphere.values import DataObject, Other, Ref

__all__ = ["XSI", "Read", "local_name", "read_exactly", "read_fault", "read_ref", "reader", "zero"]

XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_TYPE: Final = f"{{{XSI}}}type"
_NIL: Final = f"{{{XSI}}}nil"

KEPT_TEXTS: Final = 4096
"""How many short texts and references are kept to be shared; then all are forgotten at once."""

SHARED_LENGTH: Final = 32
"""Characters of the longest text that is shared; what is longer hardly comes twice."""

MADE_TYPES: Final = 1024
"""How many subtypes are made for types that the table lacks; later ones become what is declared."""

D = TypeVar("D", bound=DataObject)

Read: TypeAlias = Callable[[Element], Any]

Memo: TypeAlias = dict[str | None, Any]
"""The values of short texts that have come; nothing stands for a text of which none is kept."""

_texts: Memo = {}
_refs: dict[tuple[str | None, str | None], Ref] = {}
_made: dict[tuple[type[DataObject], str], type[DataObject]] = {}


def local_name(name: str) -> str:
    """A name without its namespace or prefix."""
    return name.rpartition("}")[2].rpartition(":")[2]


def read_text(element: Element) -> str | None:
    """The text of an element; equal short texts are one object."""
    text = element.text
    if text is None:
        return None if element.attrib and element.get(_NIL) == "true" else ""
    if len(text) > SHARED_LENGTH:
        return text
    found = _texts.get(text)
    if found is None:
        if len(_texts) >= KEPT_TEXTS:
            _texts.clear()
        found = _texts[text] = text
    return found


def read_ref(element: Element) -> Ref | None:
    """The reference that an element holds."""
    key = (element.get("type"), element.text)
    found = _refs.get(key)
    if found is None:
        kind, value = key
        if kind is None and value is None:
            return None
        if len(_refs) >= KEPT_TEXTS:
            _refs.clear()
        found = _refs[key] = Ref(kind or "", value or "")
    return found


def _scalar_reader(name: str) -> Read:
    if name in {"string", "anyURI"}:
        return read_text
    convert, memo = READERS[name], memo_of(name)

    def read(element: Element) -> object:
        text = element.text
        if text is None:
            return None if element.get(_NIL) == "true" else convert("")
        found = convert(text)
        if memo is not None and len(text) <= SHARED_LENGTH:
            if len(memo) >= KEPT_TEXTS:
                memo.clear()
            memo[text] = found
        return found

    return read


def _enum_reader(kind: type[StrEnum]) -> Read:
    members = memo_of(kind.__name__) or {}

    def read(element: Element) -> str | None:
        found: str | None = members.get(element.text)
        return read_text(element) if found is None else found

    return read


@cache
def memo_of(name: str) -> Memo | None:
    """The values of a type's texts that have come; None for one whose texts hardly recur."""
    if name in {"string", "anyURI"}:
        return _texts
    if name in READERS:
        return {} if name in _RECURRING else None
    kind = type_named(name)
    if kind is None or not issubclass(kind, StrEnum):
        return None
    return {str(member): member for member in kind}


_RECURRING: Final = {"boolean", "byte", "short", "int", "long"}

Slot: TypeAlias = tuple[str, Read, Memo | None, bool]
"""What to do with an element of a struct: the field, its reader, what that has kept, whether there
may be many."""


def _slots(kind: type[DataObject]) -> dict[str, Slot]:
    found: dict[str, Slot] = {}
    for field in fields_of(kind):
        base = field.form.base
        slot = (field.name, reader(base), memo_of(base), field.form.many)
        found[field.wire] = found[f"{{{NAMESPACE}}}{field.wire}"] = slot  # see `fragments`
    return found


def _struct_reader(kind: type[DataObject]) -> Read:
    """A reader of elements that are known to be of just this type.

    Most of the time that an answer takes is spent here: values whose texts are known already are
    looked up without a call, and nothing is made for each element that does not stay.
    """
    slots: dict[str, Slot] = {}
    arrays = [field.name for field in fields_of(kind) if field.form.many]
    made = kind in _made.values()

    def read(element: Element) -> object:
        if not slots:  # not before it is needed: types may hold themselves
            slots.update(_slots(kind))
        values: dict[str, Any] = {}
        for child in element:
            slot = slots.get(child.tag)
            if slot is None:
                continue
            name, read_child, memo, many = slot
            if not many:
                value = None if memo is None else memo.get(child.text)
                values[name] = read_child(child) if value is None else value
            elif name in values:
                values[name].append(read_child(child))
            else:
                values[name] = [read_child(child)]
        for name in arrays:
            if name in values:
                values[name] = tuple(values[name])
        if made:
            values["extra"] = _grouped(child for child in element if child.tag not in slots)
        try:
            return kind(**values)
        except TypeError:  # a required field is missing
            return kind(**{**_zeros(kind), **values})

    return read


@cache
def _zeros(kind: type[DataObject]) -> dict[str, Any]:
    """What the required fields of a struct have when they are missing."""
    return {field.name: zero(field.form) for field in fields_of(kind)}


def zero(form: Form) -> Any:  # noqa: ANN401 - whatever the form is
    """What a required value has that was left out."""
    if form.many:
        return ()
    if form.optional or form.base == "any":
        return None
    if form.base == REF:
        return Ref("", "")
    kind = type_named(form.base)
    if kind is None:
        return ZEROS[form.base]
    return "" if issubclass(kind, StrEnum) else kind(**_zeros(kind))


def _polymorphic_reader(declared: type[DataObject]) -> Read:
    """A reader of elements that are of this type, or say by xsi:type of which derived one."""
    plain = _struct_reader(declared)
    readers: dict[str, Read] = {declared.__name__: plain}

    def read(element: Element) -> object:
        name = element.get(_TYPE)
        if name is None:
            return plain(element)
        found = readers.get(name)
        if found is None:
            found = _derived_reader(declared, local_name(name))
            if len(readers) < KEPT_TEXTS:
                readers[name] = found
        return found(element)

    return read


def _derived_reader(declared: type[DataObject], name: str) -> Read:
    """A reader of the type of this name, where another is declared that should be its base."""
    kind = type_named(name)
    if kind is not None and issubclass(kind, declared):
        return _exact_reader(kind)
    if kind is not None or not name.isidentifier():
        return _exact_reader(declared)
    made = _made.get((declared, name))
    if made is None:
        if len(_made) >= MADE_TYPES:
            return _exact_reader(declared)
        made = _made[declared, name] = _make(declared, name)
    return _exact_reader(made)


def _make(declared: type[DataObject], name: str) -> type[DataObject]:
    """A subtype for a type that the table lacks; `extra` holds what `declared` does not have."""
    made = msgspec.defstruct(
        name,
        [("extra", dict[str, Any])],
        bases=(declared,),
        module=__name__,
        namespace={"__doc__": f"A `{name}`, which the table lacks.", "WIRE": ""},
        frozen=True,
        kw_only=True,
        gc=False,
    )
    return cast("type[DataObject]", made)


_exact_reader = cache(_struct_reader)


def read_exactly(kind: type[D], element: Element) -> D:
    """The struct of just this type that an element holds."""
    value: D = _exact_reader(kind)(element)
    return value


def read_fault(element: Element) -> MethodFault:
    """The fault in the detail of SOAP's: servers name its type, or only call the element so."""
    name = element.get(_TYPE) or local_name(element.tag).removesuffix("Fault")
    fault: MethodFault = _derived_reader(MethodFault, local_name(name))(element)
    return fault


def read_any(element: Element) -> object:
    """The value of an element where any may stand."""
    name = element.get(_TYPE)
    if name is None:
        return _untyped(element)
    found = _any_readers.get(name)
    if found is None:
        found = _named_reader(local_name(name))
        if len(_any_readers) < KEPT_TEXTS:
            _any_readers[name] = found
    return found(element)


def _named_reader(name: str) -> Read:
    """A reader of elements that are of the type of this name."""
    if name in READERS or name == REF:
        return reader(name)
    kind = type_named(name)
    if kind is not None and issubclass(kind, StrEnum):
        return reader(name)
    if kind is not None:
        return _exact_reader(kind)
    if name.startswith("ArrayOf"):
        return _array_reader(name.removeprefix("ArrayOf"))
    return lambda element: Other(name, _grouped(element))


def _array_reader(item: str) -> Read:
    """A reader of an ``ArrayOf…``, whose items bear their types or do not."""
    plain = {name[0].upper() + name[1:]: name for name in READERS}
    name = "any" if item == "AnyType" else plain.get(item, item)
    known = name == "any" or name in READERS or name == REF or type_named(name) is not None
    read_item = reader(name) if known else read_any
    return lambda element: tuple(read_item(child) for child in element)


def _untyped(element: Element) -> object:
    if len(element):
        return Other("", _grouped(element))
    return read_text(element)


def _grouped(elements: Iterable[Element]) -> dict[str, Any]:
    """Elements by their names; what comes repeatedly is a tuple."""
    found: dict[str, list[Any]] = {}
    for child in elements:
        found.setdefault(local_name(child.tag), []).append(read_any(child))
    return {name: tuple(items) if len(items) > 1 else items[0] for name, items in found.items()}


_any_readers: dict[str, Read] = {}


@cache
def reader(name: str) -> Read:
    """The reader of a type that the table has, by its name as it is sent."""
    if name == "any":
        return read_any
    if name == REF:
        return read_ref
    if name in READERS:
        return _scalar_reader(name)
    kind = type_named(name)
    if kind is None:
        raise KeyError(name)
    return _enum_reader(kind) if issubclass(kind, StrEnum) else _polymorphic_reader(kind)
