"""Sets of processors, and the text that libvirt writes them in: ``0-3,^2,7``."""

from __future__ import annotations

from collections.abc import Iterable

from aiovirt.errors import CallerError

__all__ = ["LARGEST", "format_cpus", "parse_cpus"]

LARGEST = 16384
"""Processors that libvirt's protocol has room for: REMOTE_CPUMAP_MAX, in bits."""


def format_cpus(cpus: Iterable[int]) -> str:
    """The text of a set of processors: ranges in their order, or an empty text."""
    found: list[list[int]] = []
    for cpu in sorted(cpus):
        if found and found[-1][1] == cpu - 1:
            found[-1][1] = cpu
        else:
            found.append([cpu, cpu])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in found)


def parse_cpus(text: str) -> frozenset[int]:
    """The set of processors of a text; ``^`` takes one out of those before it.

    Raises:
        CallerError: It is no such text, or names a processor of `LARGEST` or more.
    """
    found: set[int] = set()
    for part in text.split(","):
        word = part.strip()
        low, high = _range(word.removeprefix("^"), text)
        if word.startswith("^"):
            found -= set(range(low, high + 1))
        else:
            found |= set(range(low, high + 1))
    return frozenset(found)


def _range(word: str, text: str) -> tuple[int, int]:
    """The first and the last processor of one part."""
    first, dash, last = word.partition("-")
    numbers = (first, last) if dash else (first, first)
    if not all(number.isascii() and number.isdecimal() for number in numbers):
        raise CallerError(
            f"{text!r} is no set of processors", hint="write it as 0-3,^2,7, for example"
        )
    low, high = int(numbers[0]), int(numbers[1])
    if not low <= high < LARGEST:
        raise CallerError(f"{text!r}: {word} is no range of processors below {LARGEST}")
    return low, high
