"""Whether an ESX host is managed by the vCenter that its URI names, as libvirt looks at it.

What needs the vCenter, such as moving a machine, is done by a connection to that: ``vpx://``.
"""

from __future__ import annotations

import socket

import anyio

from aiovirt.clients.vsphere import VSphereClient
from aiovirt.errors import ConfigError
from aiovirt.protocols.vsphere import Ref

__all__ = ["check_vcenter"]

_ADDRESS = "summary.managementServerIp"


async def check_vcenter(client: VSphereClient, host: Ref, vcenter: str) -> None:
    """See that a host is managed by a vCenter.

    Args:
        client: The host's.
        host: The host.
        vcenter: The name or address of the vCenter; ``*`` for any.

    Raises:
        ConfigError: It is managed by another one, or by none.
    """
    known = (await client.get(host, _ADDRESS)).get(_ADDRESS)
    if known is None and vcenter == "*":
        raise ConfigError(
            f"{client.where} is not managed by a vCenter",
            field="vcenter",
            hint="leave out vcenter=",
        )
    if known is None or vcenter == "*" or str(known) in await _addresses(vcenter):
        return
    raise ConfigError(
        f"{client.where} is managed by the vCenter {known}, and not by {vcenter}",
        field="vcenter",
        hint=f"vcenter=* is the one that it names, and vpx://{known}/ its own connection",
    )


async def _addresses(name: str) -> set[str]:
    """The addresses of a host.

    Raises:
        ConfigError: There is no host of that name.
    """
    try:
        found = await anyio.getaddrinfo(name, None)
    except (socket.gaierror, UnicodeError) as error:
        raise ConfigError(f"there is no host {name!r}: {error}", field="vcenter") from error
    return {str(each[4][0]) for each in found}
