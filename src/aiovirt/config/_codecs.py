"""How the text of an attribute or element becomes a typed value and back: one `Codec` each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Generic, TypeVar
from uuid import UUID

from aiovirt.config._forms import Form
from aiovirt.errors import ConfigError
from aiovirt.model.mac import MacAddress
from aiovirt.model.units import Bytes

__all__ = [
    "MAC",
    "MAX_SIZE",
    "MAX_UINT16",
    "MAX_UINT32",
    "MAX_UINT64",
    "ON_OFF",
    "TEXT",
    "UUID_TEXT",
    "YES_NO",
    "Codec",
    "absolute",
    "any_base",
    "decimal",
    "path_of",
    "size_up_to",
    "whole",
]

_DIGITS = re.compile(r"\s*-?[0-9]{1,20}\s*")
_ANY_BASE = re.compile(r"0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20}")

MAX_SIZE = Bytes(2**63 - 1)
"""The largest amount that libvirt takes: its bytes are an ``off_t`` (virDomainParseMemory)."""

MAX_UINT16, MAX_UINT32, MAX_UINT64 = 2**16 - 1, 2**32 - 1, 2**64 - 1

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


def whole(raw: str) -> int:
    """The number that `raw` says in decimal digits, white space around it allowed.

    Raises:
        ValueError: It is no such number.
    """
    if _DIGITS.fullmatch(raw) is None:
        raise ValueError(f"{raw!r} is no whole number")
    return int(raw)


def any_base(raw: str) -> int:
    """The number that C's ``strtoul`` reads at base 0: 0x is hexadecimal, a leading 0 octal.

    Raises:
        ValueError: It is no such number.
    """
    if _ANY_BASE.fullmatch(raw) is None:
        raise ValueError(f"{raw!r} is no number")
    return int(raw, 0 if raw[:2].lower() == "0x" else 8 if raw[0] == "0" else 10)


def decimal(low: int, high: int) -> Codec[int, int]:
    """Whole numbers from `low` to `high`, both allowed."""
    bounds = f"{low} to {high}" if high < MAX_UINT32 else f"at least {low}"

    def check(value: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{value!r} is no whole number")
        if not low <= value <= high:
            raise ValueError(f"{value} is out of range")
        return value

    return Codec(
        lambda raw: check(whole(raw)), lambda value: str(check(value)), f"a number, {bounds}"
    )


def size_up_to(most: int) -> Codec[Bytes, Bytes | str]:
    """Amounts of up to `most` bytes; both ways have the same bound."""

    def read(raw: str) -> Bytes:
        amount = Bytes.parse(raw)
        if amount > most:
            raise ValueError(f"{raw} is too much")
        return amount

    limit = "below 8 EiB" if most == MAX_SIZE else f"up to {Bytes(most)}"
    expected = f"an amount with its unit {limit}, such as GiB(1) or '512 MiB'"
    return Codec(read, str, expected)


def absolute(path: str | PathLike[str]) -> str:
    """The path from the root, taken from the current directory; links are not followed.

    Raises:
        ConfigError: It is empty.
    """
    if not str(path):
        raise ConfigError("the path is empty", field="path")
    return str(Path(path).absolute())


def path_of(form: Form) -> Codec[str, str | PathLike[str]]:
    """Paths: what has the form stays as it is, another one is made absolute."""

    def write(value: str | PathLike[str]) -> str:
        raw = fspath(value)
        if not isinstance(raw, str):
            raise TypeError(f"{type(value).__name__} is no path")
        return raw if form.accepts(raw) else absolute(raw)

    return Codec(str, write, form.expected)


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
MAC: Codec[MacAddress, MacAddress | str] = Codec(
    MacAddress.parse, _write_mac, "a MAC address such as 52:54:00:12:34:56"
)
