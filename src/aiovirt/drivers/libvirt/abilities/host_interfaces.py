"""The host's interfaces: what takes more than one call."""

from __future__ import annotations

from collections.abc import Sequence

from aiovirt._tasks import gather
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.interfaces import HostInterfaces
from aiovirt.model.network import HostInterfaceRecord

__all__ = ["LibvirtHostInterfaces"]


class LibvirtHostInterfaces(LibvirtAbility, HostInterfaces):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def records(self) -> Sequence[HostInterfaceRecord]:
        """See `HostInterfaces.records`."""
        everything, active = await gather(self.keys, lambda: self.keys(active=True))
        return [
            HostInterfaceRecord(key, key in active)
            for key in sorted(everything, key=lambda key: key.name)
        ]
