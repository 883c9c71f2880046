"""The rows of `StoragePools`."""

from __future__ import annotations

from aiovirt.bindings.arguments import arg, bits, fixed, flags_and_bits, flags_and_filters
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, listing, whole
from aiovirt.bindings.values import (
    PLAIN,
    POOL,
    TRUTH,
    UUID_BYTES,
    VOLUME,
    document,
    enumeration,
    maybe,
)
from aiovirt.config import StoragePoolConfig, StoragePoolSources
from aiovirt.config.storage import PoolSource
from aiovirt.interfaces import StoragePools
from aiovirt.model.constants import (
    ConnectListAllStoragePoolsFlags,
    StoragePoolBuildFlags,
    StoragePoolCreateFlags,
    StoragePoolDefineFlags,
    StoragePoolDeleteFlags,
    StorageXMLFlags,
)
from aiovirt.model.storage import PoolState, StoragePoolInfo
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import storage as p

__all__ = ["ROWS"]

_LIST = ConnectListAllStoragePoolsFlags

_START = flags_and_bits(
    StoragePoolCreateFlags,
    build=StoragePoolCreateFlags.WITH_BUILD,
    overwrite=StoragePoolCreateFlags.WITH_BUILD_OVERWRITE,
    no_overwrite=StoragePoolCreateFlags.WITH_BUILD_NO_OVERWRITE,
)

CONFIG = document(StoragePoolConfig)
THE_POOL = arg("pool", value=POOL)
FOUND = field("pool", POOL)

ROWS = (
    bind(
        StoragePools.define,
        p.STORAGE_POOL_DEFINE_XML,
        arg("config", "xml", CONFIG),
        flags_and_bits(StoragePoolDefineFlags, validate=StoragePoolDefineFlags.VALIDATE),
        returns=FOUND,
    ),
    bind(
        StoragePools.create,
        p.STORAGE_POOL_CREATE_XML,
        arg("config", "xml", CONFIG),
        _START,
        returns=FOUND,
    ),
    bind(StoragePools.undefine, p.STORAGE_POOL_UNDEFINE, THE_POOL),
    bind(StoragePools.start, p.STORAGE_POOL_CREATE, THE_POOL, _START),
    bind(
        StoragePools.build,
        p.STORAGE_POOL_BUILD,
        THE_POOL,
        flags_and_bits(
            StoragePoolBuildFlags,
            overwrite=StoragePoolBuildFlags.OVERWRITE,
            no_overwrite=StoragePoolBuildFlags.NO_OVERWRITE,
        ),
    ),
    bind(StoragePools.destroy, p.STORAGE_POOL_DESTROY, THE_POOL),
    bind(
        StoragePools.delete,
        p.STORAGE_POOL_DELETE,
        THE_POOL,
        flags_and_bits(StoragePoolDeleteFlags, zeroed=StoragePoolDeleteFlags.ZEROED),
    ),
    bind(StoragePools.refresh, p.STORAGE_POOL_REFRESH, THE_POOL, fixed("flags", 0)),
    bind(
        StoragePools.keys,
        c.CONNECT_LIST_ALL_STORAGE_POOLS,
        fixed("need_results", 1),
        flags_and_filters(
            _LIST,
            active=(_LIST.ACTIVE, _LIST.INACTIVE),
            persistent=(_LIST.PERSISTENT, _LIST.TRANSIENT),
            autostart=(_LIST.AUTOSTART, _LIST.NO_AUTOSTART),
        ),
        returns=listing("pools", POOL),
    ),
    bind(
        StoragePools.find_by_name,
        p.STORAGE_POOL_LOOKUP_BY_NAME,
        arg("name"),
        returns=FOUND,
    ),
    bind(
        StoragePools.find_by_uuid,
        p.STORAGE_POOL_LOOKUP_BY_UUID,
        arg("uuid", value=UUID_BYTES),
        returns=FOUND,
    ),
    bind(
        StoragePools.find_by_volume,
        p.STORAGE_POOL_LOOKUP_BY_VOLUME,
        arg("volume", "vol", VOLUME),
        returns=FOUND,
    ),
    bind(
        StoragePools.find_by_target_path,
        p.STORAGE_POOL_LOOKUP_BY_TARGET_PATH,
        arg("path"),
        returns=FOUND,
    ),
    bind(
        StoragePools.info,
        p.STORAGE_POOL_GET_INFO,
        THE_POOL,
        returns=whole(
            StoragePoolInfo,
            state=("state", enumeration(PoolState)),
            capacity=("capacity", PLAIN),
            allocation=("allocation", PLAIN),
            available=("available", PLAIN),
        ),
    ),
    bind(
        StoragePools.config,
        p.STORAGE_POOL_GET_XML_DESC,
        THE_POOL,
        bits(inactive=StorageXMLFlags.INACTIVE),
        returns=field("xml", CONFIG),
    ),
    bind(
        StoragePools.is_active,
        p.STORAGE_POOL_IS_ACTIVE,
        THE_POOL,
        returns=field("active", TRUTH),
    ),
    bind(
        StoragePools.is_persistent,
        p.STORAGE_POOL_IS_PERSISTENT,
        THE_POOL,
        returns=field("persistent", TRUTH),
    ),
    bind(
        StoragePools.autostart,
        p.STORAGE_POOL_GET_AUTOSTART,
        THE_POOL,
        returns=field("autostart", TRUTH),
    ),
    bind(
        StoragePools.set_autostart,
        p.STORAGE_POOL_SET_AUTOSTART,
        THE_POOL,
        arg("autostart", value=TRUTH),
    ),
    bind(
        StoragePools.find_sources,
        c.CONNECT_FIND_STORAGE_POOL_SOURCES,
        arg("kind", "type"),
        arg("source", "src_spec", maybe(document(PoolSource))),
        fixed("flags", 0),
        returns=field("xml", document(StoragePoolSources)),
    ),
    bind(
        StoragePools.capabilities,
        c.CONNECT_GET_STORAGE_POOL_CAPABILITIES,
        fixed("flags", 0),
        returns=field("capabilities"),
    ),
)
