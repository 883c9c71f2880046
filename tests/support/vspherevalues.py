"""Values of vSphere's types for tests: the fullest of each type, and random ones."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any

from hypothesis import strategies as st

from aiovirt.protocols.vsphere import DataObject, Ref, decode_reply, encode_result
from aiovirt.protocols.vsphere.forms import REF, Field, Form, fields_of
from aiovirt.protocols.vsphere.registry import type_named
from aiovirt.protocols.vsphere.tables.base import DynamicProperty, KeyValue
from aiovirt.protocols.vsphere.tables.collector import ObjectContent, RetrieveResult
from aiovirt.protocols.vsphere.tables.collector_methods import RETRIEVE_PROPERTIES_EX
from aiovirt.protocols.vsphere.tables.enums import VirtualMachinePowerState
from aiovirt.protocols.vsphere.tables.index import TYPES

__all__ = [
    "a_value",
    "all_structs",
    "fullest",
    "in_an_any",
    "smallest",
    "structs_of",
    "values_of",
]

DEPTH = 2
"""How deep structs lie within structs."""

PLAIN: dict[str, object] = {
    "string": 'a <b> & "c"\n\té',
    "anyURI": "https://h/?a=1&b",
    "boolean": True,
    "byte": -128,
    "short": 32767,
    "int": -2147483648,
    "long": 9223372036854775807,
    "float": -0.5,
    "double": 1e300,
    "dateTime": datetime(2021, 2, 3, 4, 5, 6, 789, UTC),
    "base64Binary": b"\x00\xff<>",
}


def all_structs() -> list[type[DataObject]]:
    """All structs of the table."""
    return [kind for module in TYPES for kind in structs_of(module)]


def structs_of(module: str) -> list[type[DataObject]]:
    """The structs of one module of the table."""
    kinds = [type_named(name) for name in TYPES[module].split()]
    return [kind for kind in kinds if kind is not None and issubclass(kind, DataObject)]


def fullest(kind: type[DataObject], depth: int = DEPTH) -> DataObject:
    """A value with each field set; below this depth only those that are required."""
    values = {}
    for field in fields_of(kind):
        if depth or not field.form.optional:
            one = a_value(field.form, max(depth - 1, 0))
            values[field.name] = (one, one) if field.form.many else one
    return kind(**values)


def a_value(form: Form, depth: int = DEPTH) -> Any:  # noqa: ANN401 - any value
    """A value of a type, or one item of it."""
    if form.base in PLAIN:
        return PLAIN[form.base]
    if form.base == REF:
        return Ref(concrete(form.refers), "id-1")
    if form.base == "any":
        return KeyValue(key="a", value="b")
    kind = type_named(form.base)
    assert kind is not None
    return next(iter(kind)) if issubclass(kind, StrEnum) else fullest(kind, depth)


def concrete(kind: str) -> str:
    """A kind of object that there is one of, for one that only others derive from."""
    return {"ManagedObject": "Folder", "ManagedEntity": "Folder", "View": "ListView"}.get(
        kind, kind
    )


def smallest(kind: type[DataObject]) -> DataObject:
    """A value with only those fields set that are required."""
    return fullest(kind, 0)


def in_an_any(value: object, *, typed_items: bool = False) -> object:
    """What is read of a value that was sent where any may stand."""
    known = (DynamicProperty(name="x", val=value),)
    content = ObjectContent(obj=Ref("VirtualMachine", "vm-1"), prop_set=known)
    sent = encode_result(
        RETRIEVE_PROPERTIES_EX, RetrieveResult(objects=(content,)), typed_items=typed_items
    )
    got = decode_reply(RETRIEVE_PROPERTIES_EX, sent)
    assert isinstance(got, RetrieveResult), got
    return got.objects[0].prop_set[0].val


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cn", "Cs")), max_size=8)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXTS | st.sampled_from(["\r\n", " \t ", "]]>", "&amp;", "<!--"]),
    "anyURI": TEXTS,
    "boolean": st.booleans(),
    "byte": st.integers(-128, 127),
    "short": st.integers(-(1 << 15), (1 << 15) - 1),
    "int": st.integers(-(1 << 31), (1 << 31) - 1),
    "long": st.integers(-(1 << 63), (1 << 63) - 1),
    "float": st.floats(allow_nan=False) | st.just(math.inf),
    "double": st.floats(allow_nan=False),
    "dateTime": st.datetimes(timezones=st.just(UTC)),
    "base64Binary": st.binary(max_size=8),
    REF: st.builds(Ref, TEXTS, TEXTS.filter(bool)),
}
ANY = st.one_of(
    *(SCALARS[name] for name in ("string", "boolean", "long", "double", "dateTime")),
    SCALARS["base64Binary"],
    SCALARS[REF],
    st.sampled_from(VirtualMachinePowerState),
    st.lists(TEXTS, max_size=3).map(tuple),
    st.lists(st.builds(KeyValue, key=TEXTS, value=TEXTS), max_size=3).map(tuple),
)


@cache
def values_of(kind: type[DataObject], depth: int = DEPTH) -> st.SearchStrategy[DataObject]:
    """Random values of a type."""
    fields = {field.name: _field(field, depth) for field in fields_of(kind)}
    return st.fixed_dictionaries(fields).map(lambda values: kind(**values))


def _field(field: Field, depth: int) -> st.SearchStrategy[Any]:
    absent: object = () if field.form.many else None
    if not depth and field.form.optional:
        return st.just(absent)
    one = st.deferred(lambda: _one(field.form, max(depth - 1, 0)))
    if field.form.many:
        return st.lists(one, max_size=2).map(tuple)
    return st.none() | one if field.form.optional else one


def _one(form: Form, depth: int) -> st.SearchStrategy[Any]:
    if form.base == "any":
        return ANY
    if form.base in SCALARS:
        return SCALARS[form.base]
    kind = type_named(form.base)
    assert kind is not None
    return st.sampled_from(kind) if issubclass(kind, StrEnum) else values_of(kind, depth)
