"""Checkpoints and backups."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

from anyio import CancelScope
from anyio.lowlevel import checkpoint_if_cancelled

from aiovirt.config import BackupConfig, CheckpointConfig
from aiovirt.config.snapshot import CheckpointDisk
from aiovirt.drivers.common.points import PointKind, check_redefined, doomed, members
from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.argv.disks import format_node
from aiovirt.drivers.qemu.devices import drop_live
from aiovirt.drivers.qemu.engine.backupplan import checkpoint_disks
from aiovirt.drivers.qemu.engine.backups import NO_CHECKPOINT, BackupJob, Noted, begin_backup
from aiovirt.drivers.qemu.engine.bitmaps import add_action, ask_bitmaps
from aiovirt.drivers.qemu.engine.blockjobs import live_links, top_of
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.freezing import frozen
from aiovirt.drivers.qemu.engine.nodes import find_disk
from aiovirt.drivers.qemu.engine.numbers import numbered
from aiovirt.drivers.qemu.engine.snapshots import check_idle
from aiovirt.drivers.qemu.store.points import PointStore
from aiovirt.errors import (
    AlreadyExists,
    ConfigError,
    ConnectionLost,
    HostError,
    NotFound,
    QMPCommandError,
    Unresponsive,
)
from aiovirt.interfaces import Backups, Checkpoints, immediate, refuse_flags
from aiovirt.model.constants import DomainCheckpointDeleteFlags as Deleting
from aiovirt.model.constants import DomainCheckpointListFlags as Listing
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.model.domain import DomainKey
from aiovirt.model.keys import CheckpointKey

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainBackupBeginFlags,
        DomainCheckpointCreateFlags,
        DomainCheckpointDeleteFlags,
        DomainCheckpointListFlags,
        DomainCheckpointXMLFlags,
    )

__all__ = ["QemuBackups", "QemuCheckpoints"]

REDEFINE, QUIESCE, VALIDATE = 0x1, 0x2, 0x4
"""Of `DomainCheckpointCreateFlags`."""
SECURE, NO_DOMAIN, SIZE = 0x1, 0x2, 0x4
"""Of `DomainCheckpointXMLFlags`."""
REUSE: Final = 0x1
"""Of `DomainBackupBeginFlags`."""


_KIND = PointKind(
    "checkpoint", CheckpointKey, ErrorNumber.ERR_NO_DOMAIN_CHECKPOINT, ErrorDomain.QEMU
)


class QemuCheckpoints(QemuAbility, Checkpoints):
    """A bitmap of each image that notes what is written, and a record of them."""

    def _points(self, domain: DomainKey) -> PointStore[CheckpointConfig]:
        return points_of(self._engine, self._registry.get(domain))

    def _of(self, checkpoint: CheckpointKey) -> CheckpointConfig:
        return _KIND.known(self._points(checkpoint.domain).tree, checkpoint)

    async def create_checkpoint(
        self,
        domain: DomainKey,
        config: CheckpointConfig,
        *,
        flags: DomainCheckpointCreateFlags | Literal[0] = 0,
    ) -> CheckpointKey:
        """See `Checkpoints.create_checkpoint`."""
        refuse_flags(self.driver_name, "create_checkpoint", flags, REDEFINE | QUIESCE | VALIDATE)
        managed = self._registry.get(domain)
        point = config.copy()
        point.check()
        async with self._engine.works.work(), managed.changes:
            points = self._points(domain)
            if flags & REDEFINE:
                if not point.name:
                    raise ConfigError("a checkpoint's record needs its name", field="name")
                check_redefined(points.tree, point)
                await points.put(point)
            else:
                await _make(managed, points, point, quiesce=bool(flags & QUIESCE))
            return CheckpointKey(managed.key, point.name or "")

    async def checkpoint_config(
        self, checkpoint: CheckpointKey, *, flags: DomainCheckpointXMLFlags | Literal[0] = 0
    ) -> CheckpointConfig:
        """See `Checkpoints.checkpoint_config`."""
        refuse_flags(self.driver_name, "checkpoint_config", flags, SECURE | NO_DOMAIN | SIZE)
        point = self._of(checkpoint).copy()
        if flags & SIZE:
            async with self._engine.works.work():
                await _tell_sizes(self._registry.get(checkpoint.domain), point)
        if flags & NO_DOMAIN:
            point.domain = None
        return point if flags & SECURE else CheckpointConfig.parse(point.to_xml(secure=False))

    @immediate
    async def checkpoints(
        self, domain: DomainKey, *, flags: DomainCheckpointListFlags | Literal[0] = 0
    ) -> Sequence[CheckpointKey]:
        """See `Checkpoints.checkpoints`."""
        return self._listed(domain, flags)

    @immediate
    async def checkpoint_children(
        self, checkpoint: CheckpointKey, *, flags: DomainCheckpointListFlags | Literal[0] = 0
    ) -> Sequence[CheckpointKey]:
        """See `Checkpoints.checkpoint_children`."""
        self._of(checkpoint)
        return self._listed(checkpoint.domain, flags, checkpoint.name)

    def _listed(self, domain: DomainKey, flags: int, top: str | None = None) -> list[CheckpointKey]:
        key = self._registry.get(domain).key
        names = members(
            self._points(domain).tree, top, flags, sort=bool(flags & Listing.TOPOLOGICAL)
        )
        return [CheckpointKey(key, name) for name in names]

    @immediate
    async def find_checkpoint(self, domain: DomainKey, name: str) -> CheckpointKey:
        """See `Checkpoints.find_checkpoint`."""
        found = CheckpointKey(self._registry.get(domain).key, name)
        self._of(found)
        return found

    @immediate
    async def checkpoint_parent(self, checkpoint: CheckpointKey) -> CheckpointKey:
        """See `Checkpoints.checkpoint_parent`."""
        return _KIND.parent(self._points(checkpoint.domain).tree, checkpoint)

    async def delete_checkpoint(
        self, checkpoint: CheckpointKey, *, flags: DomainCheckpointDeleteFlags | Literal[0] = 0
    ) -> None:
        """See `Checkpoints.delete_checkpoint`."""
        refuse_flags(self.driver_name, "delete_checkpoint", flags, sum(Deleting))
        managed = self._registry.get(checkpoint.domain)
        async with self._engine.works.work(), managed.changes:
            self._of(checkpoint)
            points = self._points(checkpoint.domain)
            for name in doomed(points.tree, checkpoint.name, flags):
                if not flags & Deleting.METADATA_ONLY:
                    await _drop_bitmaps(managed, points.tree[name])
                await points.remove(name)


class QemuBackups(QemuAbility, Backups):
    """The face of `engine.backups`."""

    async def begin_backup(
        self,
        domain: DomainKey,
        config: BackupConfig,
        checkpoint: CheckpointConfig | None = None,
        *,
        flags: DomainBackupBeginFlags | Literal[0] = 0,
    ) -> None:
        """See `Backups.begin_backup`."""
        refuse_flags(self.driver_name, "begin_backup", flags, REUSE)
        managed = self._registry.get(domain)
        wanted = config.copy()
        async with self._engine.works.work(), managed.changes:
            live, noted = managed.running(), NO_CHECKPOINT
            if checkpoint is not None:
                points, point = points_of(self._engine, managed), checkpoint.copy()
                name_checkpoint(managed, points, point)
                disks = checkpoint_disks(live.config, point)
                noted = Noted(disks, recorded(managed, points, point))
            reuse = bool(flags & REUSE)
            await begin_backup(self._engine, managed, wanted, noted, reuse=reuse)

    @immediate
    async def backup_config(self, domain: DomainKey) -> BackupConfig:
        """See `Backups.backup_config`."""
        managed = self._registry.get(domain)
        if not isinstance(managed.job, BackupJob):
            error = NotFound(f"domain {managed.name!r} is at no backup")
            raise numbered(error, ErrorNumber.ERR_NO_DOMAIN_BACKUP)
        return managed.job.config.copy()


def points_of(engine: Engine, managed: ManagedDomain) -> PointStore[CheckpointConfig]:
    """The records of a domain's checkpoints."""
    if managed.checkpoints is None:
        folder = engine.root.points("checkpoints", managed.key.uuid)
        managed.checkpoints = PointStore(folder, CheckpointConfig)
    return managed.checkpoints


