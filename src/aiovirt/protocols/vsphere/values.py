"""What vSphere's values are in Python: the base of the table's structs, and those beside it.

It knows neither XML nor the table.  All values are frozen, so that an inventory may hand them out;
`msgspec.structs.replace` makes a changed one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias

import msgspec

__all__ = [
    "Anything",
    "Arguments",
    "DataObject",
    "DynamicData",
    "Other",
    "Ref",
    "Typed",
    "extra_fields",
    "wire_words",
]

Anything: TypeAlias = object
"""The type of what may be any value: anyType of XML Schema."""


class Ref(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """A reference to a managed object.

    Attributes:
        kind: The object's type, such as ``VirtualMachine``.
        value: Its name within the server, such as ``vm-42``.
    """

    kind: str
    value: str


class DataObject(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The base of all structs of the table.

    Attributes:
        WIRE: The struct's own fields, ``NAME:TYPE`` each, in the order in which they are sent.
    """

    WIRE: ClassVar[str] = ""

    def __repr__(self) -> str:
        secret = _secrets(type(self))
        told = []
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None and value != ():
                told.append(f"{name}={'…' if name in secret else repr(value)}")
        return f"{type(self).__name__}({', '.join(told)})"


class DynamicData(DataObject, frozen=True, kw_only=True, gc=False):
    """The base of VMware's data objects."""


class Arguments(DataObject, frozen=True, kw_only=True, gc=False):
    """The base of the structs that methods take."""


class Other(msgspec.Struct, frozen=True, gc=False):
    """A value of a type that the table does not have.

    Attributes:
        type_name: The type's name; empty where the server told none.
        fields: Its elements by their names: texts, `Other`, or tuples where one came repeatedly.
    """

    type_name: str
    fields: dict[str, Any]


class Typed(msgspec.Struct, frozen=True, gc=False):
    """A value with the name of its type, to send it where any value may stand.

    Without it an int is sent as xsd:int (xsd:long where it is too long for that), and a tuple as an
    array of what its first item is.

    Attributes:
        type_name: Such as ``xsd:long``, ``VirtualDevice`` or ``ArrayOfVirtualDevice``.
        value: The value.
    """

    type_name: str
    value: object


def extra_fields(value: DataObject) -> Mapping[str, Any]:
    """What a value has beyond its declared type, when its own is one that the table lacks.

    Such a value is of a subtype that was made for it, and bears the name that the server told.
    """
    found: Mapping[str, Any] = getattr(value, "extra", {})
    return found


_known_secrets: dict[type, frozenset[str]] = {}


def _secrets(kind: type[DataObject]) -> frozenset[str]:
    """The fields of a struct that are never shown: those whose type ends in ``!``."""
    found = _known_secrets.get(kind)
    if found is None:
        pairs = zip(kind.__struct_fields__, wire_words(kind), strict=False)
        found = _known_secrets[kind] = frozenset(name for name, word in pairs if "!" in word)
    return found


def wire_words(kind: type[DataObject]) -> list[str]:
    """The ``NAME:TYPE`` of each field of a struct, those of its bases first."""
    bases = kind.__mro__[::-1]
    return [word for base in bases for word in vars(base).get("WIRE", "").split()]
