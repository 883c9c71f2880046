"""Virtual networks and what they are made of, and the ports that guests have in them."""

from __future__ import annotations

from aiovirt.config.network.address import DhcpHost, DhcpRange, NetworkIp
from aiovirt.config.network.dns import DnsForwarder, DnsHost, DnsSrv, DnsTxt, NetworkDns
from aiovirt.config.network.network import (
    ForwardAddress,
    ForwardInterface,
    NetworkBridge,
    NetworkConfig,
    NetworkForward,
    NetworkNat,
    NetworkPortgroup,
)
from aiovirt.config.network.port import NetworkPlug, NetworkPortConfig
from aiovirt.config.shared.routes import NetworkRoute
from aiovirt.config.shared.traffic import (
    Bandwidth,
    BandwidthLimit,
    Inbound,
    Outbound,
    VirtualPort,
    Vlan,
    VlanTag,
)

__all__ = [
    "Bandwidth",
    "BandwidthLimit",
    "DhcpHost",
    "DhcpRange",
    "DnsForwarder",
    "DnsHost",
    "DnsSrv",
    "DnsTxt",
    "ForwardAddress",
    "ForwardInterface",
    "Inbound",
    "NetworkBridge",
    "NetworkConfig",
    "NetworkDns",
    "NetworkForward",
    "NetworkIp",
    "NetworkNat",
    "NetworkPlug",
    "NetworkPortConfig",
    "NetworkPortgroup",
    "NetworkRoute",
    "Outbound",
    "VirtualPort",
    "Vlan",
    "VlanTag",
]
