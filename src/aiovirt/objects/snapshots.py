"""Snapshots of a domain, as their users hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from aiovirt import config as documents
from aiovirt.errors import NotFound
from aiovirt.interfaces import Driver, SnapshotUpkeep
from aiovirt.interfaces import Snapshots as Ability
from aiovirt.model.domain import DomainKey
from aiovirt.model.flags import flag_set
from aiovirt.model.keys import SnapshotKey
from aiovirt.objects._handle import Handle
from aiovirt.objects._progress import OnProgress, watched

if TYPE_CHECKING:
    from aiovirt.config import SnapshotConfig
    from aiovirt.model.constants import (
        DomainSnapshotCreateFlags,
        DomainSnapshotListFlags,
        DomainSnapshotRevertFlags,
    )

__all__ = ["Snapshot", "SnapshotTree", "Snapshots"]


class Snapshot(Handle[SnapshotKey]):
    """One snapshot of a domain: thin and cheap.

    Every verb raises `NotFound` when it is gone.
    """

    @property
    def name(self) -> str:
        """The name."""
        return self.key.name

    def __repr__(self) -> str:
        return f"<Snapshot {self.name!r} of {self.key.domain.name!r}>"

    @property
    def _identity(self) -> tuple[UUID, str]:
        return self.key.domain.uuid, self.key.name

    @property
    def _ability(self) -> Ability:
        return self._driver.ability(Ability)

    async def config(self, *, secure: bool = False) -> SnapshotConfig:
        """What it keeps, with the domain's configuration at that time.

        Args:
            secure: With passwords.
        """
        return await self._ability.snapshot_config(self.key, secure=secure)

    async def xml(self, *, secure: bool = False) -> str:
        """The same as XML."""
        return (await self.config(secure=secure)).to_xml(secure=secure)

    async def parent(self) -> Snapshot:
        """The snapshot it was made from.

        Raises:
            NotFound: It is the first.
        """
        return Snapshot(self._driver, await self._ability.snapshot_parent(self.key))

    async def children(
        self, *, descendants: bool = False, flags: DomainSnapshotListFlags | Literal[0] = 0
    ) -> Sequence[Snapshot]:
        """The snapshots that were made from it, and if `descendants` those from them, too."""
        wanted = flag_set("DomainSnapshotListFlags", flags, descendants=descendants)
        found = await self._ability.snapshot_children(self.key, flags=wanted)
        return [Snapshot(self._driver, key) for key in found]

    async def is_current(self) -> bool:
        """Whether the domain's disks come from it."""
        return await self._ability.snapshot_is_current(self.key)

    async def has_metadata(self) -> bool:
        """Whether the driver keeps a record of it."""
        return await self._ability.snapshot_has_metadata(self.key)

    async def revert(
        self,
        *,
        running: bool = False,
        paused: bool = False,
        force: bool = False,
        progress: OnProgress | None = None,
        flags: DomainSnapshotRevertFlags | Literal[0] = 0,
    ) -> None:
        """Bring the domain back to what it was; what happened since is lost.

        Args:
            running: Let it run then, whatever it did.
            paused: Let it stand still then.
            force: Also where more is lost than is expected.
            progress: Gets how far it is.
            flags: libvirt's further flags.

        Raises:
            InvalidState: More would be lost than is expected, and `force` is off.
        """
        wanted = flag_set(
            "DomainSnapshotRevertFlags", flags, running=running, paused=paused, force=force
        )
        await watched(
            self._driver,
            self.key.domain,
            lambda: self._ability.revert_to_snapshot(self.key, flags=wanted),
            progress,
        )

    async def delete(
        self, *, children: bool = False, children_only: bool = False, metadata_only: bool = False
    ) -> None:
        """Delete it; those made from it keep what changed since.

        Args:
            children: Those made from it, too.
            children_only: These, and not itself.
            metadata_only: The driver's record only, and no data.
        """
        wanted = flag_set(
            "DomainSnapshotDeleteFlags",
            0,
            children=children,
            children_only=children_only,
            metadata_only=metadata_only,
        )
        await self._ability.delete_snapshot(self.key, flags=wanted)

    async def rename(self, name: str, *, description: str | None = None) -> Snapshot:
        """Give it another name, and another description if one is told; it under that name.

        Raises:
            AlreadyExists: The domain has one of that name.
        """
        care = self._driver.ability(SnapshotUpkeep)
        key = await care.rename_snapshot(self.key, name, description=description)
        return Snapshot(self._driver, key)


