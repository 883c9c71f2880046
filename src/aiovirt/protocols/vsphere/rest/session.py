"""The session of the REST API: begun by name and password, shown by a header from then on."""

from __future__ import annotations

import base64
from types import NoneType
from typing import Final

from aiovirt.protocols.vsphere.rest.exchange import RestBody, RestMethod

__all__ = ["BY_HEADER", "CREATE_SESSION", "DELETE_SESSION", "SESSION_HEADER", "basic"]

SESSION_HEADER: Final = "vmware-api-session-id"
"""The header that has the session's key; the cookie of browsers bears the same name."""

BY_HEADER: Final = "vmware-use-header-authn"
"""The header by which a client that needs no cookie says so."""

CREATE_SESSION: Final = RestMethod("session.create", "POST", "/session", RestBody, str)
DELETE_SESSION: Final = RestMethod("session.delete", "DELETE", "/session", RestBody, NoneType)


def basic(user: str, password: str) -> str:
    """The header ``Authorization`` of a name and a password (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode('ascii')}"
