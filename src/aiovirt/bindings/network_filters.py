"""The rows of `NetworkFilters`."""

from __future__ import annotations

from aiovirt.bindings.arguments import arg, fixed, flags_and_bits
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, listing
from aiovirt.bindings.values import FILTER, FILTER_BINDING, UUID_BYTES, document
from aiovirt.config import NetworkFilterBindingConfig, NetworkFilterConfig
from aiovirt.interfaces import NetworkFilters
from aiovirt.model.constants import NWFilterBindingCreateFlags, NWFilterDefineFlags
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import nwfilter as p

__all__ = ["CONFIG", "FOUND", "ROWS"]

CONFIG = document(NetworkFilterConfig)
BINDING_CONFIG = document(NetworkFilterBindingConfig)
THE_FILTER = arg("nwfilter", value=FILTER)
THE_BINDING = arg("binding", "nwfilter", FILTER_BINDING)
FOUND = field("nwfilter", FILTER)
BINDING_FOUND = field("nwfilter", FILTER_BINDING)

ROWS = (
    bind(
        NetworkFilters.define,
        p.NWFILTER_DEFINE_XML_FLAGS,
        arg("config", "xml", CONFIG),
        flags_and_bits(NWFilterDefineFlags, validate=NWFilterDefineFlags.VALIDATE),
        returns=FOUND,
    ),
    bind(NetworkFilters.undefine, p.NWFILTER_UNDEFINE, THE_FILTER),
    bind(
        NetworkFilters.keys,
        c.CONNECT_LIST_ALL_NWFILTERS,
        fixed("need_results", 1),
        fixed("flags", 0),
        returns=listing("filters", FILTER),
    ),
    bind(NetworkFilters.find_by_name, p.NWFILTER_LOOKUP_BY_NAME, arg("name"), returns=FOUND),
    bind(
        NetworkFilters.find_by_uuid,
        p.NWFILTER_LOOKUP_BY_UUID,
        arg("uuid", value=UUID_BYTES),
        returns=FOUND,
    ),
    bind(
        NetworkFilters.config,
        p.NWFILTER_GET_XML_DESC,
        THE_FILTER,
        fixed("flags", 0),
        returns=field("xml", CONFIG),
    ),
    bind(
        NetworkFilters.binding_keys,
        c.CONNECT_LIST_ALL_NWFILTER_BINDINGS,
        fixed("need_results", 1),
        fixed("flags", 0),
        returns=listing("bindings", FILTER_BINDING),
    ),
    bind(
        NetworkFilters.find_binding,
        p.NWFILTER_BINDING_LOOKUP_BY_PORT_DEV,
        arg("port_device", "name"),
        returns=BINDING_FOUND,
    ),
    bind(
        NetworkFilters.bind,
        p.NWFILTER_BINDING_CREATE_XML,
        arg("config", "xml", BINDING_CONFIG),
        flags_and_bits(NWFilterBindingCreateFlags, validate=NWFilterBindingCreateFlags.VALIDATE),
        returns=BINDING_FOUND,
    ),
    bind(
        NetworkFilters.binding_config,
        p.NWFILTER_BINDING_GET_XML_DESC,
        THE_BINDING,
        fixed("flags", 0),
        returns=field("xml", BINDING_CONFIG),
    ),
    bind(NetworkFilters.unbind, p.NWFILTER_BINDING_DELETE, THE_BINDING),
)
