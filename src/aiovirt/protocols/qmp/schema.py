"""The schema that a QMP server reports of itself, and checking commands against it.

Source: QEMU's qapi/introspect.json.  Tests check with it every command that aiovirt sends, so that
a wrong argument is found there and not on somebody's host.  It does no I/O: the caller fetches the
schema with ``query-qmp-schema``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

__all__ = ["Complaint", "Schema"]

_OPEN_COMMANDS = frozenset({"device_add"})
"""Commands that take more arguments than the schema tells (``'gen': false`` in qapi/qdev.json)."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One fault found.

    Attributes:
        path: Where, such as ``send-key.keys[0].data``.
        problem: What is wrong with it.
    """

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


class _Member(msgspec.Struct, frozen=True):
    name: str
    type: str
    default: object = msgspec.UNSET

    @property
    def optional(self) -> bool:
        return self.default is not msgspec.UNSET


class _Variant(msgspec.Struct, frozen=True):
    case: str
    type: str


class _Alternative(msgspec.Struct, frozen=True):
    type: str


class _Builtin(msgspec.Struct, frozen=True, tag="builtin", tag_field="meta-type", rename="kebab"):
    name: str
    json_type: str


class _Enum(msgspec.Struct, frozen=True, tag="enum", tag_field="meta-type"):
    name: str
    values: list[str] = []


class _Array(msgspec.Struct, frozen=True, tag="array", tag_field="meta-type", rename="kebab"):
    name: str
    element_type: str


class _Object(msgspec.Struct, frozen=True, tag="object", tag_field="meta-type"):
    name: str
    members: list[_Member]
    tag: str | None = None
    variants: list[_Variant] = []


class _Alternate(msgspec.Struct, frozen=True, tag="alternate", tag_field="meta-type"):
    name: str
    members: list[_Alternative]


class _Command(msgspec.Struct, frozen=True, tag="command", tag_field="meta-type", rename="kebab"):
    name: str
    arg_type: str
    ret_type: str
    allow_oob: bool = False


class _Event(msgspec.Struct, frozen=True, tag="event", tag_field="meta-type", rename="kebab"):
    name: str
    arg_type: str


_Type = _Builtin | _Enum | _Array | _Object | _Alternate
_Entry = _Type | _Command | _Event


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_array(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


_JSON_TYPES: dict[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "int": _is_int,
    "number": lambda value: _is_int(value) or isinstance(value, float),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "object": lambda value: isinstance(value, Mapping),
    "array": _is_array,
    "value": lambda _value: True,
}
"""JSONType of qapi/introspect.json, and what Python has for it."""


class Schema:
    """What a QMP server takes and gives.

    Args:
        entries: The result of ``query-qmp-schema``.

    Raises:
        msgspec.ValidationError: `entries` is no schema.
    """

    def __init__(self, entries: Sequence[Mapping[str, object]]) -> None:
        self._types: dict[str, _Type] = {}
        self._commands: dict[str, _Command] = {}
        self._events: dict[str, _Event] = {}
        for entry in msgspec.convert(entries, list[_Entry]):
            if isinstance(entry, _Command):
                self._commands[entry.name] = entry
            elif isinstance(entry, _Event):
                self._events[entry.name] = entry
            else:
                self._types[entry.name] = entry
        self._checks: dict[type, Callable[..., Iterator[Complaint]]] = {
            _Builtin: self._check_builtin,
            _Enum: self._check_enum,
            _Array: self._check_array,
            _Object: self._check_object,
            _Alternate: self._check_alternate,
        }

    @property
    def commands(self) -> frozenset[str]:
        """The names of all commands."""
        return frozenset(self._commands)

    @property
    def events(self) -> frozenset[str]:
        """The names of all events."""
        return frozenset(self._events)

    def check_command(
        self, command: str, arguments: Mapping[str, object] | None = None, *, oob: bool = False
    ) -> list[Complaint]:
        """Return what is wrong with a command: unknown, missing or wrong arguments."""
        known = self._commands.get(command)
        if known is None:
            return [Complaint(command, "no such command")]
        complaints = list(self._check(known.arg_type, arguments or {}, command))
        if command in _OPEN_COMMANDS:
            complaints = [fault for fault in complaints if fault.problem != _UNKNOWN]
        if oob and not known.allow_oob:
            complaints.append(Complaint(command, "cannot be sent out of band"))
        return complaints

    def check_result(self, command: str, result: object) -> list[Complaint]:
        """Return where a command's result is not what the schema says."""
        known = self._commands.get(command)
        if known is None:
            return [Complaint(command, "no such command")]
        return list(self._check(known.ret_type, result, command))

    def check_event(self, event: str, data: Mapping[str, object]) -> list[Complaint]:
        """Return where an event's data are not what the schema says."""
        known = self._events.get(event)
        if known is None:
            return [Complaint(event, "no such event")]
        return list(self._check(known.arg_type, data, event))

    def result_members(self, command: str) -> dict[str, bool]:
        """Return the members of a command's result, or of its elements: name, and if optional."""
        kind = self._types[self._commands[command].ret_type]
        if isinstance(kind, _Array):
            kind = self._types[kind.element_type]
        members: list[_Member] = kind.members if isinstance(kind, _Object) else []
        return {each.name: each.optional for each in members}

    def cases(self, command: str) -> frozenset[str]:
        """Return the kinds of things that a command can make, by the member that tells which."""
        found = self._commands.get(command)
        kind = self._types[found.arg_type] if found is not None else None
        if not isinstance(kind, _Object) or kind.tag is None:
            return frozenset()
        told = self._types[next(each.type for each in kind.members if each.name == kind.tag)]
        return frozenset(told.values) if isinstance(told, _Enum) else frozenset()

    def _check(self, type_name: str, value: object, path: str) -> Iterator[Complaint]:
        kind = self._types[type_name]
        yield from self._checks[type(kind)](kind, value, path)

    def _check_builtin(self, kind: _Builtin, value: object, path: str) -> Iterator[Complaint]:
        if not _JSON_TYPES[kind.json_type](value):
            yield Complaint(path, f"{_show(value)} is no {kind.json_type}")

    def _check_enum(self, kind: _Enum, value: object, path: str) -> Iterator[Complaint]:
        if value not in kind.values:
            yield Complaint(path, f"{_show(value)} is none of {', '.join(sorted(kind.values))}")

    def _check_array(self, kind: _Array, value: object, path: str) -> Iterator[Complaint]:
        if not isinstance(value, Sequence) or not _is_array(value):
            yield Complaint(path, f"{_show(value)} is no array")
            return
        for index, element in enumerate(value):
            yield from self._check(kind.element_type, element, f"{path}[{index}]")

    def _check_object(self, kind: _Object, value: object, path: str) -> Iterator[Complaint]:
        if not isinstance(value, Mapping):
            yield Complaint(path, f"{_show(value)} is no object")
            return
        members = self._members(kind, value)
        for name in value:
            if name not in members:
                yield Complaint(f"{path}.{name}", _UNKNOWN)
        for name, member in members.items():
            if name in value:
                yield from self._check(member.type, value[name], f"{path}.{name}")
            elif not member.optional:
                yield Complaint(f"{path}.{name}", "is missing")

    def _members(self, kind: _Object, value: Mapping[str, object]) -> dict[str, _Member]:
        """Return the members that `value` may have: the object's own and its variant's."""
        members = {each.name: each for each in kind.members}
        case = value.get(kind.tag) if kind.tag else None
        for variant in kind.variants:
            found = self._types[variant.type]
            if variant.case == case and isinstance(found, _Object):
                members.update(self._members(found, value))
        return members

    def _check_alternate(self, kind: _Alternate, value: object, path: str) -> Iterator[Complaint]:
        tries = [list(self._check(each.type, value, path)) for each in kind.members]
        if all(tries):
            # The closest alternative tells most: the one that got deepest before it failed.
            yield from max(tries, key=lambda faults: max(len(fault.path) for fault in faults))


_UNKNOWN = "is not known"
_SHOWN = 40


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
