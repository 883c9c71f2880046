"""The rows of `Legacy`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, whole
from aiovirt.bindings.values import DEVICE, DOMAIN, document
from aiovirt.config import DomainConfig
from aiovirt.interfaces import Legacy
from aiovirt.model.statsgroups import BlockCounters
from aiovirt.protocols.libvirt.tables import connect, domain_blocks, domain_devices
from aiovirt.protocols.libvirt.tables import domain as p

__all__ = ["ROWS"]

ROWS = (
    bind(Legacy.count_active, connect.CONNECT_NUM_OF_DOMAINS, returns=field("num")),
    bind(
        Legacy.active_ids,
        connect.CONNECT_LIST_DOMAINS,
        arg("limit", "maxids"),
        returns=field("ids"),
    ),
    bind(Legacy.count_inactive, connect.CONNECT_NUM_OF_DEFINED_DOMAINS, returns=field("num")),
    bind(
        Legacy.inactive_names,
        connect.CONNECT_LIST_DEFINED_DOMAINS,
        arg("limit", "maxnames"),
        returns=field("names"),
    ),
    bind(
        Legacy.define,
        p.DOMAIN_DEFINE_XML,
        arg("config", "xml", document(DomainConfig)),
        returns=field("dom", DOMAIN),
    ),
    bind(Legacy.undefine, p.DOMAIN_UNDEFINE, DOM),
    bind(Legacy.start, p.DOMAIN_CREATE, DOM),
    bind(Legacy.shutdown, p.DOMAIN_SHUTDOWN, DOM),
    bind(Legacy.destroy, p.DOMAIN_DESTROY, DOM),
    bind(
        Legacy.attach_device,
        domain_devices.DOMAIN_ATTACH_DEVICE,
        DOM,
        arg("device", "xml", DEVICE),
    ),
    bind(
        Legacy.detach_device,
        domain_devices.DOMAIN_DETACH_DEVICE,
        DOM,
        arg("device", "xml", DEVICE),
    ),
    bind(
        Legacy.block_stats,
        domain_blocks.DOMAIN_BLOCK_STATS,
        DOM,
        arg("disk", "path"),
        returns=whole(BlockCounters),
    ),
)
