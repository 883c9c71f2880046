"""Typed parameters: libvirt's named values, as plain mappings.

A server insists on its own type for each name.  For names that aiovirt knows it sends that type,
for others one that the value fits; `Typed` says it where a caller knows better.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple, TypeAlias

__all__ = ["ParamType", "ParamValue", "Typed", "TypedParams", "plain"]


class ParamType(IntEnum):
    """libvirt's `virTypedParameterType`, with the numbers that are sent."""

    INT = 1
    UINT = 2
    LLONG = 3
    ULLONG = 4
    DOUBLE = 5
    BOOLEAN = 6
    STRING = 7


class Typed(NamedTuple):
    """A value with the type that it is to be sent as."""

    type: ParamType
    value: int | float | bool | str


ParamValue: TypeAlias = int | float | bool | str | Typed | list[int] | list[str]
TypedParams: TypeAlias = Mapping[str, ParamValue]


def plain(value: ParamValue) -> int | float | bool | str | list[int] | list[str]:
    """A parameter's value without the type that it is sent as."""
    return value.value if isinstance(value, Typed) else value
