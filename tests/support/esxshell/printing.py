"""How vim-cmd and esxcli print: objects with nothing escaped, tables, structures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Value = Any


class Typed(NamedTuple):
    """An object, a list or nothing, of a type of the vSphere API."""

    kind: str
    value: Value


class Ref(NamedTuple):
    """A managed object."""

    kind: str
    name: str


UNSET = object()


def show(value: Value, indent: int = 0) -> str:
    """A value; the first line is not indented."""
    if isinstance(value, Typed):
        return _typed(value, indent)
    if isinstance(value, Ref):
        return f"'{value.kind}:{value.name}'"
    if value is UNSET:
        return "<unset>"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _typed(value: Typed, indent: int) -> str:
    pad = " " * (indent + 3)
    if value.value is None:
        return f"({value.kind}) null"
    if isinstance(value.value, Mapping):
        rows = [f"{pad}{name} = {show(v, indent + 3)}" for name, v in value.value.items()]
        marks = "{}"
    else:
        rows = [f"{pad}{show(each, indent + 3)}" for each in value.value]
        marks = "[]"
    if not rows:
        return f"({value.kind}) {marks}"
    end = " " * indent + marks[1]
    return f"({value.kind}) {marks[0]}\n" + ", \n".join(rows) + f"\n{end}"


def table(formatter: str, name: str, rows: Sequence[Mapping[str, Value]]) -> str:
    """A list, as esxcli prints it."""
    if formatter == "csv":
        names = sorted(rows[0]) if rows else []
        lines = [[each.replace(" ", "") for each in names]]
        lines += [[_text(row[each]) for each in names] for row in rows]
        return "".join(",".join(map(_quoted, line)) + ",\n" for line in lines) if rows else ""
    if formatter == "keyvalue":
        return "".join(structure(formatter, f"{name}[{n}]", row) for n, row in enumerate(rows))
    return "".join(f"{next(iter(row.values()))}\n" + _readable(row) + "\n" for row in rows)


def structure(formatter: str, name: str, row: Mapping[str, Value]) -> str:
    """One structure, as esxcli prints it."""
    if formatter == "csv":
        return table(formatter, name, [row])
    if formatter == "keyvalue":
        return "".join(
            f"{name}.{key.replace(' ', '')}.{_type(value)}={_text(value)}\n"
            for key, value in sorted(row.items())
        )
    return _readable(row)


def _readable(row: Mapping[str, Value]) -> str:
    return "".join(f"   {key}: {_text(value)}\n" for key, value in row.items())


def _type(value: Value) -> str:
    return {bool: "boolean", int: "integer", list: "string[]"}.get(type(value), "string")


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "".join(f"{each}," for each in value) if isinstance(value, list) else str(value)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\n') else text
