"""What the library logs while a command runs, in the form of the command line's own messages."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aiovirt.cli.colours import Colour, paint
from aiovirt.cli.failures import one_line

__all__ = ["warnings_shown"]


class _Warnings(logging.Handler):
    """Writes each as a line ``warning: …`` to standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        label = paint("warning:", Colour.YELLOW, sys.stderr)
        sys.stderr.write(f"{label} {one_line(record.getMessage())}\n")


@contextmanager
def warnings_shown() -> Iterator[None]:
    """A block in which warnings of the library, and worse, are shown to the user."""
    logger = logging.getLogger("aiovirt")
    handler = _Warnings(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
