"""Snapshots of domains of the host in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from aiovirt.config import SnapshotConfig
from aiovirt.drivers.common.points import PointKind, fits_snapshot, members
from aiovirt.drivers.common.tree import put_parent
from aiovirt.drivers.test.domains import lineage
from aiovirt.drivers.test.domains.base import DomainAbility
from aiovirt.drivers.test.domains.machine import Machine, Snapshot
from aiovirt.drivers.test.domains.reverting import revert
from aiovirt.drivers.test.domains.taking import redefined, take
from aiovirt.errors import AlreadyExists, Unsupported
from aiovirt.interfaces import Snapshots, immediate
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.model.domain import DomainKey, StateReason
from aiovirt.model.events import LifecycleDetail
from aiovirt.model.keys import SnapshotKey

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        DomainSnapshotCreateFlags,
        DomainSnapshotDeleteFlags,
        DomainSnapshotListFlags,
        DomainSnapshotRevertFlags,
    )

__all__ = ["TestSnapshots"]

_REDEFINE, _CURRENT, _NO_METADATA, _HALT = 0x1, 0x2, 0x4, 0x8
_TOPOLOGICAL = 0x400

_KIND = PointKind("snapshot", SnapshotKey, ErrorNumber.ERR_NO_DOMAIN_SNAPSHOT, ErrorDomain.TEST)


class TestSnapshots(DomainAbility, Snapshots):
    """Trees of snapshots, one a domain."""

    __test__ = False

    async def create_snapshot(
        self,
        domain: DomainKey,
        config: SnapshotConfig,
        *,
        flags: DomainSnapshotCreateFlags | Literal[0] = 0,
    ) -> SnapshotKey:
        """See `Snapshots.create_snapshot`."""
        machine = self.get(domain)
        config.check()
        name = config.name or str(int(self.world.now()))
        if flags & _REDEFINE:
            made = redefined(machine, config.copy())
            machine.snapshots[made.name] = made
            if flags & _CURRENT:
                machine.snapshot = made.name
            return SnapshotKey(machine.key, made.name)
        if machine.checkpoints:
            raise Unsupported(self.driver_name, "create_snapshot", "the domain has checkpoints")
        if name in machine.snapshots:
            raise AlreadyExists(f"domain {domain.name!r} has a snapshot {name!r} already")
        made = take(self.world, machine, config.copy(), name, flags)
        if not flags & _NO_METADATA:
            machine.snapshots[name] = made
            machine.snapshot = name
        if flags & _HALT and machine.live is not None:
            reason, detail = StateReason.SHUTOFF_FROM_SNAPSHOT, LifecycleDetail
            self.domains.end(machine, reason, detail.STOPPED_FROM_SNAPSHOT)
        return SnapshotKey(machine.key, name)

    def _find(self, key: SnapshotKey) -> tuple[Machine, Snapshot]:
        machine = self.get(key.domain)
        return machine, _KIND.known(machine.snapshots, key)

    @immediate
    async def snapshot_config(
        self, snapshot: SnapshotKey, *, secure: bool = False
    ) -> SnapshotConfig:
        """See `Snapshots.snapshot_config`."""
        machine, found = self._find(snapshot)
        config = found.config.copy()
        put_parent(config, found.parent if found.parent in machine.snapshots else None)
        return config if secure else SnapshotConfig.parse(config.to_xml(secure=False))

    @immediate
    async def snapshots(
        self, domain: DomainKey, *, flags: DomainSnapshotListFlags | Literal[0] = 0
    ) -> Sequence[SnapshotKey]:
        """See `Snapshots.snapshots`."""
        return _listed(self.get(domain), None, flags)

    @immediate
    async def snapshot_children(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotListFlags | Literal[0] = 0
    ) -> Sequence[SnapshotKey]:
        """See `Snapshots.snapshot_children`."""
        machine, found = self._find(snapshot)
        return _listed(machine, found.name, flags)

    @immediate
    async def find_snapshot(self, domain: DomainKey, name: str) -> SnapshotKey:
        """See `Snapshots.find_snapshot`."""
        found = SnapshotKey(self.get(domain).key, name)
        self._find(found)
        return found

    @immediate
    async def has_current_snapshot(self, domain: DomainKey) -> bool:
        """See `Snapshots.has_current_snapshot`."""
        return self.get(domain).snapshot is not None

    @immediate
    async def current_snapshot(self, domain: DomainKey) -> SnapshotKey:
        """See `Snapshots.current_snapshot`."""
        machine = self.get(domain)
        if machine.snapshot is None:
            raise _KIND.missing(domain, "no current snapshot")
        return SnapshotKey(machine.key, machine.snapshot)

    @immediate
    async def snapshot_parent(self, snapshot: SnapshotKey) -> SnapshotKey:
        """See `Snapshots.snapshot_parent`."""
        return _KIND.parent(self.get(snapshot.domain).snapshots, snapshot)

    @immediate
    async def snapshot_is_current(self, snapshot: SnapshotKey) -> bool:
        """See `Snapshots.snapshot_is_current`."""
        machine, found = self._find(snapshot)
        return machine.snapshot == found.name

    @immediate
    async def snapshot_has_metadata(self, snapshot: SnapshotKey) -> bool:
        """See `Snapshots.snapshot_has_metadata`."""
        self._find(snapshot)
        return True

    async def revert_to_snapshot(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotRevertFlags | Literal[0] = 0
    ) -> None:
        """See `Snapshots.revert_to_snapshot`."""
        machine, found = self._find(snapshot)
        revert(self.domains, machine, found, flags)

    async def delete_snapshot(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotDeleteFlags | Literal[0] = 0
    ) -> None:
        """See `Snapshots.delete_snapshot`."""
        machine, found = self._find(snapshot)
        machine.snapshot = lineage.delete(machine.snapshots, found.name, machine.snapshot, flags)


def _listed(machine: Machine, top: str | None, flags: int) -> list[SnapshotKey]:
    names = members(machine.snapshots, top, flags, sort=bool(flags & _TOPOLOGICAL))
    found = (machine.snapshots[name] for name in names)
    return [
        SnapshotKey(machine.key, each.name) for each in found if fits_snapshot(each.config, flags)
    ]
