"""Backups of domains of the host in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import anyio

from aiovirt.config import BackupConfig, CheckpointConfig, DomainConfig
from aiovirt.config.snapshot import BackupDisk
from aiovirt.drivers.test.domains.base import DomainAbility
from aiovirt.drivers.test.domains.checkpoints import make_checkpoint
from aiovirt.drivers.test.domains.images import Images, disk_of, source_of
from aiovirt.drivers.test.domains.machine import Job, Machine
from aiovirt.drivers.test.numbers import numbered
from aiovirt.errors import Busy, ConfigError, NotFound
from aiovirt.interfaces import Backups, immediate
from aiovirt.model.constants import DomainJobOperation, ErrorNumber
from aiovirt.model.domain import DomainKey

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainBackupBeginFlags

__all__ = ["TestBackups"]

_PUSH_S = 0.04
"""How many seconds a push backup takes."""


class TestBackups(DomainAbility, Backups):
    """A push backup takes a moment; a pull backup stays until it is given up."""

    __test__ = False

    async def begin_backup(
        self,
        domain: DomainKey,
        config: BackupConfig,
        checkpoint: CheckpointConfig | None = None,
        *,
        flags: DomainBackupBeginFlags | Literal[0] = 0,
    ) -> None:
        """See `Backups.begin_backup`."""
        del flags
        machine = self.get(domain)
        live = machine.running()
        config.check()
        if machine.job is not None:
            raise Busy(f"a job of domain {domain.name!r} is under way")
        since = config.incremental
        if since is not None and since not in machine.checkpoints:
            error = NotFound(f"domain {domain.name!r} has no checkpoint {since!r}")
            raise numbered(error, ErrorNumber.ERR_NO_DOMAIN_CHECKPOINT)
        full = config.copy()
        full.mode = full.mode or "push"
        _complete_disks(live.config, full, int(self.world.now()))
        if checkpoint is not None:
            make_checkpoint(self.world, machine, checkpoint)
        job = machine.job = Job(DomainJobOperation.BACKUP, backup=full)
        job.params = {"operation": job.operation, "time_elapsed": 0, **self._sizes(machine, full)}
        self.world.tasks.start_soon(self._run, machine, job)

    def _sizes(self, machine: Machine, config: BackupConfig) -> dict[str, int]:
        images, total = self.world.room(Images), 0
        for disk in config.disks:
            path = source_of(disk_of(machine.config, disk.name or ""))
            if disk.backup is not False and path is not None:
                total += images.at(path).capacity
        done = dict.fromkeys(("disk_processed", "data_processed"), 0)
        left = ("disk_total", "disk_remaining", "data_total", "data_remaining")
        return {**dict.fromkeys(left, total), **done}

    async def _run(self, machine: Machine, job: Job) -> None:
        config = job.backup
        if config is not None and config.mode == "pull":
            await job.cancelled.wait()
        else:
            with anyio.move_on_after(_PUSH_S):
                await job.cancelled.wait()
        if machine.job is not job or config is None:
            return
        machine.job = None
        if not job.cancelled.is_set():
            self._copy(machine, config)
        self.domains.done(machine, job.operation, success=not job.cancelled.is_set())

    def _copy(self, machine: Machine, config: BackupConfig) -> None:
        images = self.world.room(Images)
        for disk in config.disks:
            path = source_of(disk_of(machine.config, disk.name or ""))
            target = disk.target.file or disk.target.dev
            if disk.backup is not False and path is not None and target is not None:
                images.copy(target, path)

    @immediate
    async def backup_config(self, domain: DomainKey) -> BackupConfig:
        """See `Backups.backup_config`."""
        machine = self.get(domain)
        config = None if machine.job is None else machine.job.backup
        if config is None:
            error = NotFound(f"no backup of domain {domain.name!r} is under way")
            raise numbered(error, ErrorNumber.ERR_NO_DOMAIN_BACKUP)
        return config.copy()


def _complete_disks(config: DomainConfig, full: BackupConfig, suffix: int) -> None:
    """Say of each disk whether it is copied, and where to."""
    given = {disk_of(config, each.name or "").target.dev: each.copy() for each in full.disks}
    disks = []
    for disk in config.disks:
        path, dev = source_of(disk), disk.target.dev
        usual = not given and not disk.readonly and path is not None
        kept = given.get(dev) or BackupDisk(name=dev, backup=usual)
        kept.name = dev
        if kept.backup is None:
            kept.backup = True
        if kept.backup and full.mode == "push" and not kept.target:
            if path is None or not path.startswith("/"):
                raise ConfigError(f"it must be said where disk {dev!r} is copied to", field="disks")
            kept.type, kept.format = "file", kept.format or "qcow2"
            kept.target.file = f"{path}.{suffix}"
        disks.append(kept)
    full.disks = disks
