"""Trees of snapshots and checkpoints: lists, what is deleted, and what is not there."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest

from aiovirt.config import SnapshotConfig
from aiovirt.config.snapshot import SnapshotDisk
from aiovirt.drivers.common.points import PointKind, doomed, fits_snapshot, members
from aiovirt.errors import NotFound
from aiovirt.model import constants as c
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import SnapshotKey

Listing, Deleting = c.DomainSnapshotListFlags, c.DomainSnapshotDeleteFlags
DOMAIN = DomainKey(UUID(int=1), "web1")
KIND = PointKind("snapshot", SnapshotKey, c.ErrorNumber.ERR_NO_DOMAIN_SNAPSHOT, c.ErrorDomain.QEMU)


@dataclass
class Node:
    """A member of a tree."""

    parent: str | None


TREE = {"z": Node(None), "a": Node("z"), "m": Node("a"), "b": Node("z")}


@pytest.mark.parametrize(
    ("top", "flags", "names"),
    [
        (None, 0, "abmz"),
        (None, Listing.ROOTS, "z"),
        (None, Listing.LEAVES, "bm"),
        (None, Listing.NO_LEAVES, "az"),
        (None, Listing.LEAVES | Listing.NO_LEAVES, "abmz"),
        ("z", 0, "ab"),
        ("z", Listing.DESCENDANTS, "abm"),
    ],
)
def test_flags_choose_by_the_place_in_the_tree(top: str | None, flags: int, names: str) -> None:
    assert members(TREE, top, flags) == list(names)


def test_those_below_stand_behind_what_they_are_from() -> None:
    assert members(TREE, None, 0, sort=True) == list("zamb")


def test_one_whose_parent_is_gone_is_a_root() -> None:
    assert members({"c": Node("gone")}, None, Listing.ROOTS) == ["c"]


@pytest.mark.parametrize(
    ("flags", "names"), [(0, "a"), (Deleting.CHILDREN, "ma"), (Deleting.CHILDREN_ONLY, "m")]
)
def test_the_youngest_goes_first(flags: int, names: str) -> None:
    assert doomed(TREE, "a", flags) == list(names)


@pytest.mark.parametrize("listing", list(c.DomainCheckpointListFlags))
def test_lists_of_checkpoints_have_the_numbers_of_snapshots(
    listing: c.DomainCheckpointListFlags,
) -> None:
    topological = listing is c.DomainCheckpointListFlags.TOPOLOGICAL
    assert (int(Listing[listing.name or ""]) == int(listing)) is not topological


@pytest.mark.parametrize(
    ("state", "disk", "flags"),
    [
        ("running", "internal", Listing.ACTIVE | Listing.INTERNAL | Listing.METADATA),
        ("crashed", "no", Listing.ACTIVE),
        ("shutoff", "internal", Listing.INACTIVE),
        ("disk-snapshot", "external", Listing.DISK_ONLY | Listing.EXTERNAL),
    ],
)
def test_snapshots_are_chosen_by_what_they_keep(state: str, disk: str, flags: int) -> None:
    snapshot = SnapshotConfig(state=state, disks=[SnapshotDisk(name="vda", snapshot=disk)])
    others = Listing.ACTIVE | Listing.INACTIVE | Listing.DISK_ONLY
    assert fits_snapshot(snapshot, flags)
    assert not fits_snapshot(snapshot, others & ~flags)
    assert not fits_snapshot(snapshot, Listing.NO_METADATA)


def test_a_memory_in_a_file_is_external() -> None:
    snapshot = SnapshotConfig(state="running")
    snapshot.memory.snapshot = "external"
    assert not fits_snapshot(snapshot, Listing.INTERNAL)


def test_the_parent_is_told_by_its_key() -> None:
    assert KIND.parent(TREE, SnapshotKey(DOMAIN, "m")) == SnapshotKey(DOMAIN, "a")


@pytest.mark.parametrize("name", ["z", "nothing"])
def test_clients_know_the_error_by_its_number(name: str) -> None:
    with pytest.raises(NotFound, match=f"domain 'web1' has .* {name!r}") as caught:
        KIND.parent(TREE, SnapshotKey(DOMAIN, name))
    assert caught.value.libvirt is not None
    assert caught.value.libvirt.code == c.ErrorNumber.ERR_NO_DOMAIN_SNAPSHOT
