"""Fields that users give to entities, the licence, and options."""

from __future__ import annotations

from typing import cast

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.registry import is_kind
from aiovirt.protocols.vsphere.tables import events as e
from aiovirt.protocols.vsphere.tables import inventory_methods as m
from aiovirt.protocols.vsphere.tables import session_methods as sm
from aiovirt.protocols.vsphere.tables.base import OptionValue
from aiovirt.protocols.vsphere.tables.index import OBJECTS
from aiovirt.protocols.vsphere.tables.inventory import (
    CustomFieldDef,
    CustomFieldStringValue,
    CustomFieldValue,
)
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles

_FIRST = 101

# --- custom fields --------------------------------------------------------------------------------


@handles(m.ADD_CUSTOM_FIELD_DEF)
def add_custom_field_def(call: Call, args: m.AddCustomFieldDefArgs) -> CustomFieldDef:
    """Make a field, for one kind of entities or for all."""
    if not args.name:
        raise faults.invalid_argument("name")
    if args.mo_type is not None and args.mo_type not in OBJECTS:
        raise faults.invalid_argument("moType")
    known = _fields(call)
    for each in known:
        if each.name == args.name:
            raise faults.duplicate_name(args.name, call.this)
    made = CustomFieldDef(
        key=_FIRST + call.world.count("field"),
        name=args.name,
        type="string",
        managed_object_type=args.mo_type,
    )
    _set_fields(call, (*known, made))
    return made


@handles(m.REMOVE_CUSTOM_FIELD_DEF)
def remove_custom_field_def(call: Call, args: m.RemoveCustomFieldDefArgs) -> None:
    """Remove a field, and what entities have in it."""
    gone = _field(call, args.key)
    _set_fields(call, tuple(each for each in _fields(call) if each is not gone))
    for ref in call.world.of_kind("ManagedEntity"):
        values = _values(call, ref)
        if any(each.key == args.key for each in values):
            _set_values(call, ref, tuple(each for each in values if each.key != args.key))


@handles(m.RENAME_CUSTOM_FIELD_DEF)
def rename_custom_field_def(call: Call, args: m.RenameCustomFieldDefArgs) -> None:
    """Give a field another name."""
    known = _field(call, args.key)
    if any(each.name == args.name for each in _fields(call)):
        raise faults.duplicate_name(args.name, call.this)
    renamed = CustomFieldDef(
        key=known.key,
        name=args.name,
        type=known.type,
        managed_object_type=known.managed_object_type,
    )
    _set_fields(call, tuple(renamed if each is known else each for each in _fields(call)))


@handles(m.SET_FIELD)
def set_field(call: Call, args: m.SetFieldArgs) -> None:
    """Give an entity a value in a field; an empty one takes it away."""
    call.check(args.entity, "ManagedEntity", "entity")
    call.demand("Global.SetCustomField", args.entity)
    known = _field(call, args.key)
    kind = known.managed_object_type
    if kind and not is_kind(args.entity.kind, kind):
        raise faults.invalid_argument("key")
    _set(call, args.entity, known, args.value)


@handles(m.SET_CUSTOM_VALUE)
def set_custom_value(call: Call, args: m.SetCustomValueArgs) -> None:
    """Give an entity a value in a field that is named."""
    call.demand("Global.SetCustomField")
    if not call.site.settings.is_vcenter:
        raise faults.not_supported()
    manager = call.world.the("CustomFieldsManager")
    for each in cast("tuple[CustomFieldDef, ...]", call.world.get(manager, "field", tuple)):
        if each.name == args.key:
            _set(call, call.this, each, args.value)
            return
    raise faults.invalid_argument("key")


def _set(call: Call, ref: Ref, known: CustomFieldDef, value: str) -> None:
    values = [each for each in _values(call, ref) if each.key != known.key]
    if value:
        values.append(CustomFieldStringValue(key=known.key, value=value))
    _set_values(call, ref, tuple(values))
    call.site.events.post(
        e.CustomFieldValueChangedEvent,
        f"Changed custom field {known.name} to {value}",
        about=ref,
        user=call.user,
        fields={
            "entity": call.site.events.entity(ref),
            "field_key": known.key,
            "name": known.name,
            "value": value,
        },
    )


def _fields(call: Call) -> tuple[CustomFieldDef, ...]:
    return cast("tuple[CustomFieldDef, ...]", call.world.find(call.this, "field", tuple) or ())


def _field(call: Call, key: int) -> CustomFieldDef:
    manager = call.world.the("CustomFieldsManager")
    for each in cast("tuple[CustomFieldDef, ...]", call.world.find(manager, "field", tuple) or ()):
        if each.key == key:
            return each
    raise faults.invalid_argument("key")


def _set_fields(call: Call, fields: tuple[CustomFieldDef, ...]) -> None:
    call.world.put(call.this, field=fields)
    for ref in call.world.of_kind("ManagedEntity"):
        mine = tuple(each for each in fields if _is_for(each, ref))
        call.world.put(ref, availableField=mine)


def _is_for(field: CustomFieldDef, ref: Ref) -> bool:
    return not field.managed_object_type or is_kind(ref.kind, field.managed_object_type)


def _values(call: Call, ref: Ref) -> tuple[CustomFieldValue, ...]:
    return cast("tuple[CustomFieldValue, ...]", call.world.find(ref, "customValue", tuple) or ())


def _set_values(call: Call, ref: Ref, values: tuple[CustomFieldValue, ...]) -> None:
    call.world.put(ref, customValue=values, value=values)
    if ref in call.site.guests:
        call.site.machine(ref).tell()


# --- options --------------------------------------------------------------------------------------


@handles(sm.QUERY_OPTIONS)
def query_options(call: Call, args: sm.QueryOptionsArgs) -> tuple[OptionValue, ...]:
    """Give the options of a name, or of all names that begin so."""
    known = _options(call)
    if not args.name:
        return known
    name = args.name
    found = tuple(
        each
        for each in known
        if each.key == name or (name.endswith(".") and each.key.startswith(name))
    )
    if not found:
        raise faults.invalid_name(name)
    return found


@handles(sm.UPDATE_OPTIONS)
def update_options(call: Call, args: sm.UpdateOptionsArgs) -> None:
    """Set options."""
    call.demand("Global.Settings")
    found = {each.key: each for each in _options(call)}
    for option in args.changed_value:
        if not option.key:
            raise faults.invalid_name(option.key)
        found[option.key] = option
    call.world.put(call.this, setting=tuple(found.values()))


def _options(call: Call) -> tuple[OptionValue, ...]:
    return cast("tuple[OptionValue, ...]", call.world.find(call.this, "setting", tuple) or ())
