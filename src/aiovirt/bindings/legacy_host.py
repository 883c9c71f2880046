"""The rows of `LegacyHost`."""

from __future__ import annotations

from aiovirt.bindings import network_filters, networks
from aiovirt.bindings.arguments import arg, fixed
from aiovirt.bindings.binding import bind
from aiovirt.bindings.node_devices import THE_DEVICE
from aiovirt.bindings.results import field
from aiovirt.interfaces import LegacyHost
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import network, node, nwfilter

__all__ = ["ROWS"]

MOST = arg("most", "maxnames")
NUMBER = field("num")
NAMES = field("names")

ROWS = (
    bind(LegacyHost.count_networks, c.CONNECT_NUM_OF_NETWORKS, returns=NUMBER),
    bind(LegacyHost.network_names, c.CONNECT_LIST_NETWORKS, MOST, returns=NAMES),
    bind(LegacyHost.count_defined_networks, c.CONNECT_NUM_OF_DEFINED_NETWORKS, returns=NUMBER),
    bind(LegacyHost.defined_network_names, c.CONNECT_LIST_DEFINED_NETWORKS, MOST, returns=NAMES),
    bind(
        LegacyHost.define_network,
        network.NETWORK_DEFINE_XML,
        arg("config", "xml", networks.CONFIG),
        returns=networks.FOUND,
    ),
    bind(
        LegacyHost.create_network,
        network.NETWORK_CREATE_XML,
        arg("config", "xml", networks.CONFIG),
        returns=networks.FOUND,
    ),
    bind(LegacyHost.count_interfaces, c.CONNECT_NUM_OF_INTERFACES, returns=NUMBER),
    bind(LegacyHost.interface_names, c.CONNECT_LIST_INTERFACES, MOST, returns=NAMES),
    bind(
        LegacyHost.count_defined_interfaces,
        c.CONNECT_NUM_OF_DEFINED_INTERFACES,
        returns=NUMBER,
    ),
    bind(
        LegacyHost.defined_interface_names,
        c.CONNECT_LIST_DEFINED_INTERFACES,
        MOST,
        returns=NAMES,
    ),
    bind(LegacyHost.count_filters, c.CONNECT_NUM_OF_NWFILTERS, returns=NUMBER),
    bind(LegacyHost.filter_names, c.CONNECT_LIST_NWFILTERS, MOST, returns=NAMES),
    bind(
        LegacyHost.define_filter,
        nwfilter.NWFILTER_DEFINE_XML,
        arg("config", "xml", network_filters.CONFIG),
        returns=network_filters.FOUND,
    ),
    bind(
        LegacyHost.count_devices,
        node.NODE_NUM_OF_DEVICES,
        arg("kind", "cap"),
        fixed("flags", 0),
        returns=NUMBER,
    ),
    bind(
        LegacyHost.device_names,
        node.NODE_LIST_DEVICES,
        arg("kind", "cap"),
        MOST,
        fixed("flags", 0),
        returns=NAMES,
    ),
    bind(LegacyHost.detach_device, node.NODE_DEVICE_DETTACH, THE_DEVICE),
)
