"""Virtual networks: what takes more than one call, or another one with an older daemon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt._tasks import gather
from aiovirt.bindings.values import NETWORK
from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.interfaces import Networks
from aiovirt.model.keys import NetworkKey
from aiovirt.model.network import NetworkRecord
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import network as p
from aiovirt.protocols.libvirt.tables import structs

if TYPE_CHECKING:
    from aiovirt.config import NetworkConfig
    from aiovirt.model.constants import (
        ConnectListAllNetworksFlags,
        NetworkCreateFlags,
        NetworkDefineFlags,
        NetworkUpdateCommand,
        NetworkUpdateFlags,
        NetworkUpdateSection,
    )

__all__ = ["LibvirtNetworks"]

VALIDATE = 1
"""libvirt's `VIR_NETWORK_DEFINE_VALIDATE` and `VIR_NETWORK_CREATE_VALIDATE`."""

UPDATES_IN_ORDER = 16
"""The feature by which a daemon says that it does not take command and section for each other.

Daemons before 7.2 do (libvirt's `VIR_DRV_FEATURE_NETWORK_UPDATE_HAS_CORRECT_ORDER`).
"""


class LibvirtNetworks(LibvirtAbility, Networks):
    """See `aiovirt.drivers.libvirt.abilities`."""

    async def define(
        self,
        config: NetworkConfig,
        *,
        validate: bool = False,
        flags: NetworkDefineFlags | Literal[0] = 0,
    ) -> NetworkKey:
        """See `Networks.define`; the call with flags is not known before libvirt 7.7."""
        xml = config.to_xml(secure=True)
        total = int(flags) | (VALIDATE if validate else 0)
        if not total:
            plain = p.NetworkDefineXmlArgs(xml)
            made = await self._link.call(p.NETWORK_DEFINE_XML, plain, operation="define")
            return _key(made.net)
        args = p.NetworkDefineXmlFlagsArgs(xml, total)
        reply = await self._link.call(p.NETWORK_DEFINE_XML_FLAGS, args, operation="define")
        return _key(reply.net)

    async def create(
        self,
        config: NetworkConfig,
        *,
        validate: bool = False,
        flags: NetworkCreateFlags | Literal[0] = 0,
    ) -> NetworkKey:
        """See `Networks.create`; the call with flags is not known before libvirt 7.8."""
        xml = config.to_xml(secure=True)
        total = int(flags) | (VALIDATE if validate else 0)
        if not total:
            plain = p.NetworkCreateXmlArgs(xml)
            made = await self._link.call(p.NETWORK_CREATE_XML, plain, operation="create")
            return _key(made.net)
        args = p.NetworkCreateXmlFlagsArgs(xml, total)
        reply = await self._link.call(p.NETWORK_CREATE_XML_FLAGS, args, operation="create")
        return _key(reply.net)

    async def records(
        self, *, flags: ConnectListAllNetworksFlags | Literal[0] = 0
    ) -> Sequence[NetworkRecord]:
        """See `Networks.records`."""
        chosen, active, persistent, automatic = await gather(
            lambda: self.keys(flags=flags),
            lambda: self.keys(active=True),
            lambda: self.keys(persistent=True),
            lambda: self.keys(autostart=True),
        )
        return [
            NetworkRecord(key, key in active, key in persistent, key in automatic)
            for key in sorted(chosen, key=lambda key: key.name)
        ]

    async def record(self, network: NetworkKey) -> NetworkRecord:
        """See `Networks.record`."""
        active, persistent, autostart = await gather(
            lambda: self.is_active(network),
            lambda: self.is_persistent(network),
            lambda: self.autostart(network),
        )
        return NetworkRecord(network, active, persistent, autostart)

    async def update(
        self,
        network: NetworkKey,
        command: NetworkUpdateCommand,
        section: NetworkUpdateSection,
        xml: str,
        *,
        parent_index: int = -1,
        flags: NetworkUpdateFlags | Literal[0] = 0,
    ) -> None:
        """See `Networks.update`."""
        asked = c.ConnectSupportsFeatureArgs(UPDATES_IN_ORDER)
        answer = await self._link.call(c.CONNECT_SUPPORTS_FEATURE, asked)
        first, second = (command, section) if answer.supported else (section, command)
        net = NETWORK.send(network)
        args = p.NetworkUpdateArgs(net, int(first), int(second), parent_index, xml, int(flags))
        await self._link.call(p.NETWORK_UPDATE, args, operation="update")


def _key(wire: structs.Network) -> NetworkKey:
    found: NetworkKey = NETWORK.read(wire)
    return found
