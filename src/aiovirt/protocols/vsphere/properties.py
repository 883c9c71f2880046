"""Property paths, and the changes of properties that a PropertyCollector tells of.

A path such as ``config.hardware.device[2000].backing.fileName`` leads from a managed object to a
part of one of its properties; an item of an array is named by its key: the field `key` of a struct,
the name of a reference, or the text itself.  What is known of an object is a mapping from the paths
that were asked for to their values; a property that is not set is not in it.

Source: VMware's documentation of PropertyCollector, PropertyChange and PropertySpec.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from aiovirt.errors import ProtocolError
from aiovirt.protocols.vsphere.forms import Form, fields_by_wire, fields_of
from aiovirt.protocols.vsphere.registry import field_form, properties_of
from aiovirt.protocols.vsphere.tables.collector import PropertyChange
from aiovirt.protocols.vsphere.tables.enums import PropertyChangeOp
from aiovirt.protocols.vsphere.values import DataObject, Ref, Typed

__all__ = ["Step", "apply", "assign", "diff", "get", "parse_path", "property_form", "typed"]

_STEP = re.compile(r'(?P<name>\w+)(?:\[(?:"(?P<text>[^"]*)"|(?P<number>[^"\]]*))\])?(?:\.|$)')


class Step(NamedTuple):
    """One step of a path: a field, and the key of the item within it, or None."""

    name: str
    key: str | None = None


def parse_path(path: str) -> tuple[Step, ...]:
    """Take a path apart.

    Raises:
        ProtocolError: It is no path.
    """
    steps, place = [], 0
    while place < len(path):
        match = _STEP.match(path, place)
        if match is None:
            raise ProtocolError(f"{path!r} is no path of properties")
        text = match["text"]
        steps.append(Step(match["name"], match["number"] if text is None else text))
        place = match.end()
    if not steps or path.endswith("."):
        raise ProtocolError(f"{path!r} is no path of properties")
    return tuple(steps)


def key_of(item: object) -> str | None:
    """The key by which paths name an item of an array, or None where it has none."""
    if isinstance(item, Ref):
        return item.value
    key = item if isinstance(item, str) else getattr(item, "key", None)
    return str(key) if isinstance(key, (str, int)) else None


def _index(items: Sequence[object], key: str) -> int | None:
    return next((at for at, item in enumerate(items) if key_of(item) == key), None)


def get(known: Mapping[str, object] | DataObject, path: str) -> Any:  # noqa: ANN401 - any property
    """The value at the end of a path; None where there is none.

    Args:
        known: What is known of an object, or a struct that the path leads into.
        path: It.

    Raises:
        ProtocolError: It is no path.
    """
    if isinstance(known, DataObject):
        return _descend(known, parse_path(path))
    for prefix, steps in _splits(path):
        if prefix in known:
            return _descend(known[prefix], steps)
    return None


def _descend(value: object, steps: Sequence[Step]) -> object:
    for step in steps:
        value = _item(_field(value, step.name) if step.name else value, step.key)
    return value


def _field(value: object, wire: str) -> object:
    field = fields_by_wire(type(value)).get(wire) if isinstance(value, DataObject) else None
    return None if field is None else getattr(value, field.name)


def _item(value: object, key: str | None) -> object:
    if key is None or not isinstance(value, tuple):
        return value if key is None else None
    at = _index(value, key)
    return None if at is None else value[at]


def _splits(path: str) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """Each way to part a path into one that may have been asked for, and steps within; long first.

    A step with an empty name is an item of the value itself.
    """
    steps = parse_path(path)
    prefixes = [match[0].rstrip(".") for match in _STEP.finditer(path)]
    for length in range(len(steps), 0, -1):
        rest = steps[length:]
        prefix = ".".join(prefixes[:length])
        yield prefix, rest
        key = steps[length - 1].key
        if key is not None:
            whole = ".".join([*prefixes[: length - 1], steps[length - 1].name])
            yield whole, (Step("", key), *rest)


def assign(known: Mapping[str, object], path: str, value: object) -> dict[str, object]:
    """What is known of an object after a value was put at the end of a path; None takes it away.

    Raises:
        ProtocolError: It is no path.
    """
    return apply(known, PropertyChange(name=path, op=PropertyChangeOp.ASSIGN, val=value))


def apply(known: Mapping[str, object], change: PropertyChange) -> dict[str, object]:
    """What is known of an object after a change.

    A change below what is known changes it there; one above (of ``runtime``, where
    ``runtime.powerState`` is known) gives it its part.  What cannot be applied, since it lies in
    something that is not known, is passed over.

    Raises:
        ProtocolError: Its name is no path.
    """
    value = change.val.value if isinstance(change.val, Typed) else change.val
    if change.op in {PropertyChangeOp.REMOVE, PropertyChangeOp.INDIRECT_REMOVE}:
        value = None
    result = dict(known)
    splits = list(_splits(change.name))
    within = next((split for split in splits if split[0] in known), None)
    if within is not None:
        prefix, steps = within
        _put(result, prefix, _replaced(known[prefix], steps, value))
    elif below := _below(known, change.name):
        for name in below:
            _put(result, name, get({change.name: value}, name))
    else:
        _put_new(result, change.name, value)
    return result


def _put_new(known: dict[str, object], path: str, value: object) -> None:
    """Put a property that was not set before, or the first item of an array."""
    *before, last = parse_path(path)
    if any(step.key is not None for step in before):
        return  # within an item that is not known
    name = ".".join(step.name for step in (*before, last))
    _put(known, name, value if last.key is None else _with_item((), last.key, (), value))


def _below(known: Mapping[str, object], path: str) -> list[str]:
    return [name for name in known if name.startswith(f"{path}.")]


def _put(known: dict[str, object], path: str, value: object) -> None:
    if value is None:
        known.pop(path, None)
    else:
        known[path] = value


def _replaced(value: object, steps: Sequence[Step], new: object) -> object:
    """The value with another at the end of these steps within it."""
    if not steps:
        return new
    (name, key), *rest = steps
    if name:
        return _with_field(value, name, [Step("", key), *rest] if key is not None else rest, new)
    return _with_item(value, key or "", rest, new)


def _with_field(value: object, wire: str, steps: Sequence[Step], new: object) -> object:
    field = fields_by_wire(type(value)).get(wire) if isinstance(value, DataObject) else None
    if field is None or not isinstance(value, DataObject):
        return value
    old = getattr(value, field.name)
    part = _replaced(old, steps, new)
    if part is None and isinstance(old, tuple):
        part = ()
    return msgspec.structs.replace(value, **{field.name: part})


def _with_item(value: object, key: str, steps: Sequence[Step], new: object) -> object:
    items = value if isinstance(value, tuple) else ()
    at = _index(items, key)
    if at is None:
        return value if steps or new is None else (*items, new)
    part = _replaced(items[at], steps, new)
    return (*items[:at], *(() if part is None else (part,)), *items[at + 1 :])


def diff(
    old: Mapping[str, object],
    new: Mapping[str, object],
    *,
    partial: bool = True,
    kind: str = "",
) -> tuple[PropertyChange, ...]:
    """The changes that lead from one knowledge of an object to another: `apply` in their order.

    Args:
        old: What was known.
        new: What is known now.
        partial: Whether a change within a value is told as such, or by the whole value.
        kind: The object's kind, to give the values the types that they are declared with, which
            a server needs to send them; empty to leave them as they are.
    """
    found = []
    for path in sorted({*old, *new}):
        for name, op, value in _compared(path, old.get(path), new.get(path), partial=partial):
            val = typed(kind, name, value) if kind and value is not None else value
            found.append(PropertyChange(name=name, op=op, val=val))
    return tuple(found)


_Change = tuple[str, PropertyChangeOp, object]


def _compared(path: str, old: object, new: object, *, partial: bool) -> Iterator[_Change]:
    if old == new:
        return
    if partial and isinstance(old, DataObject) and type(old) is type(new):
        yield from _compared_structs(path, old, new)
        return
    if partial and isinstance(old, tuple) and isinstance(new, tuple):
        before, after = _keyed(old), _keyed(new)
        if before is not None and after is not None and _same_order(before, after):
            yield from _compared_items(path, before, after)
            return
    yield path, PropertyChangeOp.ASSIGN, new


def _compared_structs(path: str, old: DataObject, new: object) -> Iterator[_Change]:
    for field in fields_of(type(old)):
        parts = getattr(old, field.name), getattr(new, field.name)
        yield from _compared(f"{path}.{field.wire}", *parts, partial=True)


def _compared_items(
    path: str, old: Mapping[str, object], new: Mapping[str, object]
) -> Iterator[_Change]:
    for key, item in old.items():
        if key not in new:
            yield _item_path(path, key, item), PropertyChangeOp.REMOVE, None
        else:
            yield from _compared(_item_path(path, key, item), item, new[key], partial=True)
    for key, item in new.items():
        if key not in old:
            yield _item_path(path, key, item), PropertyChangeOp.ADD, item


def _item_path(path: str, key: str, item: object) -> str:
    number = isinstance(getattr(item, "key", None), int)
    return f"{path}[{key}]" if number else f'{path}["{key}"]'


def _keyed(items: tuple[object, ...]) -> dict[str, object] | None:
    """The items by their keys; None where one has none that a path can hold, or two have one."""
    found = {key: item for item in items if (key := key_of(item)) is not None and '"' not in key}
    return found if len(found) == len(items) else None


def _same_order(old: Mapping[str, object], new: Mapping[str, object]) -> bool:
    """Whether what is in both stands in one order, before what is only in the new one."""
    common = [key for key in old if key in new]
    return common == list(new)[: len(common)]


def property_form(kind: str, path: str) -> Form | None:
    """The type of what a path of a kind of managed object leads to; None where it leads nowhere.

    Raises:
        ProtocolError: It is no path.
    """
    first, *rest = parse_path(path)
    form = _of_item(properties_of(kind).get(first.name), first.key)
    for name, key in rest:
        form = None if form is None or form.many else _of_item(field_form(form.base, name), key)
    return form


def _of_item(form: Form | None, key: str | None) -> Form | None:
    if form is None or key is None:
        return form
    return form._replace(many=False) if form.many else None


def typed(kind: str, path: str, value: object) -> object:
    """A property's value with the type that it is declared with, to be sent where any may stand.

    A value whose type tells itself, and one of a property that the table lacks, is given back.

    Raises:
        ProtocolError: It is no path.
    """
    form = property_form(kind, path)
    if form is None or form.base == "any" or isinstance(value, Typed):
        return value
    plain = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    return Typed(form.name, value) if form.many or plain else value