@dataclass(frozen=True, slots=True)
class SnapshotTree:
    """A snapshot, and those that were made from it."""

    snapshot: Snapshot
    children: Sequence[SnapshotTree]


class Snapshots:
    """`vm.snapshots`: make, find and list."""

    def __init__(self, driver: Driver, domain: DomainKey) -> None:
        self._driver = driver
        self._domain = domain

    @property
    def _ability(self) -> Ability:
        return self._driver.ability(Ability)

    async def create(
        self,
        config: SnapshotConfig | str | None = None,
        *,
        disk_only: bool = False,
        quiesce: bool = False,
        atomic: bool = False,
        no_metadata: bool = False,
        progress: OnProgress | None = None,
        flags: DomainSnapshotCreateFlags | Literal[0] = 0,
    ) -> Snapshot:
        """Make a snapshot; returns when it is complete.

        Args:
            config: What is kept and where, or its XML; None lets the driver choose.
            disk_only: Leave the memory out.
            quiesce: Let the guest's agent hold its file systems still meanwhile.
            atomic: All disks, or none.
            no_metadata: Let the driver keep no record of it.
            progress: Gets how far it is.
            flags: libvirt's further flags, such as `REDEFINE` or `REUSE_EXT`.

        Raises:
            ConfigError: The configuration is wrong.
            AlreadyExists: There is one of that name.
            Unsupported: A disk's format or the domain's state does not allow it.

        Cancellation: a daemon goes on with it.
        """
        wanted = flag_set(
            "DomainSnapshotCreateFlags",
            flags,
            disk_only=disk_only,
            quiesce=quiesce,
            atomic=atomic,
            no_metadata=no_metadata,
        )
        document = _document(config)
        key = await watched(
            self._driver,
            self._domain,
            lambda: self._ability.create_snapshot(self._domain, document, flags=wanted),
            progress,
        )
        return self._handle(key)

    async def get(self, name: str) -> Snapshot:
        """The one of that name.

        Raises:
            NotFound: There is none.
        """
        return self._handle(await self._ability.find_snapshot(self._domain, name))

    async def list(
        self,
        *,
        roots: bool = False,
        leaves: bool = False,
        topological: bool = False,
        flags: DomainSnapshotListFlags | Literal[0] = 0,
    ) -> Sequence[Snapshot]:
        """All of them, or those that the flags name.

        Args:
            roots: Only those that were made from no other.
            leaves: Only those from which no other was made.
            topological: None comes before the one it was made from.
            flags: libvirt's further flags.
        """
        wanted = flag_set(
            "DomainSnapshotListFlags", flags, roots=roots, leaves=leaves, topological=topological
        )
        found = await self._ability.snapshots(self._domain, flags=wanted)
        return [self._handle(key) for key in found]

    async def current(self) -> Snapshot | None:
        """The one that the domain's disks come from, or None."""
        if not await self._ability.has_current_snapshot(self._domain):
            return None
        try:
            return self._handle(await self._ability.current_snapshot(self._domain))
        except NotFound:  # it went meanwhile
            return None

    async def delete_all(self) -> None:
        """Delete all of them at once; the disks keep what they have."""
        await self._driver.ability(SnapshotUpkeep).delete_all_snapshots(self._domain)

    async def needs_consolidation(self) -> bool:
        """Whether files of snapshots that are gone still hold data of the domain's disks."""
        return await self._driver.ability(SnapshotUpkeep).needs_consolidation(self._domain)

    async def consolidate(self) -> None:
        """Bring what such files hold back into the disks, and remove them."""
        await self._driver.ability(SnapshotUpkeep).consolidate(self._domain)

    async def tree(self) -> Sequence[SnapshotTree]:
        """All of them, by what they were made from."""
        children: dict[str | None, list[Snapshot]] = {}
        for snapshot in await self.list(topological=True):
            above = (await snapshot.config()).parent
            children.setdefault(above, []).append(snapshot)

        def grow(name: str | None) -> list[SnapshotTree]:
            return [SnapshotTree(each, grow(each.name)) for each in children.get(name, [])]

        return grow(None)

    def _handle(self, key: SnapshotKey) -> Snapshot:
        return Snapshot(self._driver, key)


def _document(config: SnapshotConfig | str | None) -> SnapshotConfig:
    """The configuration; its class is loaded here, at its first use."""
    if isinstance(config, str):
        return documents.SnapshotConfig.parse(config)
    return documents.SnapshotConfig() if config is None else config
