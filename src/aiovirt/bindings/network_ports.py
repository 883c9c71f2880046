"""The rows of `NetworkPorts`."""

from __future__ import annotations

from aiovirt.bindings.arguments import STRINGS_ONLY, arg, fixed, flags_and_bits, room
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, listing, parameters
from aiovirt.bindings.values import NETWORK, NETWORK_PORT, UUID_BYTES, document
from aiovirt.config import NetworkPortConfig
from aiovirt.interfaces import NetworkPorts
from aiovirt.model.constants import NetworkPortCreateFlags
from aiovirt.protocols.libvirt.tables import network as p

__all__ = ["ROWS"]

CONFIG = document(NetworkPortConfig)
OF_NETWORK = arg("network", value=NETWORK)
THE_PORT = arg("port", value=NETWORK_PORT)
FOUND = field("port", NETWORK_PORT)

ROWS = (
    bind(
        NetworkPorts.keys,
        p.NETWORK_LIST_ALL_PORTS,
        OF_NETWORK,
        fixed("need_results", 1),
        fixed("flags", 0),
        returns=listing("ports", NETWORK_PORT),
    ),
    bind(
        NetworkPorts.find,
        p.NETWORK_PORT_LOOKUP_BY_UUID,
        OF_NETWORK,
        arg("uuid", value=UUID_BYTES),
        returns=FOUND,
    ),
    bind(
        NetworkPorts.create,
        p.NETWORK_PORT_CREATE_XML,
        OF_NETWORK,
        arg("config", "xml", CONFIG),
        flags_and_bits(
            NetworkPortCreateFlags,
            reclaim=NetworkPortCreateFlags.RECLAIM,
            validate=NetworkPortCreateFlags.VALIDATE,
        ),
        returns=FOUND,
    ),
    bind(
        NetworkPorts.config,
        p.NETWORK_PORT_GET_XML_DESC,
        THE_PORT,
        fixed("flags", 0),
        returns=field("xml", CONFIG),
    ),
    bind(
        NetworkPorts.parameters,
        p.NETWORK_PORT_GET_PARAMETERS,
        THE_PORT,
        room("nparams", 16),
        STRINGS_ONLY,
        returns=parameters(),
    ),
    bind(
        NetworkPorts.set_parameters,
        p.NETWORK_PORT_SET_PARAMETERS,
        THE_PORT,
        arg("parameters", "params"),
        fixed("flags", 0),
    ),
    bind(NetworkPorts.delete, p.NETWORK_PORT_DELETE, THE_PORT, fixed("flags", 0)),
)
