"""The rows of `LegacyStorage`."""

from __future__ import annotations

from aiovirt.bindings.arguments import arg, fixed
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field
from aiovirt.bindings.storage_volumes import INFO, THE_VOLUME
from aiovirt.bindings.values import POOL, UUID_TEXT, each
from aiovirt.interfaces import LegacyStorage
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import storage as p

__all__ = ["ROWS"]

THE_POOL = arg("pool", value=POOL)
MOST = arg("most", "maxnames")

ROWS = (
    bind(LegacyStorage.count_pools, c.CONNECT_NUM_OF_STORAGE_POOLS, returns=field("num")),
    bind(LegacyStorage.pool_names, c.CONNECT_LIST_STORAGE_POOLS, MOST, returns=field("names")),
    bind(
        LegacyStorage.count_defined_pools,
        c.CONNECT_NUM_OF_DEFINED_STORAGE_POOLS,
        returns=field("num"),
    ),
    bind(
        LegacyStorage.defined_pool_names,
        c.CONNECT_LIST_DEFINED_STORAGE_POOLS,
        MOST,
        returns=field("names"),
    ),
    bind(
        LegacyStorage.count_volumes,
        p.STORAGE_POOL_NUM_OF_VOLUMES,
        THE_POOL,
        returns=field("num"),
    ),
    bind(
        LegacyStorage.volume_names,
        p.STORAGE_POOL_LIST_VOLUMES,
        THE_POOL,
        MOST,
        returns=field("names"),
    ),
    bind(LegacyStorage.volume_info, p.STORAGE_VOL_GET_INFO, THE_VOLUME, returns=INFO),
    bind(LegacyStorage.wipe, p.STORAGE_VOL_WIPE, THE_VOLUME, fixed("flags", 0)),
    bind(LegacyStorage.count_secrets, c.CONNECT_NUM_OF_SECRETS, returns=field("num")),
    bind(
        LegacyStorage.secret_uuids,
        c.CONNECT_LIST_SECRETS,
        arg("most", "maxuuids"),
        returns=field("uuids", each(UUID_TEXT)),
    ),
)
