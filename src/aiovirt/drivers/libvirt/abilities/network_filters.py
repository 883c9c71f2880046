"""Network filters: what takes another call with an older daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aiovirt.bindings.values import FILTER
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.interfaces import NetworkFilters
from aiovirt.model.keys import NetworkFilterKey
from aiovirt.protocols.libvirt.tables import nwfilter as p
from aiovirt.protocols.libvirt.tables.structs import Nwfilter

if TYPE_CHECKING:
    from aiovirt.config import NetworkFilterConfig
    from aiovirt.model.constants import NWFilterDefineFlags

__all__ = ["LibvirtNetworkFilters"]

VALIDATE = 1
"""libvirt's `VIR_NWFILTER_DEFINE_VALIDATE`."""


class LibvirtNetworkFilters(LibvirtAbility, NetworkFilters):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def define(
        self,
        config: NetworkFilterConfig,
        *,
        validate: bool = False,
        flags: NWFilterDefineFlags | Literal[0] = 0,
    ) -> NetworkFilterKey:
        """See `NetworkFilters.define`; the call with flags is not known before libvirt 7.7."""
        total = int(flags) | (VALIDATE if validate else 0)
        found: NetworkFilterKey = FILTER.read(await self._define(config.to_xml(), total))
        return found

    async def _define(self, xml: str, flags: int) -> Nwfilter:
        if not flags:
            plain = p.NwfilterDefineXmlArgs(xml)
            made = await self._link.call(p.NWFILTER_DEFINE_XML, plain, operation="define")
            return made.nwfilter
        args = p.NwfilterDefineXmlFlagsArgs(xml, flags)
        reply = await self._link.call(p.NWFILTER_DEFINE_XML_FLAGS, args, operation="define")
        return reply.nwfilter
