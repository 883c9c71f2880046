"""How the text of an attribute or element becomes a typed value and back: one `Codec` each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from aiovirt.model.mac import MacAddress
from aiovirt.model.units import Bytes

__all__ = [
    "MAC",
    "MAX_SIZE",
    "ON_OFF",
    "SIZE",
    "TEXT",
    "UUID_TEXT",
    "YES_NO",
    "Codec",
    "decimal",
    "whole",
]

_DIGITS = re.compile(r"\s*[+-]?[0-9]{1,20}\s*")

MAX_SIZE = Bytes(2**63 - 1)
"""The largest amount that libvirt takes: its bytes are an ``off_t`` (virDomainParseMemory)."""

Got = TypeVar("Got")
Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Codec(Generic[Got, Given]):
    """How one kind of value is read and written.

    Attributes:
        read: Text to value; raises ValueError or ConfigError for what is no such value.
        write: Value to text; raises likewise, and TypeError for another type.
        expected: What a right value is, in a few words.
    """

    read: Callable[[str], Got]
    write: Callable[[Given], str]
    expected: str


def _write_text(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is no text")
    return value


def _write_uuid(value: UUID | str) -> str:
    return str(value if isinstance(value, UUID) else UUID(value))


def _write_mac(value: MacAddress | str) -> str:
    return str(value if isinstance(value, MacAddress) else MacAddress.parse(value))


def _read_size(raw: str) -> Bytes:
    amount = Bytes.parse(raw)
    if amount > MAX_SIZE:
        raise ValueError(f"{raw} is too much")
    return amount


def whole(raw: str) -> int:
    """The number that `raw` says in decimal digits, white space around it allowed.

    Raises:
        ValueError: It is no such number.
    """
    if _DIGITS.fullmatch(raw) is None:
        raise ValueError(f"{raw!r} is no whole number")
    return int(raw)


def decimal(low: int, high: int | None) -> Codec[int, int]:
    """Whole numbers from `low` to `high`, both allowed; None is no bound."""
    bounds = f"at least {low}" if high is None else f"{low} to {high}"

    def check(value: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{value!r} is no whole number")
        if value < low or (high is not None and value > high):
            raise ValueError(f"{value} is out of range")
        return value

    return Codec(
        lambda raw: check(whole(raw)), lambda value: str(check(value)), f"a number, {bounds}"
    )


def _switch(on: str, off: str) -> Codec[bool, bool]:
    values = {on: True, off: False}

    def read(raw: str) -> bool:
        if raw not in values:
            raise ValueError(f"{raw!r} is neither {on} nor {off}")
        return values[raw]

    def write(value: bool) -> str:  # noqa: FBT001 - the value itself is the argument
        if not isinstance(value, bool):
            raise TypeError(f"{value!r} is neither True nor False")
        return on if value else off

    return Codec(read, write, f"{on!r} or {off!r}")


TEXT: Codec[str, str] = Codec(str, _write_text, "text")
YES_NO = _switch("yes", "no")
ON_OFF = _switch("on", "off")
UUID_TEXT: Codec[UUID, UUID | str] = Codec(UUID, _write_uuid, "a UUID")
SIZE: Codec[Bytes, Bytes | str] = Codec(
    _read_size, str, "an amount with its unit below 8 EiB, such as GiB(1) or '512 MiB'"
)
MAC: Codec[MacAddress, MacAddress | str] = Codec(
    MacAddress.parse, _write_mac, "a MAC address such as 52:54:00:12:34:56"
)
