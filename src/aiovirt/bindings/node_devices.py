"""The rows of `NodeDevices`."""

from __future__ import annotations

from aiovirt.bindings.arguments import arg, fixed, flags, flags_and_bits
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, listing
from aiovirt.bindings.values import NODE_DEVICE, NODE_DEVICE_NAME, TRUTH, document
from aiovirt.config import NodeDeviceConfig
from aiovirt.interfaces import NodeDevices
from aiovirt.model.constants import (
    ConnectListAllNodeDeviceFlags,
    NodeDeviceCreateXMLFlags,
    NodeDeviceDefineXMLFlags,
    NodeDeviceUpdateFlags,
)
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import node as p

__all__ = ["ROWS", "THE_DEVICE"]

CONFIG = document(NodeDeviceConfig)
THE_DEVICE = arg("device", "name", NODE_DEVICE_NAME)
FOUND = field("dev", NODE_DEVICE)

ROWS = (
    bind(
        NodeDevices.keys,
        c.CONNECT_LIST_ALL_NODE_DEVICES,
        fixed("need_results", 1),
        flags(ConnectListAllNodeDeviceFlags),
        returns=listing("devices", NODE_DEVICE),
    ),
    bind(NodeDevices.find_by_name, p.NODE_DEVICE_LOOKUP_BY_NAME, arg("name"), returns=FOUND),
    bind(
        NodeDevices.find_by_wwn,
        p.NODE_DEVICE_LOOKUP_SCSI_HOST_BY_WWN,
        arg("wwnn"),
        arg("wwpn"),
        fixed("flags", 0),
        returns=FOUND,
    ),
    bind(
        NodeDevices.config,
        p.NODE_DEVICE_GET_XML_DESC,
        THE_DEVICE,
        fixed("flags", 0),
        returns=field("xml", CONFIG),
    ),
    bind(
        NodeDevices.parent,
        p.NODE_DEVICE_GET_PARENT,
        THE_DEVICE,
        returns=field("parent_name"),
    ),
    bind(
        NodeDevices.count_capabilities,
        p.NODE_DEVICE_NUM_OF_CAPS,
        THE_DEVICE,
        returns=field("num"),
    ),
    bind(
        NodeDevices.capabilities,
        p.NODE_DEVICE_LIST_CAPS,
        THE_DEVICE,
        arg("most", "maxnames"),
        returns=field("names"),
    ),
    bind(
        NodeDevices.create,
        p.NODE_DEVICE_CREATE_XML,
        arg("config", "xml_desc", CONFIG),
        flags_and_bits(NodeDeviceCreateXMLFlags, validate=NodeDeviceCreateXMLFlags.VALIDATE),
        returns=FOUND,
    ),
    bind(
        NodeDevices.define,
        p.NODE_DEVICE_DEFINE_XML,
        arg("config", "xml_desc", CONFIG),
        flags_and_bits(NodeDeviceDefineXMLFlags, validate=NodeDeviceDefineXMLFlags.VALIDATE),
        returns=FOUND,
    ),
    bind(NodeDevices.undefine, p.NODE_DEVICE_UNDEFINE, THE_DEVICE, fixed("flags", 0)),
    bind(NodeDevices.start, p.NODE_DEVICE_CREATE, THE_DEVICE, fixed("flags", 0)),
    bind(NodeDevices.destroy, p.NODE_DEVICE_DESTROY, THE_DEVICE),
    bind(
        NodeDevices.update,
        p.NODE_DEVICE_UPDATE,
        THE_DEVICE,
        arg("config", "xml_desc", CONFIG),
        flags(NodeDeviceUpdateFlags),
    ),
    bind(
        NodeDevices.autostart,
        p.NODE_DEVICE_GET_AUTOSTART,
        THE_DEVICE,
        returns=field("autostart", TRUTH),
    ),
    bind(
        NodeDevices.set_autostart,
        p.NODE_DEVICE_SET_AUTOSTART,
        THE_DEVICE,
        arg("autostart", value=TRUTH),
    ),
    bind(
        NodeDevices.is_active,
        p.NODE_DEVICE_IS_ACTIVE,
        THE_DEVICE,
        returns=field("active", TRUTH),
    ),
    bind(
        NodeDevices.is_persistent,
        p.NODE_DEVICE_IS_PERSISTENT,
        THE_DEVICE,
        returns=field("persistent", TRUTH),
    ),
    bind(
        NodeDevices.detach,
        p.NODE_DEVICE_DETACH_FLAGS,
        THE_DEVICE,
        arg("driver", "driver_name"),
        fixed("flags", 0),
    ),
    bind(NodeDevices.reattach, p.NODE_DEVICE_RE_ATTACH, THE_DEVICE),
    bind(NodeDevices.reset, p.NODE_DEVICE_RESET, THE_DEVICE),
)
