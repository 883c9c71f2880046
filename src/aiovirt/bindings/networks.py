"""The rows of `Networks`."""

from __future__ import annotations

from aiovirt.bindings.arguments import arg, bits, fixed, flags, flags_and_bits, flags_and_filters
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import Result, field, listing
from aiovirt.bindings.values import NETWORK, TRUTH, UUID_BYTES, Value, document, enumeration
from aiovirt.config import NetworkConfig
from aiovirt.interfaces import Networks
from aiovirt.model.constants import (
    ConnectListAllNetworksFlags,
    NetworkCreateFlags,
    NetworkDefineFlags,
    NetworkMetadataType,
    NetworkUpdateCommand,
    NetworkUpdateFlags,
    NetworkUpdateSection,
    NetworkXMLFlags,
)
from aiovirt.model.network import AddressFamily, DhcpLease
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import network as p
from aiovirt.protocols.libvirt.tables.structs import NetworkDhcpLease

__all__ = ["CONFIG", "FOUND", "ROWS", "THE_NETWORK"]

_LIST = ConnectListAllNetworksFlags

CONFIG = document(NetworkConfig)
THE_NETWORK = arg("network", "net", NETWORK)
FOUND = field("net", NETWORK)
_FAMILY = enumeration(AddressFamily)


def _lease(wire: NetworkDhcpLease) -> DhcpLease:
    return DhcpLease(
        interface=wire.iface,
        expires_s=wire.expirytime,
        family=_FAMILY.read(wire.type),
        address=wire.ipaddr,
        prefix=wire.prefix,
        mac=wire.mac,
        iaid=wire.iaid,
        hostname=wire.hostname,
        client_id=wire.clientid,
    )


def _wire(lease: DhcpLease) -> NetworkDhcpLease:
    return NetworkDhcpLease(
        iface=lease.interface,
        expirytime=lease.expires_s,
        type=int(lease.family),
        mac=lease.mac,
        iaid=lease.iaid,
        ipaddr=lease.address,
        prefix=lease.prefix,
        hostname=lease.hostname,
        clientid=lease.client_id,
    )


LEASES: Result = listing("leases", Value(_wire, _lease))

ROWS = (
    bind(
        Networks.define,
        p.NETWORK_DEFINE_XML_FLAGS,
        arg("config", "xml", CONFIG),
        flags_and_bits(NetworkDefineFlags, validate=NetworkDefineFlags.VALIDATE),
        returns=FOUND,
    ),
    bind(
        Networks.create,
        p.NETWORK_CREATE_XML_FLAGS,
        arg("config", "xml", CONFIG),
        flags_and_bits(NetworkCreateFlags, validate=NetworkCreateFlags.VALIDATE),
        returns=FOUND,
    ),
    bind(Networks.undefine, p.NETWORK_UNDEFINE, THE_NETWORK),
    bind(Networks.start, p.NETWORK_CREATE, THE_NETWORK),
    bind(Networks.destroy, p.NETWORK_DESTROY, THE_NETWORK),
    bind(
        Networks.keys,
        c.CONNECT_LIST_ALL_NETWORKS,
        fixed("need_results", 1),
        flags_and_filters(
            _LIST,
            active=(_LIST.ACTIVE, _LIST.INACTIVE),
            persistent=(_LIST.PERSISTENT, _LIST.TRANSIENT),
            autostart=(_LIST.AUTOSTART, _LIST.NO_AUTOSTART),
        ),
        returns=listing("nets", NETWORK),
    ),
    bind(Networks.find_by_name, p.NETWORK_LOOKUP_BY_NAME, arg("name"), returns=FOUND),
    bind(
        Networks.find_by_uuid,
        p.NETWORK_LOOKUP_BY_UUID,
        arg("uuid", value=UUID_BYTES),
        returns=FOUND,
    ),
    bind(
        Networks.config,
        p.NETWORK_GET_XML_DESC,
        THE_NETWORK,
        bits(inactive=NetworkXMLFlags.INACTIVE),
        returns=field("xml", CONFIG),
    ),
    bind(
        Networks.bridge_name,
        p.NETWORK_GET_BRIDGE_NAME,
        THE_NETWORK,
        returns=field("name"),
    ),
    bind(Networks.is_active, p.NETWORK_IS_ACTIVE, THE_NETWORK, returns=field("active", TRUTH)),
    bind(
        Networks.is_persistent,
        p.NETWORK_IS_PERSISTENT,
        THE_NETWORK,
        returns=field("persistent", TRUTH),
    ),
    bind(
        Networks.autostart,
        p.NETWORK_GET_AUTOSTART,
        THE_NETWORK,
        returns=field("autostart", TRUTH),
    ),
    bind(
        Networks.set_autostart,
        p.NETWORK_SET_AUTOSTART,
        THE_NETWORK,
        arg("autostart", value=TRUTH),
    ),
    bind(
        Networks.update,
        p.NETWORK_UPDATE,
        THE_NETWORK,
        arg("command", value=enumeration(NetworkUpdateCommand)),
        arg("section", value=enumeration(NetworkUpdateSection)),
        arg("parent_index"),
        arg("xml"),
        flags(NetworkUpdateFlags),
    ),
    bind(
        Networks.leases,
        p.NETWORK_GET_DHCP_LEASES,
        THE_NETWORK,
        arg("mac"),
        fixed("need_results", 1),
        fixed("flags", 0),
        returns=LEASES,
    ),
    bind(
        Networks.metadata,
        p.NETWORK_GET_METADATA,
        arg("network", value=NETWORK),
        arg("kind", "type", enumeration(NetworkMetadataType)),
        arg("uri"),
        flags(NetworkUpdateFlags),
        returns=field("metadata"),
    ),
    bind(
        Networks.set_metadata,
        p.NETWORK_SET_METADATA,
        arg("network", value=NETWORK),
        arg("kind", "type", enumeration(NetworkMetadataType)),
        arg("metadata"),
        arg("key"),
        arg("uri"),
        flags(NetworkUpdateFlags),
    ),
)
