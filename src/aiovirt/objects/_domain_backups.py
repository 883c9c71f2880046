"""A domain's snapshots, checkpoints and backups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from aiovirt import config as documents
from aiovirt.errors import RemoteError
from aiovirt.interfaces import Backups, Jobs
from aiovirt.model.domain import DomainKey
from aiovirt.model.flags import flag_set
from aiovirt.model.jobs import JobKind, JobStats
from aiovirt.objects._handle import Handle
from aiovirt.objects._progress import LOOK_S, OnProgress
from aiovirt.objects.checkpoints import Checkpoints
from aiovirt.objects.snapshots import Snapshots

if TYPE_CHECKING:
    from aiovirt.config import BackupConfig, CheckpointConfig

__all__ = ["DomainBackups"]


class DomainBackups(Handle[DomainKey]):
    """The part of `Domain` that keeps what was."""

    @property
    def snapshots(self) -> Snapshots:
        """Its snapshots."""
        return Snapshots(self._driver, self.key)

    @property
    def checkpoints(self) -> Checkpoints:
        """Its checkpoints."""
        return Checkpoints(self._driver, self.key)

    async def begin_backup(
        self,
        config: BackupConfig | str | None = None,
        checkpoint: CheckpointConfig | str | None = None,
        *,
        reuse_external: bool = False,
    ) -> None:
        """Begin a backup of its disks, which goes on by itself.

        A push backup ends by itself, `wait_for_backup`; a pull backup by `abort_job`.

        Args:
            config: What is copied and where to, or its XML; None copies all beside the disks.
            checkpoint: A checkpoint that is made in the same moment, or its XML.
            reuse_external: The images are there already.

        Raises:
            ConfigError: A document is wrong.
            InvalidState: It does not run, or a backup is under way.
        """
        if isinstance(config, str):
            config = documents.BackupConfig.parse(config)
        if isinstance(checkpoint, str):
            checkpoint = documents.CheckpointConfig.parse(checkpoint)
        await self._driver.ability(Backups).begin_backup(
            self.key,
            documents.BackupConfig() if config is None else config,
            checkpoint,
            flags=flag_set("DomainBackupBeginFlags", 0, reuse_external=reuse_external),
        )

    async def wait_for_backup(self, progress: OnProgress | None = None) -> JobStats:
        """Wait until no backup is under way any more; what the last one has done.

        Args:
            progress: Gets how far it is.

        Raises:
            RemoteError: It failed or was given up.

        Cancellation: the backup goes on.
        """
        jobs = self._driver.ability(Jobs)
        while (stats := await jobs.job_stats(self.key)).active:
            if progress is not None:
                progress(stats)
            await anyio.sleep(LOOK_S)
        flags = flag_set("DomainGetJobStatsFlags", 0, completed=True, keep_completed=True)
        ended = await jobs.job_stats(self.key, flags=flags)
        if ended.kind in {JobKind.FAILED, JobKind.CANCELLED}:
            reason = ended.params.get("errmsg")
            raise RemoteError(
                f"the backup of domain {self.key.name!r} has {ended.kind.name.lower()}"
                + (f": {reason}" if reason else "")
            )
        return ended

    async def backup_config(self) -> BackupConfig:
        """The backup that is under way.

        Raises:
            NotFound: There is none.
        """
        return await self._driver.ability(Backups).backup_config(self.key)
