"""XML documents that the user hands in: read from files or standard input, checked on request."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from aiovirt.cli import terminal
from aiovirt.cli.failures import naming

__all__ = ["GRAMMAR", "read_document", "source_name", "validate"]

GRAMMAR = Path("/usr/share/libvirt/schemas/domain.rng")
"""Where every distribution's libvirt has it."""


async def read_document(path: Path) -> bytes:
    """The bytes of a file, or of standard input for ``-``.

    Raises:
        OSError: It cannot be read.
        UsageError: It is too long to be a configuration.

    Cancellation: the file is closed.
    """
    if str(path) == "-":
        return await terminal.read_all(sys.stdin.fileno())
    with naming(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return await terminal.read_all(descriptor)
        finally:
            os.close(descriptor)


def source_name(path: Path) -> str:
    """What a document's file is called in sentences."""
    return "standard input" if str(path) == "-" else str(path)


def validate(document: bytes) -> None:
    """Check a document against libvirt's grammar; lxml is loaded for that only.

    Raises:
        XMLError: It does not keep to it; line and element are named.
        ResourceUnavailable: The grammar is not installed.
    """
    check: Callable[[bytes, Path], None] = import_module("aiovirt.cli.grammar").check
    check(document, GRAMMAR)