def name_checkpoint(
    managed: ManagedDomain, points: PointStore[CheckpointConfig], point: CheckpointConfig
) -> None:
    """Give a new checkpoint its name.

    Raises:
        AlreadyExists: There is one of that name.
    """
    point.name = point.name or str(int(time.time()))
    if point.name in points:
        raise AlreadyExists(f"domain {managed.name!r} has a checkpoint {point.name!r}")


async def _make(
    managed: ManagedDomain,
    points: PointStore[CheckpointConfig],
    point: CheckpointConfig,
    *,
    quiesce: bool,
) -> None:
    """Have the images note what is written from now on."""
    live, monitor = managed.running(), managed.monitor()
    check_idle(managed)
    name_checkpoint(managed, points, point)
    actions = [
        add_action((await top_of(monitor, live.config, disk)).node, bitmap)
        for disk, bitmap in checkpoint_disks(live.config, point)
    ]
    async with recorded(managed, points, point), frozen(managed, wanted=quiesce):
        await checkpoint_if_cancelled()
        with CancelScope(shield=True):  # who gives up now must know whether it was done
            await monitor.execute("transaction", {"actions": actions})


@asynccontextmanager
async def recorded(
    managed: ManagedDomain, points: PointStore[CheckpointConfig], point: CheckpointConfig
) -> AsyncIterator[None]:
    """Write down what a checkpoint is that the block makes: no bitmap is ever without a record.

    The record goes if that is refused or given up.  It stays where nobody knows whether QEMU did
    it, and after a kill: without its bitmap it tells nothing, and can be deleted.

    Raises:
        HostError: The disk is full.
    """
    _describe(managed, point)
    name = point.name or ""
    try:
        with CancelScope(shield=True):
            await points.append(point)
        yield
    except (ConnectionLost, Unresponsive):
        raise
    except BaseException:
        if name in points:
            with CancelScope(shield=True), suppress(HostError):
                await points.remove(name)
        raise


