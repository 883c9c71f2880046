"""The command line, ``aiovirt``: a program over the public objects, and over nothing below them.

This module only starts it: whatever else is loaded, Ctrl-C meanwhile is no accident.
Verbs are named as virsh's and mean the same.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Args:
        argv: The arguments without the program's name; those of the process if None.

    Returns:
        0 when it was done, 1 when it failed, 2 for a command line that is wrong, 128 plus the
        signal's number when a signal ended it.
    """
    try:
        run: Callable[[Sequence[str]], int] = import_module("aiovirt.cli.start").run
        return run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        # While that was loaded, or told of an error: else it is told there.
        return 128 + signal.SIGINT
