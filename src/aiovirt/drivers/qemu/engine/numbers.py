"""libvirt's own number for an error whose class does not tell it."""

from __future__ import annotations

from typing import TypeVar

from aiovirt.errors import AiovirtError, with_number
from aiovirt.model.constants import ErrorDomain, ErrorNumber

__all__ = ["numbered"]

E = TypeVar("E", bound=AiovirtError)


def numbered(error: E, number: ErrorNumber) -> E:
    """The error, with the number that clients of libvirt tell it by."""
    return with_number(error, number, ErrorDomain.QEMU)
