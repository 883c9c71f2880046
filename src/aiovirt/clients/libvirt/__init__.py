"""libvirt's protocol on a line: the client, its streams, the transports, authentication."""

from __future__ import annotations

from aiovirt.clients.libvirt._client import LibvirtClient, open_client
from aiovirt.clients.libvirt._stream import ClientStream, Hole

__all__ = ["ClientStream", "Hole", "LibvirtClient", "open_client"]
