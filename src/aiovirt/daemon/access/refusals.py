"""Refusals, with the numbers by which libvirt's clients know them."""

from __future__ import annotations

from aiovirt.errors import AuthenticationFailed, PermissionDenied, with_number
from aiovirt.model.constants import ErrorDomain, ErrorNumber

__all__ = ["denied", "unproven", "with_number"]


def denied(message: str, *, hint: str | None = None) -> PermissionDenied:
    """A client may not do something (VIR_ERR_ACCESS_DENIED)."""
    error = PermissionDenied(message, hint=hint)
    return with_number(error, ErrorNumber.ERR_ACCESS_DENIED, ErrorDomain.ACCESS)


def unproven(message: str, *, hint: str | None = None) -> AuthenticationFailed:
    """A client has not proved who it is (VIR_ERR_AUTH_FAILED)."""
    error = AuthenticationFailed(message, hint=hint)
    return with_number(error, ErrorNumber.ERR_AUTH_FAILED, ErrorDomain.RPC)
