"""Whether a stream gets colours, and the few there are. It knows streams and nothing else."""

from __future__ import annotations

import os
from enum import Enum
from typing import TextIO

__all__ = ["Colour", "decorated", "paint"]


class Colour(Enum):
    """What to switch on (ECMA-48, SGR)."""

    RED = "31"
    YELLOW = "33"
    CYAN = "36"
    DIM = "2"


def decorated(stream: TextIO) -> bool:
    """Whether colours and progress may go there: it is a terminal, and nothing forbids them.

    Source: no-color.org (any value of ``NO_COLOR`` but the empty one).
    """
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and stream.isatty()


def paint(text: str, colour: Colour, stream: TextIO) -> str:
    """The text as it is written to that stream."""
    return f"\x1b[{colour.value}m{text}\x1b[0m" if decorated(stream) else text
