"""The rows of `StorageVolumes`."""

from __future__ import annotations

from aiovirt.bindings.arguments import arg, bits, fixed, flags_and_bits
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, listing, whole
from aiovirt.bindings.values import PLAIN, POOL, VOLUME, document, enumeration, number
from aiovirt.config import StorageVolumeConfig
from aiovirt.interfaces import StorageVolumes
from aiovirt.model.constants import (
    StorageVolCreateFlags,
    StorageVolDeleteFlags,
    StorageVolInfoFlags,
    StorageVolResizeFlags,
    StorageVolWipeAlgorithm,
)
from aiovirt.model.storage import StorageVolumeInfo, VolumeType
from aiovirt.protocols.libvirt.tables import storage as p

__all__ = ["INFO", "ROWS", "THE_VOLUME"]

CONFIG = document(StorageVolumeConfig)
THE_POOL = arg("pool", value=POOL)
THE_VOLUME = arg("volume", "vol", VOLUME)
FOUND = field("vol", VOLUME)
INFO = whole(
    StorageVolumeInfo,
    type=("type", enumeration(VolumeType)),
    capacity=("capacity", PLAIN),
    allocation=("allocation", PLAIN),
)
ALGORITHM = number({item.name.lower(): item.value for item in StorageVolWipeAlgorithm})

ROWS = (
    bind(
        StorageVolumes.create,
        p.STORAGE_VOL_CREATE_XML,
        THE_POOL,
        arg("config", "xml", CONFIG),
        flags_and_bits(
            StorageVolCreateFlags,
            metadata=StorageVolCreateFlags.PREALLOC_METADATA,
            validate=StorageVolCreateFlags.VALIDATE,
        ),
        returns=FOUND,
    ),
    bind(
        StorageVolumes.create_from,
        p.STORAGE_VOL_CREATE_XML_FROM,
        THE_POOL,
        arg("config", "xml", CONFIG),
        arg("source", "clonevol", VOLUME),
        flags_and_bits(
            StorageVolCreateFlags,
            metadata=StorageVolCreateFlags.PREALLOC_METADATA,
            reflink=StorageVolCreateFlags.REFLINK,
            validate=StorageVolCreateFlags.VALIDATE,
        ),
        returns=FOUND,
    ),
    bind(
        StorageVolumes.delete,
        p.STORAGE_VOL_DELETE,
        THE_VOLUME,
        flags_and_bits(StorageVolDeleteFlags, snapshots=StorageVolDeleteFlags.WITH_SNAPSHOTS),
    ),
    bind(
        StorageVolumes.keys,
        p.STORAGE_POOL_LIST_ALL_VOLUMES,
        THE_POOL,
        fixed("need_results", 1),
        fixed("flags", 0),
        returns=listing("vols", VOLUME),
    ),
    bind(
        StorageVolumes.find_by_name,
        p.STORAGE_VOL_LOOKUP_BY_NAME,
        THE_POOL,
        arg("name"),
        returns=FOUND,
    ),
    bind(StorageVolumes.find_by_key, p.STORAGE_VOL_LOOKUP_BY_KEY, arg("key"), returns=FOUND),
    bind(StorageVolumes.find_by_path, p.STORAGE_VOL_LOOKUP_BY_PATH, arg("path"), returns=FOUND),
    bind(
        StorageVolumes.info,
        p.STORAGE_VOL_GET_INFO_FLAGS,
        THE_VOLUME,
        bits(physical=StorageVolInfoFlags.GET_PHYSICAL),
        returns=INFO,
    ),
    bind(
        StorageVolumes.config,
        p.STORAGE_VOL_GET_XML_DESC,
        THE_VOLUME,
        fixed("flags", 0),
        returns=field("xml", CONFIG),
    ),
    bind(StorageVolumes.path, p.STORAGE_VOL_GET_PATH, THE_VOLUME, returns=field("name")),
    bind(
        StorageVolumes.wipe,
        p.STORAGE_VOL_WIPE_PATTERN,
        THE_VOLUME,
        arg("algorithm", value=ALGORITHM),
        fixed("flags", 0),
    ),
    bind(
        StorageVolumes.resize,
        p.STORAGE_VOL_RESIZE,
        THE_VOLUME,
        arg("capacity"),
        flags_and_bits(
            StorageVolResizeFlags,
            allocate=StorageVolResizeFlags.ALLOCATE,
            delta=StorageVolResizeFlags.DELTA,
            shrink=StorageVolResizeFlags.SHRINK,
        ),
    ),
)
