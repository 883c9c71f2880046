"""Types, enumerations, methods and properties by the names that are sent.

A module of the table is loaded when the first of its names is asked for: a program that lists
machines never loads the events.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias

from aiovirt.protocols.vsphere.forms import Form, fields_by_wire, form_of
from aiovirt.protocols.vsphere.method import Method
from aiovirt.protocols.vsphere.tables import index
from aiovirt.protocols.vsphere.values import DataObject, DynamicData

__all__ = [
    "AnyMethod",
    "field_form",
    "is_kind",
    "method_named",
    "method_names",
    "properties_of",
    "type_named",
    "type_names",
]

AnyMethod: TypeAlias = "Method[Any, Any]"


def _places(listed: dict[str, str]) -> dict[str, str]:
    return {name: module for module, names in listed.items() for name in names.split()}


_types = _places(index.TYPES)
_methods = _places(index.METHODS)


def type_named(name: str) -> type[DataObject | StrEnum] | None:
    """The struct or enumeration of this name, or None."""
    module = _types.get(name)
    if module is None:
        return DynamicData if name == "DynamicData" else None
    found: type[DataObject | StrEnum] = getattr(_module(module), name)
    return found


def method_named(name: str) -> AnyMethod | None:
    """The method of this name, or None."""
    module = _methods.get(name)
    return None if module is None else _methods_of(module)[name]


@cache
def _methods_of(module: str) -> dict[str, AnyMethod]:
    found = vars(_module(module)).values()
    return {item.name: item for item in found if isinstance(item, Method)}


def type_names() -> Iterator[str]:
    """The names of all structs and enumerations."""
    return iter(_types)


def method_names() -> Iterator[str]:
    """The names of all methods."""
    return iter(_methods)


def is_kind(kind: str, base: str) -> bool:
    """Whether a kind of managed object is this one, or derived from it."""
    while kind and kind != base:
        kind = index.OBJECTS.get(kind, ("", ""))[0]
    return bool(kind)


def field_form(base: str, wire: str) -> Form | None:
    """The type of a field of a struct, both by the names that are sent; None where it has none."""
    kind = type_named(base)
    if kind is None or not issubclass(kind, DataObject):
        return None
    field = fields_by_wire(kind).get(wire)
    return None if field is None else field.form


def properties_of(kind: str) -> dict[str, Form]:
    """The properties of a kind of managed object by their names, those of its bases first.

    A kind that the table does not have has none.
    """
    return _known_properties(kind) if kind in index.OBJECTS else {}


@cache
def _known_properties(kind: str) -> dict[str, Form]:
    base, words = index.OBJECTS[kind]
    found = dict(properties_of(base))
    for word in words.split():
        name, _, text = word.partition(":")
        found[name] = form_of(text)
    return found


@cache
def _module(name: str) -> Any:  # noqa: ANN401 - a module of generated names
    return import_module(f"aiovirt.protocols.vsphere.tables.{name}")
