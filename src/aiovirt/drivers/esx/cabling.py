"""Networks that cards of machines are connected to: port groups of hosts and of vCenters."""

from __future__ import annotations

from typing import Final

from aiovirt.config import Interface
from aiovirt.drivers.common.vmx.cards import network_of
from aiovirt.drivers.esx.machine import Machine
from aiovirt.drivers.esx.plugging import Cable
from aiovirt.drivers.esx.session import Session
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables import devices as d
from aiovirt.protocols.vsphere.tables.networks import DistributedVirtualSwitchPortConnection

__all__ = ["cable_to"]

_NETWORKS: Final = ("Network", "DistributedVirtualPortgroup", "OpaqueNetwork")
_GROUP: Final = "DistributedVirtualPortgroup"
_OPAQUE: Final = "OpaqueNetwork"


async def cable_to(session: Session, machine: Machine, card: Interface | None) -> Cable:
    """What connects a machine's cards to the network that one of them names.

    Raises:
        NotFound: There is no such network in its datacenter; the hint names those there are.
        AiovirtError: The server does not tell of it.
    """
    name = None if card is None or card.type == "vds" else network_of(card)
    if name is None:
        return _no_network
    ref = session.tree.named(name, *_NETWORKS, below=session.tree.datacenter(machine.ref))
    backing = await _backing(session, ref, name)
    return lambda _: backing


def _no_network(name: str) -> d.VirtualDeviceBackingInfo:
    raise LookupError(name)  # nobody asks for one that was not named


async def _backing(session: Session, ref: Ref, name: str) -> d.VirtualDeviceBackingInfo:
    if ref.kind == _GROUP:
        return await _distributed(session, ref)
    if ref.kind == _OPAQUE:
        known = await session.get(ref, "summary")
        summary = known["summary"]
        return d.VirtualEthernetCardOpaqueNetworkBackingInfo(
            opaque_network_id=summary.opaque_network_id,
            opaque_network_type=summary.opaque_network_type,
        )
    return d.VirtualEthernetCardNetworkBackingInfo(network=ref, device_name=name)


async def _distributed(session: Session, ref: Ref) -> d.VirtualDeviceBackingInfo:
    """A port of a distributed switch's port group, of which the switch chooses one."""
    known = await session.get(ref, "key", "config.distributedVirtualSwitch")
    switch = known["config.distributedVirtualSwitch"]
    uuid = (await session.get(switch, "uuid"))["uuid"]
    port = DistributedVirtualSwitchPortConnection(switch_uuid=uuid, portgroup_key=known["key"])
    return d.VirtualEthernetCardDistributedVirtualPortBackingInfo(port=port)
