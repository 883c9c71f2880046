"""libvirt's flags by the names of boolean arguments; the constants are loaded when one is set."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from aiovirt.errors import CallerError

__all__ = ["flag_set", "member"]


def flag_set(kind: str, given: int, **names: bool) -> Any:  # noqa: ANN401  # a kind by its name
    """The flags given, with those added whose names are true.

    Args:
        kind: The name of the enumeration in `aiovirt.model.constants`.
        given: What the caller has set already.
        names: For members in lower case: whether they are set.
    """
    wanted = [name for name, is_set in names.items() if is_set]
    if not wanted:
        return given
    members = getattr(import_module("aiovirt.model.constants"), kind)
    total = members(given)
    for name in wanted:
        total |= members[name.upper()]
    return total


def member(kind: str, value: str | int) -> Any:  # noqa: ANN401  # a kind by its name
    """A member of an enumeration, by its name in any case or by its number.

    Args:
        kind: The name of the enumeration in `aiovirt.model.constants`.
        value: Which member.

    Raises:
        CallerError: There is none; the names there are are told.
    """
    members = getattr(import_module("aiovirt.model.constants"), kind)
    try:
        return members(value) if isinstance(value, int) else members[value.upper()]
    except (KeyError, ValueError):
        known = ", ".join(one.name.lower() for one in members)
        raise CallerError(f"{value!r} is none of {known}") from None
