"""The command line, ``aiovirt``: a program over the public objects, and over nothing below them.

This module only starts it, so that ``aiovirt --version`` needs neither the extra nor its time.
Verbs are named as virsh's and mean the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from aiovirt.cli.about import own_version

__all__ = ["main"]

_EXTRA = frozenset({"cyclopts", "rich", "yaml"})


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Args:
        argv: The arguments without the program's name; those of the process if None.

    Returns:
        0 when it was done, 1 when it failed, 2 for a command line that is wrong, 128 plus the
        signal's number when a signal ended it.
    """
    _fill_standard_streams()
    tokens = list(sys.argv[1:] if argv is None else argv)
    if tokens == ["--version"]:
        sys.stdout.write(f"aiovirt {own_version()}\n")
        return 0
    try:
        run: Callable[[Sequence[str]], int] = import_module("aiovirt.cli.app").run
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        sys.stderr.write("error: the command line needs more: pip install aiovirt[cli]\n")
        return 1
    return run(tokens)


def _fill_standard_streams() -> None:
    """Put nothing where a standard stream was closed: else the next file opened takes its number.

    What is written for people would then end up in that file.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # The lowest free number is this one: those below are filled.
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w"))
