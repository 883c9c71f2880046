"""Snapshots of a domain: its disks, and perhaps its memory, at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import SnapshotKey

if TYPE_CHECKING:
    from aiovirt.config import SnapshotConfig
    from aiovirt.model.constants import (
        DomainSnapshotCreateFlags,
        DomainSnapshotDeleteFlags,
        DomainSnapshotListFlags,
        DomainSnapshotRevertFlags,
    )

__all__ = ["LegacySnapshots", "Snapshots"]


class Snapshots(Ability):
    """Making, finding, going back to and deleting snapshots.

    Every one raises `NotFound` for a domain or a snapshot that is not there.
    """

    @operation
    async def create_snapshot(
        self,
        domain: DomainKey,
        config: SnapshotConfig,
        *,
        flags: DomainSnapshotCreateFlags | Literal[0] = 0,
    ) -> SnapshotKey:
        """Make a snapshot; returns when it is complete.

        Args:
            domain: Of which domain.
            config: What is kept and where; an empty one leaves all to the driver.
            flags: libvirt's, such as `DISK_ONLY`, `QUIESCE` or `REDEFINE`.

        Raises:
            AlreadyExists: The domain has one of that name.
            Unsupported: A disk's format or the domain's state does not allow it.

        Cancellation: a driver that is a daemon's goes on with it.
        """
        raise NotImplementedError

    @operation
    async def snapshot_config(
        self, snapshot: SnapshotKey, *, secure: bool = False
    ) -> SnapshotConfig:
        """What a snapshot keeps; with passwords if `secure`."""
        raise NotImplementedError

    @operation
    async def snapshots(
        self, domain: DomainKey, *, flags: DomainSnapshotListFlags | Literal[0] = 0
    ) -> Sequence[SnapshotKey]:
        """The snapshots of a domain; all without flags.

        Flags of one kind (`ACTIVE`, `INACTIVE`, `DISK_ONLY`) are alternatives; flags of several
        kinds must all hold.
        """
        raise NotImplementedError

    @operation
    async def snapshot_children(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotListFlags | Literal[0] = 0
    ) -> Sequence[SnapshotKey]:
        """The snapshots that were made from this one; with `DESCENDANTS` also those from them."""
        raise NotImplementedError

    @operation
    async def find_snapshot(self, domain: DomainKey, name: str) -> SnapshotKey:
        """The domain's snapshot of that name."""
        raise NotImplementedError

    @operation
    async def has_current_snapshot(self, domain: DomainKey) -> bool:
        """Whether the domain's disks come from one of its snapshots."""
        raise NotImplementedError

    @operation
    async def current_snapshot(self, domain: DomainKey) -> SnapshotKey:
        """The snapshot that the domain's disks come from.

        Raises:
            NotFound: There is none.
        """
        raise NotImplementedError

    @operation
    async def snapshot_parent(self, snapshot: SnapshotKey) -> SnapshotKey:
        """The snapshot that this one was made from.

        Raises:
            NotFound: It is the first.
        """
        raise NotImplementedError

    @operation
    async def snapshot_is_current(self, snapshot: SnapshotKey) -> bool:
        """Whether it is the domain's current one."""
        raise NotImplementedError

    @operation
    async def snapshot_has_metadata(self, snapshot: SnapshotKey) -> bool:
        """Whether the driver keeps a record of it, which must go before the domain's definition."""
        raise NotImplementedError

    @operation
    async def revert_to_snapshot(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotRevertFlags | Literal[0] = 0
    ) -> None:
        """Bring the domain back to what it was; all that happened since is lost.

        Args:
            snapshot: Which.
            flags: libvirt's: whether it runs then, and whether risks are taken.

        Raises:
            InvalidState: That would lose more than is expected; `FORCE` does it nevertheless.
        """
        raise NotImplementedError

    @operation
    async def delete_snapshot(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotDeleteFlags | Literal[0] = 0
    ) -> None:
        """Delete a snapshot; the changes since it go to those made from it.

        Args:
            snapshot: Which.
            flags: libvirt's: whether those made from it go too, and whether only records go.
        """
        raise NotImplementedError


class LegacySnapshots(Ability):
    """What clients of old libvirts ask instead of a list: how many, then their names."""

    @operation
    async def snapshot_count(
        self, domain: DomainKey, *, flags: DomainSnapshotListFlags | Literal[0] = 0
    ) -> int:
        """How many snapshots a domain has."""
        raise NotImplementedError

    @operation
    async def snapshot_names(
        self,
        domain: DomainKey,
        *,
        limit: int = 1024,
        flags: DomainSnapshotListFlags | Literal[0] = 0,
    ) -> Sequence[str]:
        """The names of a domain's snapshots, at most `limit`."""
        raise NotImplementedError

    @operation
    async def snapshot_children_count(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotListFlags | Literal[0] = 0
    ) -> int:
        """How many snapshots were made from one."""
        raise NotImplementedError

    @operation
    async def snapshot_children_names(
        self,
        snapshot: SnapshotKey,
        *,
        limit: int = 1024,
        flags: DomainSnapshotListFlags | Literal[0] = 0,
    ) -> Sequence[str]:
        """The names of the snapshots that were made from one, at most `limit`."""
        raise NotImplementedError
