"""The rows of `LegacySnapshots`."""

from __future__ import annotations

from aiovirt.bindings.arguments import DOM, arg, flags
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field
from aiovirt.bindings.values import SNAPSHOT
from aiovirt.interfaces import LegacySnapshots
from aiovirt.model.constants import DomainSnapshotListFlags
from aiovirt.protocols.libvirt.tables import domain_snapshots as p

__all__ = ["ROWS"]

SNAP = arg("snapshot", "snap", SNAPSHOT)
WHICH = flags(DomainSnapshotListFlags)
LIMIT = arg("limit", "maxnames")

ROWS = (
    bind(
        LegacySnapshots.snapshot_count,
        p.DOMAIN_SNAPSHOT_NUM,
        DOM,
        WHICH,
        returns=field("num"),
    ),
    bind(
        LegacySnapshots.snapshot_names,
        p.DOMAIN_SNAPSHOT_LIST_NAMES,
        DOM,
        LIMIT,
        WHICH,
        returns=field("names"),
    ),
    bind(
        LegacySnapshots.snapshot_children_count,
        p.DOMAIN_SNAPSHOT_NUM_CHILDREN,
        SNAP,
        WHICH,
        returns=field("num"),
    ),
    bind(
        LegacySnapshots.snapshot_children_names,
        p.DOMAIN_SNAPSHOT_LIST_CHILDREN_NAMES,
        SNAP,
        LIMIT,
        WHICH,
        returns=field("names"),
    ),
)
