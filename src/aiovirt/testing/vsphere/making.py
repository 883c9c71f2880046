"""Making values of structs that have many required fields, of which few matter here."""

from __future__ import annotations

from typing import TypeVar

from aiovirt.protocols.vsphere.forms import fields_of
from aiovirt.protocols.vsphere.reading import zero
from aiovirt.protocols.vsphere.values import DataObject

__all__ = ["filled"]

D = TypeVar("D", bound=DataObject)


def filled(kind: type[D], **given: object) -> D:
    """A value of a struct; its required fields that are not given are False, 0 or empty."""
    needed = {
        field.name: zero(field.form)
        for field in fields_of(kind)
        if not field.form.optional and not field.form.many and field.name not in given
    }
    return kind(**needed, **given)
