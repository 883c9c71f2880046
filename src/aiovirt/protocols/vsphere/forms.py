"""The types of fields, taken apart, from the words that the table has for them."""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from aiovirt.protocols.vsphere.values import DataObject, wire_words

__all__ = ["REF", "Field", "Form", "fields_by_wire", "fields_of", "form_of"]

REF: Final = "ManagedObjectReference"
"""The type of references, as it is sent."""


class Form(NamedTuple):
    """The type of a field, a parameter, a property or a result.

    Attributes:
        base: The name of the type, as it is sent; of each item where there are many.
        many: Whether it is an array.
        optional: Whether it may be absent.
        refers: The kind of the objects that a reference is to; empty where it is none.
    """

    base: str
    many: bool
    optional: bool
    refers: str = ""

    @property
    def name(self) -> str:
        """The name of the type where any value may stand."""
        if not self.many:
            return self.base
        return f"ArrayOf{self.base[:1].upper()}{self.base[1:]}"


class Field(NamedTuple):
    """A field of a struct: its names in Python and on the wire, its type, and since when it is.

    `since` is a version of the API, or empty for what 5.5 has.
    """

    name: str
    wire: str
    form: Form
    since: str


def form_of(text: str) -> Form:
    """Take a type apart, such as ``&HostSystem[]`` or ``string?@6.5``."""
    text = text.partition("@")[0].removesuffix("!")
    optional = text.endswith("?")
    text = text.removesuffix("?")
    many = text.endswith("[]")
    base = text.removesuffix("[]")
    if base.startswith("&"):
        return Form(REF, many, optional, base[1:])
    return Form(base, many, optional)


@cache
def fields_of(kind: type[DataObject]) -> tuple[Field, ...]:
    """The fields of a struct, in the order in which they are sent."""
    words = [word.partition(":") for word in wire_words(kind)]
    pairs = zip(kind.__struct_fields__, words, strict=False)
    return tuple(
        Field(name, wire, form_of(text), text.partition("@")[2]) for name, (wire, _, text) in pairs
    )


@cache
def fields_by_wire(kind: type[DataObject]) -> dict[str, Field]:
    """The fields of a struct by the names that are sent."""
    return {field.wire: field for field in fields_of(kind)}
