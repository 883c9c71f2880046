"""What is known of a key of the settings besides its type and default, and where it is found."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, get_args, get_type_hints

__all__ = ["About", "Key", "keys"]


@dataclass(frozen=True, slots=True)
class About:
    """Stands in the `Annotated` type of a key.

    Attributes:
        text: What it means, for administrators.
        least: The smallest number that it takes, or None.
        most: The largest, or None.
        octal: Whether the number is a file's mode, written in base 8.
        example: What is shown, commented out, where the default is that there is no value.
    """

    text: str
    least: float | None = None
    most: float | None = None
    octal: bool = False
    example: object = None


@dataclass(frozen=True, slots=True)
class Key:
    """A declared key: its name, its Python type, and what is known of it."""

    name: str
    kind: Any  # a type or a special form of typing
    about: About


def keys(section: type[Any]) -> dict[str, Key]:
    """The keys of a section, by name, in the order they are declared."""
    found: dict[str, Key] = {}
    hints = get_type_hints(section, include_extras=True)
    for one in fields(section):
        kind, about = get_args(hints[one.name])
        found[one.name] = Key(one.name, kind, about)
    return found
