"""Placeholder."""

from __future__ import annotations

from aiovirt.clients.libvirt._client import LibvirtClient
from aiovirt.model.credentials import Credentials
from aiovirt.model.uri import URI
from aiovirt.protocols.libvirt.procedure import Empty
from aiovirt.protocols.libvirt.tables.connect import AUTH_LIST

__all__ = ["authenticate_client"]


async def authenticate_client(
    client: LibvirtClient, uri: URI, credentials: Credentials | None
) -> None:
    """Show who we are."""
    del uri, credentials
    await client.call(AUTH_LIST, Empty())
