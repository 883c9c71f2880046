"""The rows of `Snapshots`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, bits, fixed, flags
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, listing
from aiovirt.bindings.values import SNAPSHOT, TRUTH, document
from aiovirt.config import SnapshotConfig
from aiovirt.interfaces import Snapshots
from aiovirt.model.constants import (
    DomainSnapshotCreateFlags,
    DomainSnapshotDeleteFlags,
    DomainSnapshotListFlags,
    DomainSnapshotRevertFlags,
    DomainSnapshotXMLFlags,
)
from aiovirt.protocols.libvirt.tables import domain_snapshots as p

__all__ = ["ROWS"]

CONFIG = document(SnapshotConfig)
SNAP = arg("snapshot", "snap", SNAPSHOT)
NO_FLAGS = fixed("flags", 0)
NEED_RESULTS = fixed("need_results", 1)

ROWS = (
    bind(
        Snapshots.create_snapshot,
        p.DOMAIN_SNAPSHOT_CREATE_XML,
        DOM,
        arg("config", "xml_desc", CONFIG),
        flags(DomainSnapshotCreateFlags),
        returns=field("snap", SNAPSHOT),
    ),
    bind(
        Snapshots.snapshot_config,
        p.DOMAIN_SNAPSHOT_GET_XML_DESC,
        SNAP,
        bits(secure=DomainSnapshotXMLFlags.SECURE),
        returns=field("xml", CONFIG),
    ),
    bind(
        Snapshots.snapshots,
        p.DOMAIN_LIST_ALL_SNAPSHOTS,
        DOM,
        NEED_RESULTS,
        flags(DomainSnapshotListFlags),
        returns=listing("snapshots", SNAPSHOT),
    ),
    bind(
        Snapshots.snapshot_children,
        p.DOMAIN_SNAPSHOT_LIST_ALL_CHILDREN,
        arg("snapshot", value=SNAPSHOT),
        NEED_RESULTS,
        flags(DomainSnapshotListFlags),
        returns=listing("snapshots", SNAPSHOT),
    ),
    bind(
        Snapshots.find_snapshot,
        p.DOMAIN_SNAPSHOT_LOOKUP_BY_NAME,
        DOM,
        arg("name"),
        NO_FLAGS,
        returns=field("snap", SNAPSHOT),
    ),
    bind(
        Snapshots.has_current_snapshot,
        p.DOMAIN_HAS_CURRENT_SNAPSHOT,
        DOM,
        NO_FLAGS,
        returns=field("result", TRUTH),
    ),
    bind(
        Snapshots.current_snapshot,
        p.DOMAIN_SNAPSHOT_CURRENT,
        DOM,
        NO_FLAGS,
        returns=field("snap", SNAPSHOT),
    ),
    bind(
        Snapshots.snapshot_parent,
        p.DOMAIN_SNAPSHOT_GET_PARENT,
        SNAP,
        NO_FLAGS,
        returns=field("snap", SNAPSHOT),
    ),
    bind(
        Snapshots.snapshot_is_current,
        p.DOMAIN_SNAPSHOT_IS_CURRENT,
        SNAP,
        NO_FLAGS,
        returns=field("current", TRUTH),
    ),
    bind(
        Snapshots.snapshot_has_metadata,
        p.DOMAIN_SNAPSHOT_HAS_METADATA,
        SNAP,
        NO_FLAGS,
        returns=field("metadata", TRUTH),
    ),
    bind(
        Snapshots.revert_to_snapshot,
        p.DOMAIN_REVERT_TO_SNAPSHOT,
        SNAP,
        flags(DomainSnapshotRevertFlags),
    ),
    bind(
        Snapshots.delete_snapshot,
        p.DOMAIN_SNAPSHOT_DELETE,
        SNAP,
        flags(DomainSnapshotDeleteFlags),
    ),
)
