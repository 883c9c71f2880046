"""What the host is: what takes more than one call."""

from __future__ import annotations

from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.interfaces import HostInfo
from aiovirt.protocols.libvirt.procedure import Empty
from aiovirt.protocols.libvirt.tables import connect as p

__all__ = ["LibvirtHostInfo"]


class LibvirtHostInfo(LibvirtAbility, HostInfo):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def version(self) -> str:
        """See `HostInfo.version`."""
        reply = await self._link.call(p.CONNECT_GET_VERSION, Empty(), operation="version")
        major, rest = divmod(reply.hv_ver, 1_000_000)
        minor, release = divmod(rest, 1000)
        return f"{self.driver_name} {major}.{minor}.{release}"
