"""Reading QEMU's description of its own QMP: which argument or value it knows.

The form is that of ``query-qmp-schema`` (QEMU's ``docs/devel/qapi-code-gen``, "Client JSON
Protocol introspection").  This module does no I/O.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

__all__ = ["Schema"]


class _Member(msgspec.Struct, frozen=True):
    # an enum's members have no type, an alternate's have no name
    name: str = ""
    type: str = ""


class _Variant(msgspec.Struct, frozen=True):
    case: str
    type: str


class _Entry(msgspec.Struct, frozen=True, rename="kebab"):
    name: str
    meta_type: str
    arg_type: str | None = None
    element_type: str | None = None
    members: list[_Member] = []
    variants: list[_Variant] = []
    values: list[str] = []


class Schema:
    """The schema of one QEMU.

    Args:
        entries: The answer to ``query-qmp-schema``.

    Raises:
        msgspec.ValidationError: It does not have the documented form.
    """

    def __init__(self, entries: object) -> None:
        self._entries = {entry.name: entry for entry in msgspec.convert(entries, list[_Entry])}

    @property
    def commands(self) -> frozenset[str]:
        """The names of all commands."""
        return frozenset(e.name for e in self._entries.values() if e.meta_type == "command")

    def values(self, *path: str) -> tuple[str, ...]:
        """The values of the enum that a path leads to, or nothing when there is no such path."""
        found = self._walk(path)
        return tuple(found.values) if found else ()

    def has(self, *path: str) -> bool:
        """Whether a path leads somewhere.

        Args:
            path: A command, then names of arguments, union branches or members, at last
                possibly a value of an enum: ``("screendump", "format", "png")``.
        """
        return self._walk(path) is not None or path[-1] in self.values(*path[:-1])

    def _walk(self, path: Sequence[str]) -> _Entry | None:
        if not path:
            return None
        entry = self._entries.get(path[0])
        if entry is not None and entry.arg_type:
            entry = self._entries[entry.arg_type]
        for name in path[1:]:
            entry = self._step(entry, name) if entry else None
        return entry

    def _step(self, entry: _Entry, name: str) -> _Entry | None:
        if entry.element_type:
            entry = self._entries[entry.element_type]
        return next(
            (self._entries[type_] for step, type_ in _steps(entry) if step == name),
            None,
        )


def _steps(entry: _Entry) -> list[tuple[str, str]]:
    members = [(member.name, member.type) for member in entry.members if member.type]
    return members + [(variant.case, variant.type) for variant in entry.variants]
