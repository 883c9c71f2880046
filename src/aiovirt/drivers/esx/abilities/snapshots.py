"""Snapshots of machines: their tree is in memory, and the server changes it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, Literal, TypeVar

from aiovirt.config import SnapshotConfig
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.machine import OFF, ON, SUSPENDED, Machine
from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.drivers.esx.snapshots import KIND, Snapshot, check_plain, listed, snapshots_of
from aiovirt.errors import AlreadyExists, ConnectionLost
from aiovirt.interfaces import Snapshots, immediate, refuse_flags
from aiovirt.model.constants import (
    DomainSnapshotCreateFlags,
    DomainSnapshotDeleteFlags,
    DomainSnapshotListFlags,
    DomainSnapshotRevertFlags,
)
from aiovirt.model.domain import DomainKey, StateReason
from aiovirt.model.keys import SnapshotKey
from aiovirt.protocols.vsphere import Arguments, Method, Ref
from aiovirt.protocols.vsphere.tables import machine_methods as m

__all__ = ["EsxSnapshots"]

A = TypeVar("A", bound=Arguments)

_Create, _Delete, _Revert = (
    DomainSnapshotCreateFlags,
    DomainSnapshotDeleteFlags,
    DomainSnapshotRevertFlags,
)
_REASONS: Final = {
    "running": StateReason.RUNNING_FROM_SNAPSHOT,
    "shutoff": StateReason.SHUTOFF_FROM_SNAPSHOT,
    "paused": StateReason.PAUSED_FROM_SNAPSHOT,
}


class EsxSnapshots(EsxAbility, Snapshots):
    """See `Snapshots`; the server keeps all of them, so that none has metadata of its own."""

    async def create_snapshot(
        self,
        domain: DomainKey,
        config: SnapshotConfig,
        *,
        flags: DomainSnapshotCreateFlags | Literal[0] = 0,
    ) -> SnapshotKey:
        """See `Snapshots.create_snapshot`.

        The memory of a machine that runs is kept unless `DISK_ONLY` is set or the configuration
        says no; `QUIESCE` needs VMware Tools in the guest, and keeps no memory.
        """
        known = _Create.DISK_ONLY | _Create.QUIESCE | _Create.ATOMIC
        refuse_flags(DRIVER, "create_snapshot", flags, known)
        config.check()
        check_plain(config)
        name = config.name or str(int(time.time()))
        async with self.session.changing(domain) as seen:
            machine = await self.session.fresh(seen)
            if name in snapshots_of(machine):
                raise AlreadyExists(f"domain {machine.name!r} has a snapshot {name!r} already")
            quiesce = bool(flags & _Create.QUIESCE)
            leaves = config.memory.snapshot == "no" or bool(flags & _Create.DISK_ONLY)
            args = m.CreateSnapshotTaskArgs(
                name=name,
                description=config.description or "",
                memory=not (leaves or quiesce),
                quiesce=quiesce,
            )
            what = f"make snapshot {name!r} of domain {machine.name!r}"
            async with self.session.works.on(machine.ref, what) as work:
                await self.session.change(
                    m.CREATE_SNAPSHOT_TASK, machine, args, what=what, progress=work.told
                )
            await self.session.inventory.refresh(machine.ref)
            return SnapshotKey(machine.key, name)

    # --- looking --------------------------------------------------------------------------------

    @immediate
    async def snapshot_config(
        self, snapshot: SnapshotKey, *, secure: bool = False
    ) -> SnapshotConfig:
        """See `Snapshots.snapshot_config`; what the domain was is in the host's own files."""
        del secure  # nothing of it is secret
        return self._find(snapshot).config(snapshot.domain)

    @immediate
    async def snapshots(
        self, domain: DomainKey, *, flags: DomainSnapshotListFlags | Literal[0] = 0
    ) -> Sequence[SnapshotKey]:
        """See `Snapshots.snapshots`."""
        machine = self.session.machines.get(domain)
        return listed(machine.key, snapshots_of(machine), None, flags)

    @immediate
    async def snapshot_children(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotListFlags | Literal[0] = 0
    ) -> Sequence[SnapshotKey]:
        """See `Snapshots.snapshot_children`."""
        machine = self.session.machines.get(snapshot.domain)
        tree = snapshots_of(machine)
        return listed(machine.key, tree, KIND.known(tree, snapshot).name, flags)

    @immediate
    async def find_snapshot(self, domain: DomainKey, name: str) -> SnapshotKey:
        """See `Snapshots.find_snapshot`."""
        found = SnapshotKey(domain, name)
        self._find(found)
        return found

    @immediate
    async def has_current_snapshot(self, domain: DomainKey) -> bool:
        """See `Snapshots.has_current_snapshot`."""
        return self._current(domain) is not None

    @immediate
    async def current_snapshot(self, domain: DomainKey) -> SnapshotKey:
        """See `Snapshots.current_snapshot`."""
        found = self._current(domain)
        if found is None:
            raise KIND.missing(domain, "no current snapshot")
        return SnapshotKey(domain, found.name)

    @immediate
    async def snapshot_parent(self, snapshot: SnapshotKey) -> SnapshotKey:
        """See `Snapshots.snapshot_parent`."""
        return KIND.parent(snapshots_of(self.session.machines.get(snapshot.domain)), snapshot)

    @immediate
    async def snapshot_is_current(self, snapshot: SnapshotKey) -> bool:
        """See `Snapshots.snapshot_is_current`."""
        return self._find(snapshot).current

    @immediate
    async def snapshot_has_metadata(self, snapshot: SnapshotKey) -> bool:
        """See `Snapshots.snapshot_has_metadata`: all is the server's."""
        self._find(snapshot)
        return False

    def _find(self, snapshot: SnapshotKey) -> Snapshot:
        return KIND.known(snapshots_of(self.session.machines.get(snapshot.domain)), snapshot)

    def _current(self, domain: DomainKey) -> Snapshot | None:
        tree = snapshots_of(self.session.machines.get(domain))
        return next((each for each in tree.values() if each.current), None)

    # --- changing -------------------------------------------------------------------------------

    async def revert_to_snapshot(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotRevertFlags | Literal[0] = 0
    ) -> None:
        """See `Snapshots.revert_to_snapshot`; with `RUNNING` it is started if it was off."""
        refuse_flags(DRIVER, "revert_to_snapshot", flags, _Revert.RUNNING | _Revert.FORCE)
        async with self.session.changing(snapshot.domain) as seen:
            machine = await self.session.fresh(seen)
            found = KIND.known(snapshots_of(machine), snapshot)
            what = f"bring domain {machine.name!r} back to snapshot {found.name!r}"
            with self.session.expecting(machine, _REASONS[found.state]):
                await self._work(m.REVERT_TO_SNAPSHOT_TASK, machine, found.ref, what)
            now = await self.session.fresh(machine)
            if flags & _Revert.RUNNING and now.power in {OFF, SUSPENDED}:
                with self.session.expecting(now, StateReason.RUNNING_FROM_SNAPSHOT):
                    starting = f"start domain {machine.name!r}"
                    await self.session.change(m.POWER_ON_VM_TASK, now, what=starting)
                self.session.watcher.assume(now.ref, ON)

    async def delete_snapshot(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotDeleteFlags | Literal[0] = 0
    ) -> None:
        """See `Snapshots.delete_snapshot`; there are no records beside the data.

        Raises:
            ConnectionLost: The server went away over it; `maybe_done` says what is known.
        """
        known = _Delete.CHILDREN | _Delete.CHILDREN_ONLY | _Delete.METADATA_ONLY
        refuse_flags(DRIVER, "delete_snapshot", flags, known)
        async with self.session.changing(snapshot.domain) as seen:
            machine = await self.session.fresh(seen)
            tree = snapshots_of(machine)
            found = KIND.known(tree, snapshot)
            if flags & _Delete.METADATA_ONLY:
                return
            doomed = [found]
            if flags & _Delete.CHILDREN_ONLY:
                doomed = [each for each in tree.values() if each.parent == found.name]
            both = bool(flags & (_Delete.CHILDREN | _Delete.CHILDREN_ONLY))
            for each in doomed:
                await self._remove(machine, each, children=both)
            await self.session.inventory.refresh(machine.ref)

    async def _remove(self, machine: Machine, found: Snapshot, *, children: bool) -> None:
        what = f"remove snapshot {found.name!r} of domain {machine.name!r}"
        args = m.RemoveSnapshotTaskArgs(remove_children=children)
        try:
            await self._work(m.REMOVE_SNAPSHOT_TASK, machine, found.ref, what, args)
        except ConnectionLost as error:
            raise ConnectionLost(
                f"{self.session.where} went away when it was to {what}: {error}",
                maybe_done=error.maybe_done,
                hint="look with snapshot-list whether it is there; servers of before 6.5 and "
                "simulators do so where the first snapshot goes and those made from it stay: "
                "delete the children, too",
            ) from error

    async def _work(
        self,
        method: Method[A, Ref],
        machine: Machine,
        ref: Ref,
        what: str,
        args: A | None = None,
    ) -> None:
        """Do something to a snapshot, as the machine's job."""
        async with self.session.works.on(machine.ref, what) as work:
            await self.session.run(method, ref, args, what=what, progress=work.told)
