"""libvirt's flags by the names of boolean arguments; the constants are loaded when one is set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any, TypeVar

from aiovirt.errors import CallerError

__all__ = ["asked", "fits", "flag_set", "member"]

T = TypeVar("T")


def asked(groups: Iterable[Mapping[int, T]], flags: int) -> list[list[T]]:
    """What flags of listing ask for, by group: what is listed fits one at least of each list.

    Args:
        groups: Flags that are alternatives -> what each of them asks for.
        flags: Which are set. A group without any is left out: it leaves the choice open.
    """
    found = ([wish for flag, wish in group.items() if flags & flag] for group in groups)
    return [wishes for wishes in found if wishes]


def fits(thing: T, flags: int, groups: Iterable[Mapping[int, Callable[[T], bool]]]) -> bool:
    """Whether a thing fits one flag at least of each group that any flag is given of."""
    return all(any(test(thing) for test in tests) for tests in asked(groups, flags))


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
