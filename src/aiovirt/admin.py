"""Looking after libvirt's daemons themselves: their workers, clients and logs.

async with aiovirt.admin.open("libvirtd:///system") as daemon:
for client in await (await daemon.server("libvirtd")).clients():
print(client.id, client.transport.name, await client.info())
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiovirt.drivers.libvirt.admin import open_admin_driver
from aiovirt.interfaces import OpenOptions
from aiovirt.model.credentials import Credentials
from aiovirt.model.uri import URI
from aiovirt.objects.admin import AdminClient, AdminConnection, AdminServer

__all__ = ["AdminClient", "AdminConnection", "AdminServer", "open"]


@asynccontextmanager
async def open(  # noqa: A001  # read as aiovirt.admin.open
    uri: str | URI = "libvirtd:///system", *, credentials: Credentials | None = None
) -> AsyncIterator[AdminConnection]:
    """Open the admin API of a daemon for the length of an ``async with`` block.

    Args:
        uri: ``libvirtd:///system``, ``virtqemud:///session`` and the like; its parameter
            ``socket`` names another socket, and ``libvirtd+ssh://root@HOST/system`` goes to
            another host.
        credentials: Who answers when SSH asks for a password.

    Raises:
        ConfigError: The URI is wrong; its part is named.
        NotFound: There is no socket: the daemon does not run.
        PermissionDenied: The socket is another user's.
    """
    parsed = uri if isinstance(uri, URI) else URI.parse(uri)
    async with open_admin_driver(parsed, OpenOptions(credentials=credentials)) as driver:
        yield AdminConnection(driver)