def _describe(managed: ManagedDomain, point: CheckpointConfig) -> None:
    """Write into a checkpoint what it is of."""
    noted = {disk.target.dev: bitmap for disk, bitmap in checkpoint_disks(managed.config(), point)}
    point.disks = [
        CheckpointDisk(name=disk.target.dev, checkpoint="bitmap", bitmap=noted[disk.target.dev])
        if disk.target.dev in noted
        else CheckpointDisk(name=disk.target.dev, checkpoint="no")
        for disk in managed.config().disks
    ]
    point.created = datetime.now(UTC).replace(microsecond=0)
    kept = managed.config().copy()
    drop_live(kept)
    point.domain = kept


async def _tell_sizes(managed: ManagedDomain, point: CheckpointConfig) -> None:
    """Write into a checkpoint how much was written since.

    Raises:
        InvalidState: The domain does not run.
    """
    live = managed.running()
    bitmaps = await ask_bitmaps(managed.monitor())
    for row in point.disks:
        if row.checkpoint != "no":
            with suppress(NotFound):
                links = live_links(live.config, find_disk(live.config, row.name or ""))
                row.size = bitmaps.dirty(links, row.bitmap or point.name or "")


async def _drop_bitmaps(managed: ManagedDomain, point: CheckpointConfig) -> None:
    """Have the images note no more for a checkpoint; one that does not is no error."""
    live = managed.running()
    for row in point.disks:
        if row.checkpoint == "no":
            continue
        with suppress(NotFound):
            links = live_links(live.config, find_disk(live.config, row.name or ""))
            for link in links:
                arguments = {"node": format_node(link.number), "name": row.bitmap or point.name}
                with suppress(QMPCommandError):  # it has none, or is not written to
                    await managed.monitor().execute("block-dirty-bitmap-remove", arguments)
