"""What every typed command is: a frozen value that knows its QMP name and its result's type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Generic, TypeVar

import msgspec

__all__ = ["Command", "Empty", "Value", "underscored"]

R_co = TypeVar("R_co", covariant=True)


def dashed(name: str) -> str:
    """Return QMP's name of a member whose name has dashes there."""
    return name.rstrip("_").replace("_", "-")


def underscored(name: str) -> str:
    """Return QMP's name of a member whose name has underscores there too."""
    return name.rstrip("_")


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename=dashed):
    """A part of a result. Members that a newer QEMU has beyond it are passed over."""


class Empty(Value, frozen=True):
    """The result of commands that have none."""


class Command(msgspec.Struct, Generic[R_co], frozen=True, omit_defaults=True, rename=dashed):
    """One QMP command with its arguments; those that are None are left out.

    Attributes:
        qmp_name: QMP's name of the command.
        result: The type of its result.
    """

    qmp_name: ClassVar[str]
    result: ClassVar[object] = Empty

    def arguments(self) -> Mapping[str, object] | msgspec.Struct | None:
        """Return what is sent as the command's arguments, or None when it takes none."""
        return self if self.__struct_fields__ else None
