"""Snapshots and checkpoints of a domain: who was made from whom, lists of them, and their errors.

A tree is a mapping of all of a domain's by name; it does not say where they are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from aiovirt.config import CheckpointConfig, SnapshotConfig
from aiovirt.errors import ConfigError, NotFound, with_number
from aiovirt.model.constants import DomainSnapshotDeleteFlags as Deleting
from aiovirt.model.constants import DomainSnapshotListFlags as Listing
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.model.domain import DomainKey
from aiovirt.model.flags import fits
from aiovirt.model.keys import CheckpointKey, SnapshotKey

__all__ = [
    "PointKind",
    "below",
    "check_redefined",
    "doomed",
    "fits_snapshot",
    "is_external",
    "members",
    "right_below",
]


class Point(Protocol):
    """A snapshot or a checkpoint that a host keeps in its own way."""

    @property
    def parent(self) -> str | None:
        """The name of the one that it was made from, or None."""
        raise NotImplementedError


Member: TypeAlias = SnapshotConfig | CheckpointConfig | Point
M = TypeVar("M", bound=Member)


def _parent(tree: Mapping[str, Member], name: str) -> str | None:
    """The one that it was made from, as long as that is there."""
    parent = tree[name].parent
    return parent if parent in tree else None


def right_below(tree: Mapping[str, Member], name: str | None) -> list[str]:
    """Those that were made from one, by name; from None those that were made from none."""
    return sorted(each for each in tree if _parent(tree, each) == name)


def below(tree: Mapping[str, Member], name: str | None) -> Iterator[str]:
    """Those that were made from one, and from them and so on: each behind what it is from."""
    for child in right_below(tree, name):
        yield child
        yield from below(tree, child)


def members(
    tree: Mapping[str, Member], top: str | None, flags: int, *, sort: bool = False
) -> list[str]:
    """A list of them.

    Args:
        tree: All of them.
        top: Those from this one; None for all of the domain's.
        flags: libvirt's, which are the same of snapshots and of checkpoints: with the first only
            what is right below a domain, or below one all that is below; and whether it shall be
            those that have some below them, or have none.
        sort: Whether each must stand behind what it is from; else they are by name.
    """
    deep = bool(flags & Listing.ROOTS) is (top is not None)
    found = list(below(tree, top)) if deep else right_below(tree, top)
    asked = flags & (Listing.LEAVES | Listing.NO_LEAVES)
    if asked in {Listing.LEAVES, Listing.NO_LEAVES}:
        parents = {each.parent for each in tree.values()}
        found = [each for each in found if (each in parents) is (asked == Listing.NO_LEAVES)]
    return found if sort else sorted(found)


def doomed(tree: Mapping[str, Member], name: str, flags: int) -> list[str]:
    """Those that libvirt's flags delete: one, all that are below it, or both; the youngest first.

    The flags of snapshots and of checkpoints have the same numbers.
    """
    names = [] if flags & Deleting.CHILDREN_ONLY else [name]
    if flags & (Deleting.CHILDREN | Deleting.CHILDREN_ONLY):
        names.extend(below(tree, name))
    return names[::-1]


def check_redefined(tree: Mapping[str, Member], point: SnapshotConfig | CheckpointConfig) -> None:
    """See that a record that somebody gives fits into the tree.

    Raises:
        NotFound: The one that it was made from is not there.
        ConfigError: It would come from itself.
    """
    above = point.parent
    if above is not None and above not in tree:
        raise NotFound(f"parent {above} for {point.name} not found")
    while above is not None:
        if above == point.name:
            raise ConfigError(
                f"parent {point.parent} would create cycle to {above}", field="parent"
            )
        above = _parent(tree, above)


# --- snapshots by what they keep ------------------------------------------------------------------


def is_external(snapshot: SnapshotConfig) -> bool:
    """Whether anything of it is outside of the domain's images."""
    disks = any(disk.snapshot == "external" for disk in snapshot.disks)
    return disks or snapshot.memory.snapshot == "external"


_OFF, _DISKS = "shutoff", "disk-snapshot"
_CHOICES: Final[tuple[Mapping[int, Callable[[SnapshotConfig], bool]], ...]] = (
    {Listing.METADATA: lambda _: True, Listing.NO_METADATA: lambda _: False},
    {
        Listing.INACTIVE: lambda snapshot: snapshot.state == _OFF,
        Listing.ACTIVE: lambda snapshot: snapshot.state not in {_OFF, _DISKS},
        Listing.DISK_ONLY: lambda snapshot: snapshot.state == _DISKS,
    },
    {
        Listing.INTERNAL: lambda snapshot: not is_external(snapshot),
        Listing.EXTERNAL: is_external,
    },
)


def fits_snapshot(snapshot: SnapshotConfig, flags: int) -> bool:
    """Whether a snapshot is among those that flags of listing mean."""
    return fits(snapshot, flags, _CHOICES)


# --- finding them ---------------------------------------------------------------------------------

K = TypeVar("K", SnapshotKey, CheckpointKey)


@dataclass(frozen=True)
class PointKind(Generic[K]):
    """Snapshots or checkpoints, of one driver.

    Attributes:
        word: What one is called in messages.
        key: Makes a key of a domain's and a name.
        number: libvirt's number for one that is not there.
        driver: libvirt's number of the driver.
    """

    word: str
    key: Callable[[DomainKey, str], K]
    number: ErrorNumber
    driver: ErrorDomain

    def known(self, tree: Mapping[str, M], point: K) -> M:
        """The one of a key.

        Raises:
            NotFound: It is not there.
        """
        found = tree.get(point.name)
        if found is None:
            raise self.missing(point.domain, f"no {self.word} {point.name!r}")
        return found

    def parent(self, tree: Mapping[str, Member], point: K) -> K:
        """The one that it was made from.

        Raises:
            NotFound: One of the two is not there.
        """
        self.known(tree, point)
        parent = _parent(tree, point.name)
        if parent is None:
            raise self.missing(point.domain, f"nothing before the {self.word} {point.name!r}")
        return self.key(point.domain, parent)

    def missing(self, domain: DomainKey, what: str) -> NotFound:
        """The error for what a domain lacks."""
        error = NotFound(f"domain {domain.name!r} has {what}")
        return with_number(error, self.number, self.driver)
