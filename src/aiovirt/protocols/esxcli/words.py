"""Command lines for the host's shell, from words that may hold anything that a host can hold."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

__all__ = ["command_line", "unfit"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def command_line(words: Sequence[str]) -> str:
    """Return what a POSIX shell reads as these words and nothing else.

    Raises:
        ValueError: One of them has a zero byte, which no word can have.
    """
    if any("\0" in word for word in words):
        raise ValueError("a word of a command has a zero byte")
    return shlex.join(words)


def unfit(name: str, *, most: int, forbidden: str = "") -> str | None:
    """Say why the host cannot hold a name; None for one that it can.

    Args:
        name: The name.
        most: How many bytes of UTF-8 it may have.
        forbidden: Characters that it cannot have, beside control characters.
    """
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "it is no Unicode text"
    if not name.strip():
        return "it is empty"
    if name != name.strip():
        return "it begins or ends with a space"
    if size > most:
        return f"it has {size} bytes, and may have {most}"
    if _CONTROL.search(name):
        return "it has a line break or another control character"
    wrong = sorted({sign for sign in name if sign in forbidden})
    return f"it has the character {wrong[0]}" if wrong else None
