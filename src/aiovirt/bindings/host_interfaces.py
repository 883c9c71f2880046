"""The rows of `HostInterfaces`."""

from __future__ import annotations

from aiovirt.bindings.arguments import Argument, arg, bits, fixed
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, listing
from aiovirt.bindings.values import HOST_INTERFACE, TRUTH, document
from aiovirt.config import HostInterfaceConfig
from aiovirt.interfaces import HostInterfaces
from aiovirt.model.constants import (
    ConnectListAllInterfacesFlags,
    InterfaceDefineFlags,
    InterfaceXMLFlags,
)
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import interface as p

__all__ = ["ROWS"]

_UP, _DOWN = ConnectListAllInterfacesFlags.ACTIVE, ConnectListAllInterfacesFlags.INACTIVE

CONFIG = document(HostInterfaceConfig)
THE_INTERFACE = arg("interface", "iface", HOST_INTERFACE)
FOUND = field("iface", HOST_INTERFACE)
NO_FLAGS = fixed("flags", 0)

CHOSEN = Argument(
    ("active",),
    ("flags",),
    lambda active: (int(_UP | _DOWN if active is None else _UP if active else _DOWN),),
    lambda wire: ({_UP: True, _DOWN: False}.get(wire),),
)
"""Up, down, or both: libvirt's udev backend gives nothing without flags."""

ROWS = (
    bind(
        HostInterfaces.keys,
        c.CONNECT_LIST_ALL_INTERFACES,
        fixed("need_results", 1),
        CHOSEN,
        returns=listing("ifaces", HOST_INTERFACE),
    ),
    bind(HostInterfaces.find_by_name, p.INTERFACE_LOOKUP_BY_NAME, arg("name"), returns=FOUND),
    bind(HostInterfaces.find_by_mac, p.INTERFACE_LOOKUP_BY_MAC_STRING, arg("mac"), returns=FOUND),
    bind(
        HostInterfaces.config,
        p.INTERFACE_GET_XML_DESC,
        THE_INTERFACE,
        bits(inactive=InterfaceXMLFlags.INACTIVE),
        returns=field("xml", CONFIG),
    ),
    bind(
        HostInterfaces.define,
        p.INTERFACE_DEFINE_XML,
        arg("config", "xml", CONFIG),
        bits(validate=InterfaceDefineFlags.VALIDATE),
        returns=FOUND,
    ),
    bind(HostInterfaces.undefine, p.INTERFACE_UNDEFINE, THE_INTERFACE),
    bind(HostInterfaces.start, p.INTERFACE_CREATE, THE_INTERFACE, NO_FLAGS),
    bind(HostInterfaces.destroy, p.INTERFACE_DESTROY, THE_INTERFACE, NO_FLAGS),
    bind(
        HostInterfaces.is_active,
        p.INTERFACE_IS_ACTIVE,
        THE_INTERFACE,
        returns=field("active", TRUTH),
    ),
    bind(HostInterfaces.begin_changes, p.INTERFACE_CHANGE_BEGIN, NO_FLAGS),
    bind(HostInterfaces.commit_changes, p.INTERFACE_CHANGE_COMMIT, NO_FLAGS),
    bind(HostInterfaces.rollback_changes, p.INTERFACE_CHANGE_ROLLBACK, NO_FLAGS),
)
