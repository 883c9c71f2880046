"""libvirt's numbers of errors, for those whose class does not tell them."""

from __future__ import annotations

from typing import TypeVar

from aiovirt.errors import AiovirtError, NotFound, with_number
from aiovirt.model.constants import ErrorDomain, ErrorNumber

__all__ = ["no_such_part", "numbered"]

E = TypeVar("E", bound=AiovirtError)


def numbered(error: E, number: ErrorNumber, domain: ErrorDomain = ErrorDomain.TEST) -> E:
    """An error that libvirt's clients know by its number, which its class does not tell."""
    return with_number(error, number, domain)


def no_such_part(text: str, *, hint: str | None = None) -> NotFound:
    """An error for something of a domain: clients must not take the domain itself for gone."""
    return numbered(NotFound(text, hint=hint), ErrorNumber.ERR_INVALID_ARG)
