"""Checkpoints and backups: what was written since when, and copies of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import CheckpointKey

if TYPE_CHECKING:
    from aiovirt.config import BackupConfig, CheckpointConfig
    from aiovirt.model.constants import (
        DomainBackupBeginFlags,
        DomainCheckpointCreateFlags,
        DomainCheckpointDeleteFlags,
        DomainCheckpointListFlags,
        DomainCheckpointXMLFlags,
    )

__all__ = ["Backups", "Checkpoints"]


class Checkpoints(Ability):
    """Making, finding and deleting checkpoints.

    Every one raises `NotFound` for a domain or a checkpoint that is not there.
    """

    @operation
    async def create_checkpoint(
        self,
        domain: DomainKey,
        config: CheckpointConfig,
        *,
        flags: DomainCheckpointCreateFlags | Literal[0] = 0,
    ) -> CheckpointKey:
        """Note from now on which blocks of the disks are written.

        Args:
            domain: Of which domain; it must run.
            config: Which disks; an empty one leaves all to the driver.
            flags: libvirt's, such as `QUIESCE` or `REDEFINE`.

        Raises:
            AlreadyExists: The domain has one of that name.
            Unsupported: A disk's format cannot keep it.
        """
        raise NotImplementedError

    @operation
    async def checkpoint_config(
        self, checkpoint: CheckpointKey, *, flags: DomainCheckpointXMLFlags | Literal[0] = 0
    ) -> CheckpointConfig:
        """What a checkpoint keeps; the flags say what of it is told."""
        raise NotImplementedError

    @operation
    async def checkpoints(
        self, domain: DomainKey, *, flags: DomainCheckpointListFlags | Literal[0] = 0
    ) -> Sequence[CheckpointKey]:
        """The checkpoints of a domain; all without flags."""
        raise NotImplementedError

    @operation
    async def checkpoint_children(
        self, checkpoint: CheckpointKey, *, flags: DomainCheckpointListFlags | Literal[0] = 0
    ) -> Sequence[CheckpointKey]:
        """The checkpoints that follow this one; with `DESCENDANTS` also those that follow them."""
        raise NotImplementedError

    @operation
    async def find_checkpoint(self, domain: DomainKey, name: str) -> CheckpointKey:
        """The domain's checkpoint of that name."""
        raise NotImplementedError

    @operation
    async def checkpoint_parent(self, checkpoint: CheckpointKey) -> CheckpointKey:
        """The checkpoint that this one follows.

        Raises:
            NotFound: It is the first.
        """
        raise NotImplementedError

    @operation
    async def delete_checkpoint(
        self, checkpoint: CheckpointKey, *, flags: DomainCheckpointDeleteFlags | Literal[0] = 0
    ) -> None:
        """Delete a checkpoint; what it noted goes to the one before it.

        Args:
            checkpoint: Which.
            flags: libvirt's: whether those that follow it go too, and whether only records go.
        """
        raise NotImplementedError


class Backups(Ability):
    """Copies of a running domain's disks as they are at a moment."""

    @operation
    async def begin_backup(
        self,
        domain: DomainKey,
        config: BackupConfig,
        checkpoint: CheckpointConfig | None = None,
        *,
        flags: DomainBackupBeginFlags | Literal[0] = 0,
    ) -> None:
        """Begin a backup, which goes on by itself; returns at once.

        A push backup ends by itself; `abort_job` of `Jobs` ends a pull backup, or gives one up.

        Args:
            domain: Of which domain; it must run.
            config: What is copied, and where to.
            checkpoint: A checkpoint that is made in the same moment.
            flags: libvirt's: whether the images are there already.

        Raises:
            InvalidState: The domain does not run, or a backup is under way.
        """
        raise NotImplementedError

    @operation
    async def backup_config(self, domain: DomainKey) -> BackupConfig:
        """The backup that is under way, with what the driver filled in.

        Raises:
            NotFound: There is none.
        """
        raise NotImplementedError
