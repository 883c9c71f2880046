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

    async def is_secure(self) -> bool:
        """See `HostInfo.is_secure`: both the line to the daemon, and what it does from there."""
        session = await self._link.session()
        reply = await session.client.call(p.CONNECT_IS_SECURE, Empty(), operation="is_secure")
        return session.private and bool(reply.secure)
