"""The standard streams: filled where they were closed, written to, left alone when nobody reads.

It needs nothing but Python's own library: the program uses it before all else is loaded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["OutputGone", "fill", "write", "written"]


class OutputGone(Exception):
    """Nobody reads standard output any more."""


def fill() -> None:
    """Put nothing where a standard stream was closed: else the next file opened takes its number.

    What is written for people would then end up in that file.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # The lowest free number is this one: those below are filled.
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w"))


@contextmanager
def written() -> Iterator[None]:
    """A block that writes to standard output, all of it when the block ends.

    Raises:
        OutputGone: Nobody reads it.
        OSError: It cannot be written, as when the disk is full.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        _abandon()
        if isinstance(error, BrokenPipeError):
            raise OutputGone from error
        raise OSError(error.errno, error.strerror, "standard output") from error


def write(text: str) -> None:
    """Write to standard output, at once.

    Raises:
        OutputGone: Nobody reads it.
        OSError: It cannot be written.
    """
    with written():
        sys.stdout.write(text)


def _abandon() -> None:
    """Let the interpreter's last flush go nowhere, where it would complain of the same again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
