"""libvirt's protocol on a line: the client, its streams, the transports, authentication."""

from __future__ import annotations

from aiovirt.clients.credentials import (
    PASSWORD_VARIABLE,
    USERNAME_VARIABLE,
    answerers,
)
from aiovirt.clients.libvirt._auth_calls import authenticate_client
from aiovirt.clients.libvirt._authenticate import Peer
from aiovirt.clients.libvirt._calls import is_quick
from aiovirt.clients.libvirt._client import LibvirtClient, open_client
from aiovirt.clients.libvirt._stream import ClientStream, Hole

__all__ = [
    "PASSWORD_VARIABLE",
    "USERNAME_VARIABLE",
    "ClientStream",
    "Hole",
    "LibvirtClient",
    "Peer",
    "answerers",
    "authenticate_client",
    "is_quick",
    "open_client",
]
