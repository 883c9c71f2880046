"""Snapshots of a domain, and the records of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

import anyio

from aiovirt.config import SnapshotConfig
from aiovirt.config.snapshot import InactiveDomain, SnapshotDisk
from aiovirt.drivers.common.points import (
    PointKind,
    check_redefined,
    doomed,
    fits_snapshot,
    is_external,
    members,
)
from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.drivers.qemu.devices import drop_live
from aiovirt.drivers.qemu.engine import snapshots as work
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.externals import delete_external, remove_unused
from aiovirt.drivers.qemu.engine.moves import MemoryJob, Work, at_work
from aiovirt.drivers.qemu.engine.reverting import revert
from aiovirt.drivers.qemu.engine.stop import end
from aiovirt.drivers.qemu.engine.taking import Taking, take_external
from aiovirt.drivers.qemu.engine.worknotes import WorkNote, note_work, work_forgotten
from aiovirt.drivers.qemu.store.points import PointStore
from aiovirt.errors import AlreadyExists, ConfigError
from aiovirt.interfaces import Snapshots, immediate, refuse_flags
from aiovirt.model.constants import DomainJobOperation, ErrorDomain, ErrorNumber
from aiovirt.model.constants import DomainSnapshotDeleteFlags as Deleting
from aiovirt.model.constants import DomainSnapshotListFlags as Listing
from aiovirt.model.domain import DomainKey, DomainState, StateReason
from aiovirt.model.keys import SnapshotKey

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainSnapshotCreateFlags,
        DomainSnapshotDeleteFlags,
        DomainSnapshotListFlags,
        DomainSnapshotRevertFlags,
    )

__all__ = ["QemuSnapshots"]

REDEFINE, CURRENT, NO_METADATA, HALT, DISK_ONLY, REUSE = 0x1, 0x2, 0x4, 0x8, 0x10, 0x20
QUIESCE, ATOMIC, LIVE, VALIDATE = 0x40, 0x80, 0x100, 0x200
"""Of `DomainSnapshotCreateFlags`; all of them are atomic here, and checked."""
_KNOWN: Final = (
    *(REDEFINE, CURRENT, NO_METADATA, HALT, DISK_ONLY, REUSE),
    *(QUIESCE, ATOMIC, LIVE, VALIDATE),
)
_EXTERNAL: Final = "external"
_STATES: Final = {DomainState.RUNNING: "running", DomainState.PAUSED: "paused"}


def _job(managed: ManagedDomain, flags: int) -> Work:
    """What tells how far a snapshot is: QEMU knows it of memory alone."""
    if flags & DISK_ONLY or managed.live is None:
        return Work(DomainJobOperation.SNAPSHOT)
    return MemoryJob(DomainJobOperation.SNAPSHOT, monitor=managed.live.monitor)


_KIND = PointKind("snapshot", SnapshotKey, ErrorNumber.ERR_NO_DOMAIN_SNAPSHOT, ErrorDomain.QEMU)


class QemuSnapshots(QemuAbility, Snapshots):
    """The face of `engine.snapshots`."""

    def _points(self, domain: DomainKey) -> PointStore[SnapshotConfig]:
        managed = self._registry.get(domain)
        if managed.snapshots is None:
            folder = self._engine.root.points("snapshots", managed.key.uuid)
            managed.snapshots = PointStore(folder, SnapshotConfig)
        return managed.snapshots

    def _of(self, snapshot: SnapshotKey) -> SnapshotConfig:
        return _KIND.known(self._points(snapshot.domain).tree, snapshot)

    async def create_snapshot(
        self,
        domain: DomainKey,
        config: SnapshotConfig,
        *,
        flags: DomainSnapshotCreateFlags | Literal[0] = 0,
    ) -> SnapshotKey:
        """See `Snapshots.create_snapshot`."""
        refuse_flags(self.driver_name, "create_snapshot", flags, sum(_KNOWN))
        managed = self._registry.get(domain)
        point = config.copy()
        point.check()
        async with self._engine.works.work(), managed.changes:
            points = self._points(domain)
            if flags & REDEFINE:
                check_redefined(points.tree, point)
                await self._redefine(points, point, current=bool(flags & CURRENT))
                return SnapshotKey(managed.key, point.name or "")
            point.name = point.name or str(int(time.time()))
            if point.name in points:
                raise AlreadyExists(f"domain {managed.name!r} has a snapshot {point.name!r}")
            work.check_idle(managed)
            with work_forgotten(managed.live):
                async with at_work(managed, _job(managed, flags)):
                    await self._take(managed, point, flags)
                if not flags & NO_METADATA:
                    with anyio.CancelScope(shield=True):
                        await points.append(point)
            if flags & HALT and managed.live is not None:
                await end(self._engine, managed, ending=StateReason.SHUTOFF_FROM_SNAPSHOT)
        return SnapshotKey(managed.key, point.name or "")

    async def _redefine(
        self, points: PointStore[SnapshotConfig], point: SnapshotConfig, *, current: bool
    ) -> None:
        """Keep a record that somebody gives."""
        if not point.name:
            raise ConfigError("a snapshot's record needs its name", field="name")
        await points.put(point)
        if current:
            await points.set_current(point.name)

    async def _take(self, managed: ManagedDomain, point: SnapshotConfig, flags: int) -> None:
        """Take it, and write down what it is."""
        disk_only = bool(flags & DISK_ONLY)
        kept = managed.config().copy()
        drop_live(kept)
        stored = managed.definition if managed.live is not None else None
        inactive = None if stored is None else InactiveDomain.of(stored)
        state = _STATES.get(managed.state, "shutoff")
        if work.wants_external(point, disk_only=disk_only):
            how = Taking(
                reuse=bool(flags & REUSE),
                live=bool(flags & LIVE),
                quiesce=bool(flags & QUIESCE),
                kept=not flags & NO_METADATA,
            )
            await take_external(self._engine, managed, point, self._points(managed.key), how)
            with_memory = point.memory.snapshot == _EXTERNAL
            memory = _EXTERNAL if with_memory else "no"
            if managed.live is not None and not with_memory:
                state = "disk-snapshot"
        else:
            disks = work.internal_disks(managed.config(), point)
            if managed.live is not None:
                ran = managed.state is DomainState.RUNNING
                note = WorkNote(ran=ran, snapshot=point.name, inside=True)
                await note_work(managed.live, note)
            await work.internal(managed, point.name or "", disks)
            kept_in = {disk.target.dev for disk in disks}
            point.disks = [
                SnapshotDisk(
                    name=disk.target.dev,
                    snapshot="internal" if disk.target.dev in kept_in else "no",
                )
                for disk in managed.config().disks
            ]
            memory = "no" if managed.live is None else "internal"
        point.state, point.memory.snapshot = state, memory
        point.created = datetime.now(UTC).replace(microsecond=0)
        point.domain, point.inactive = kept, inactive

    @immediate
    async def snapshot_config(
        self, snapshot: SnapshotKey, *, secure: bool = False
    ) -> SnapshotConfig:
        """See `Snapshots.snapshot_config`."""
        point = self._of(snapshot)
        return point.copy() if secure else SnapshotConfig.parse(point.to_xml(secure=False))

    @immediate
    async def snapshots(
        self, domain: DomainKey, *, flags: DomainSnapshotListFlags | Literal[0] = 0
    ) -> Sequence[SnapshotKey]:
        """See `Snapshots.snapshots`."""
        return self._listed(domain, flags)

    @immediate
    async def snapshot_children(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotListFlags | Literal[0] = 0
    ) -> Sequence[SnapshotKey]:
        """See `Snapshots.snapshot_children`."""
        self._of(snapshot)
        return self._listed(snapshot.domain, flags, snapshot.name)

    def _listed(self, domain: DomainKey, flags: int, top: str | None = None) -> list[SnapshotKey]:
        key, tree = self._registry.get(domain).key, self._points(domain).tree
        names = members(tree, top, flags, sort=bool(flags & Listing.TOPOLOGICAL))
        return [SnapshotKey(key, name) for name in names if fits_snapshot(tree[name], flags)]

    @immediate
    async def find_snapshot(self, domain: DomainKey, name: str) -> SnapshotKey:
        """See `Snapshots.find_snapshot`."""
        found = SnapshotKey(self._registry.get(domain).key, name)
        self._of(found)
        return found

    @immediate
    async def has_current_snapshot(self, domain: DomainKey) -> bool:
        """See `Snapshots.has_current_snapshot`."""
        return self._points(domain).current is not None

    @immediate
    async def current_snapshot(self, domain: DomainKey) -> SnapshotKey:
        """See `Snapshots.current_snapshot`."""
        current = self._points(domain).current
        if current is None:
            raise _KIND.missing(domain, "no current snapshot")
        return SnapshotKey(self._registry.get(domain).key, current)

    @immediate
    async def snapshot_parent(self, snapshot: SnapshotKey) -> SnapshotKey:
        """See `Snapshots.snapshot_parent`."""
        return _KIND.parent(self._points(snapshot.domain).tree, snapshot)

    @immediate
    async def snapshot_is_current(self, snapshot: SnapshotKey) -> bool:
        """See `Snapshots.snapshot_is_current`."""
        self._of(snapshot)
        return self._points(snapshot.domain).current == snapshot.name

    @immediate
    async def snapshot_has_metadata(self, snapshot: SnapshotKey) -> bool:
        """See `Snapshots.snapshot_has_metadata`."""
        self._of(snapshot)
        return True

    async def revert_to_snapshot(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotRevertFlags | Literal[0] = 0
    ) -> None:
        """See `Snapshots.revert_to_snapshot`."""
        managed = self._registry.get(snapshot.domain)
        async with self._engine.works.work(), managed.changes:
            point = self._of(snapshot)
            work.check_idle(managed)
            await revert(self._engine, managed, point, self._points(snapshot.domain), flags)
            await self._points(snapshot.domain).set_current(snapshot.name)

    async def delete_snapshot(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotDeleteFlags | Literal[0] = 0
    ) -> None:
        """See `Snapshots.delete_snapshot`."""
        refuse_flags(self.driver_name, "delete_snapshot", flags, sum(Deleting))
        managed = self._registry.get(snapshot.domain)
        async with self._engine.works.work(), managed.changes:
            self._of(snapshot)
            points = self._points(snapshot.domain)
            for name in doomed(points.tree, snapshot.name, flags):
                if flags & Deleting.METADATA_ONLY:
                    await points.remove(name)
                else:
                    await self._forget(managed, points.tree[name])

    async def _forget(self, managed: ManagedDomain, point: SnapshotConfig) -> None:
        """Have the images forget it, and remove its record."""
        work.check_idle(managed)
        points = self._points(managed.key)
        remove = partial(_remove, managed, points, point.name or "")
        async with at_work(managed, Work(DomainJobOperation.SNAPSHOT_DELETE)):
            if is_external(point):
                await delete_external(self._engine, managed, points, point)
                with anyio.CancelScope(shield=True):
                    await remove()
            else:
                await work.delete_internal(managed, point, remove)


async def _remove(managed: ManagedDomain, points: PointStore[SnapshotConfig], name: str) -> None:
    """Remove a record, and before it the images that nothing else is on: none outlives it."""
    await remove_unused(managed, points, without=name)
    await points.remove(name)
