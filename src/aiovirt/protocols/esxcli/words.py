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


MAX_BYTES = 240
"""Bytes of a file's name on the host (VMFS and NFS: 255), less what is added to names."""


def unfit(name: str, *, most: int = 80, forbidden: str = "") -> str | None:
    """Say why the host cannot hold a name; None for one that it can.

    Args:
        name: The name.
        most: How many characters it may have; names in the vSphere API have 80.
        forbidden: Characters that it cannot have, beside control characters.
    """
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "it is no Unicode text"
    wrong = sorted({sign for sign in name if sign in forbidden})
    reasons = (
        (not name.strip(), "it is empty"),
        (name != name.strip(), "it begins or ends with a space"),
        (len(name) > most, f"it has {len(name)} characters, and may have {most}"),
        (size > MAX_BYTES, f"it has {size} bytes, and may have {MAX_BYTES}"),
        (_CONTROL.search(name), "it has a line break or another control character"),
        (wrong, f"it has the character {''.join(wrong[:1])}"),
    )
    return next((why for is_so, why in reasons if is_so), None)
