"""What is wrong with bytes that are no XDR, and with values that do not fit a struct."""

from __future__ import annotations

from aiovirt.errors import CallerError, ProtocolError

__all__ = ["DecodeError", "EncodeError"]


class DecodeError(ProtocolError):
    """Bytes are not what the struct's type allows: too short, too long a list, no text."""


class EncodeError(CallerError):
    """A value does not fit the struct's type; the message names the field."""
