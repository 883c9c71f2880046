"""Amounts of memory and storage: `Bytes`, and the units they are written in.

The unit words and what they stand for are libvirt's (docs/formatdomain, "Memory Allocation"):
a bare letter or ``KiB`` is a power of 1024, ``KB`` a power of 1000, case does not matter.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Self

from aiovirt.errors import ConfigError

__all__ = ["Bytes", "GiB", "KiB", "MiB", "TiB", "Unit", "unit_factor"]

_LETTERS = "kmgtpe"
_FACTORS: dict[str, int] = {"b": 1, "byte": 1, "bytes": 1}
for _power, _letter in enumerate(_LETTERS, start=1):
    _FACTORS[_letter] = _FACTORS[f"{_letter}ib"] = 1024**_power
    _FACTORS[f"{_letter}b"] = 1000**_power

_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", re.ASCII)
_UNITS_EXPECTED = "bytes, or KiB, MiB, GiB, TiB, PiB, EiB, or KB, MB, …"


def unit_factor(unit: str) -> int:
    """The number of bytes in one `unit`, such as ``KiB``, ``k`` or ``MB``.

    Raises:
        ConfigError: There is no such unit.
    """
    factor = _FACTORS.get(unit.lower())
    if factor is None:
        raise ConfigError(f"{unit!r} is no unit of size", hint=f"Use {_UNITS_EXPECTED}.")
    return factor


class Bytes(int):
    """A number of bytes: an int that keeps its type in arithmetic and prints itself readably.

    It is never negative and always whole.
    """

    __slots__ = ()

    def __new__(cls, count: int = 0) -> Self:
        """Make it of a whole number that is not negative.

        Raises:
            ConfigError: The number is negative, or not whole.
        """
        if not isinstance(count, int):
            raise ConfigError(f"a size is a whole number of bytes, not {count!r}")
        if count < 0:
            raise ConfigError(f"a size cannot be negative: {int(count)}")
        return super().__new__(cls, count)

    @classmethod
    def parse(cls, text: str, *, default: str = "bytes") -> Bytes:
        """Read ``1 GiB``, ``512M``, ``1.5g`` or ``4096``; a bare number counts `default` units.

        A fraction of a byte is rounded up.

        Raises:
            ConfigError: The text is no amount, or its unit is not known.
        """
        match = _AMOUNT.fullmatch(text)
        if match is None:
            raise ConfigError(
                f"{text!r} is no size", hint=f"Write a number and a unit: {_UNITS_EXPECTED}."
            )
        number, unit = match.groups()
        factor = unit_factor(unit or default)
        if "." not in number:
            return cls(int(number) * factor)
        whole, fraction = number.split(".")
        scale = 10 ** len(fraction)
        return cls(-(-(int(whole + fraction) * factor) // scale))

    def round_up(self, unit: int) -> Bytes:
        """The smallest multiple of `unit` bytes that is not below this."""
        return Bytes(-(-int(self) // unit) * unit)

    def __add__(self, other: int) -> Bytes:
        return Bytes(int(self) + other)

    __radd__ = __add__

    def __sub__(self, other: int) -> Bytes:
        return Bytes(int(self) - other)

    def __mul__(self, other: int) -> Bytes:
        return Bytes(int(self) * other)

    __rmul__ = __mul__

    def __floordiv__(self, other: int) -> Bytes:
        return Bytes(int(self) // other)

    def __mod__(self, other: int) -> Bytes:
        return Bytes(int(self) % other)

    def __str__(self) -> str:
        """The amount in the largest binary unit that leaves it whole: ``1536 MiB``."""
        count, power = int(self), 0
        while count and count % 1024 == 0 and power < len(_LETTERS):
            count, power = count // 1024, power + 1
        return f"{count} {_LETTERS[power - 1].upper()}iB" if power else f"{count} bytes"

    def __format__(self, spec: str) -> str:
        return format(int(self), spec) if spec else str(self)

    def __repr__(self) -> str:
        return f"Bytes({int(self)})"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of size: ``GiB(1)`` is that many `Bytes`.

    Attributes:
        name: The unit's word, as in XML.
        factor: The number of bytes in it.
    """

    name: str
    factor: int

    def __call__(self, count: float) -> Bytes:
        """That many of this unit; a fraction of a byte is rounded up.

        Raises:
            ConfigError: The count is negative or not finite.
        """
        if not math.isfinite(count):
            raise ConfigError(f"a size cannot be {count} {self.name}")
        return Bytes(math.ceil(count * self.factor))


KiB = Unit("KiB", 1024)
MiB = Unit("MiB", 1024**2)
GiB = Unit("GiB", 1024**3)
TiB = Unit("TiB", 1024**4)
