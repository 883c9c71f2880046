"""A bar on a terminal: how many bytes of how many are done. It knows standard error only."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from aiovirt.cli.colours import decorated
from aiovirt.model.storage import Progress

__all__ = ["bar", "line"]

FRAME_S = 0.1
"""The bar is not drawn more often, but for its end."""

WIDTH = 30

_CLEAR_LINE = "\r\x1b[K"  # ECMA-48: erase in line
_MIB = 1024 * 1024


@contextmanager
def bar(text: str, *, wanted: bool = True) -> Iterator[Progress | None]:
    """What draws the bar, for the length of the block; None where there is no terminal.

    Args:
        text: What stands before the bar.
        wanted: Whether there is to be one at all.
    """
    if not (wanted and decorated(sys.stderr)):
        yield None
        return
    drawn = -FRAME_S

    def draw(done: int, total: int) -> None:
        nonlocal drawn
        now = time.monotonic()
        if now - drawn >= FRAME_S or done == total:
            drawn = now
            sys.stderr.write(f"{_CLEAR_LINE}{line(text, done, total)}")
            sys.stderr.flush()

    try:
        yield draw
    finally:
        sys.stderr.write(_CLEAR_LINE)
        sys.stderr.flush()


def line(text: str, done: int, total: int) -> str:
    """One state of the bar; without the bar itself where the whole is not known."""
    if not total:
        return f"{text}: {done / _MIB:.1f} MiB"
    part = min(1.0, done / total)
    filled = round(part * WIDTH)
    return (
        f"{text} [{'=' * filled}{' ' * (WIDTH - filled)}] {part:4.0%}"
        f" {done / _MIB:.1f} of {total / _MIB:.1f} MiB"
    )
