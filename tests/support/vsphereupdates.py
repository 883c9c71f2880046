"""Updates of a vSphere server, for scripts: what a property collector tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.base import DynamicProperty
from aiovirt.protocols.vsphere.tables.collector import (
    MissingObject,
    MissingProperty,
    ObjectContent,
    ObjectUpdate,
    PropertyChange,
    PropertyFilterUpdate,
    UpdateSet,
)
from aiovirt.protocols.vsphere.tables.faults import LocalizedMethodFault, MethodFault

FILTER = Ref("PropertyFilter", "filter")


def vm(number: int) -> Ref:
    return Ref("VirtualMachine", f"vm-{number}")


def missing(path: str, fault: MethodFault) -> MissingProperty:
    return MissingProperty(path=path, fault=LocalizedMethodFault(fault=fault))


def content(ref: Ref, known: Mapping[str, object], *lacks: MissingProperty) -> ObjectContent:
    """An object as RetrievePropertiesEx gives it."""
    found = tuple(DynamicProperty(name=name, val=value) for name, value in known.items())
    return ObjectContent(obj=ref, prop_set=found, missing_set=lacks)


def told(kind: str, ref: Ref, known: Mapping[str, object], *lacks: MissingProperty) -> ObjectUpdate:
    changes = tuple(
        PropertyChange(name=name, op="assign", val=value) for name, value in known.items()
    )
    return ObjectUpdate(kind=kind, obj=ref, change_set=changes, missing_set=lacks)


def enter(ref: Ref, known: Mapping[str, object], *lacks: MissingProperty) -> ObjectUpdate:
    return told("enter", ref, known, *lacks)


def modify(ref: Ref, known: Mapping[str, object]) -> ObjectUpdate:
    return told("modify", ref, known)


def leave(ref: Ref) -> ObjectUpdate:
    return ObjectUpdate(kind="leave", obj=ref)


def updates(
    version: str,
    *objects: ObjectUpdate,
    truncated: bool | None = None,
    gone: Sequence[MissingObject] = (),
) -> UpdateSet:
    """An answer of WaitForUpdatesEx."""
    filtered = PropertyFilterUpdate(filter=FILTER, object_set=objects, missing_set=tuple(gone))
    return UpdateSet(version=version, filter_set=(filtered,), truncated=truncated)
