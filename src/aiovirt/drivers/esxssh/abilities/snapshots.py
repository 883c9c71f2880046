"""Snapshots: the host keeps their tree, and what is in them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from aiovirt.config import SnapshotConfig
from aiovirt.drivers.common.points import PointKind, doomed, fits_snapshot, members
from aiovirt.drivers.common.tree import put_parent
from aiovirt.drivers.esxssh.context import DRIVER, EsxAbility
from aiovirt.drivers.esxssh.failures import power_refusal
from aiovirt.drivers.esxssh.inventory import OFF, ON, SUSPENDED, Machine
from aiovirt.drivers.esxssh.link import LONG_S
from aiovirt.errors import AlreadyExists, ConfigError, RemoteError, Unsupported
from aiovirt.interfaces import Snapshots, refuse_flags
from aiovirt.model.constants import (
    DomainSnapshotCreateFlags,
    DomainSnapshotDeleteFlags,
    DomainSnapshotListFlags,
    DomainSnapshotRevertFlags,
    ErrorDomain,
    ErrorNumber,
)
from aiovirt.model.domain import DomainKey, StateReason
from aiovirt.model.events import LifecycleDetail
from aiovirt.model.keys import SnapshotKey
from aiovirt.protocols.esxcli import VimObject, VimReference, unfit

__all__ = ["EsxSnapshots"]

_KIND = PointKind("snapshot", SnapshotKey, ErrorNumber.ERR_NO_DOMAIN_SNAPSHOT, ErrorDomain.ESX)

_Create, _Delete, _Revert = (
    DomainSnapshotCreateFlags,
    DomainSnapshotDeleteFlags,
    DomainSnapshotRevertFlags,
)
_STATES = {ON: "running", OFF: "shutoff", SUSPENDED: "paused"}
_REASONS = {
    ON: (StateReason.RUNNING_FROM_SNAPSHOT, LifecycleDetail.STARTED_FROM_SNAPSHOT),
    OFF: (StateReason.SHUTOFF_FROM_SNAPSHOT, LifecycleDetail.STOPPED_FROM_SNAPSHOT),
    SUSPENDED: (StateReason.PAUSED_FROM_SNAPSHOT, LifecycleDetail.SUSPENDED_FROM_SNAPSHOT),
}


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A snapshot as the host told of it.

    Attributes:
        number: Its number on the host, which is its machine's alone.
        name: Its name; of several of one name all but the first have their number added.
        description: What its maker said of it.
        created: When it was made.
        state: The state that the machine had, in libvirt's word.
        parent: The name of the one that it was made from.
        current: Whether the machine's disks come from it.
    """

    number: int
    name: str
    description: str
    created: datetime
    state: str
    parent: str | None
    current: bool

    def config(self) -> SnapshotConfig:
        """As a document."""
        config = SnapshotConfig(
            name=self.name, description=self.description or None, state=self.state
        )
        config.created = self.created.replace(microsecond=0)
        put_parent(config, self.parent)
        return config


_Tree = Mapping[str, _Snapshot]


class EsxSnapshots(EsxAbility, Snapshots):
    """See `Snapshots`."""

    async def _tree(self, machine: Machine) -> _Tree:
        what = f"list the snapshots of domain {machine.key.name!r}"
        found = await self.host.vim("vmsvc/get.snapshotinfo", str(machine.vmid), what=what)
        for each in found:
            if isinstance(each, VimObject):
                return {one.name: one for one in _read_tree(each)}
        return {}

    async def _look(self, domain: DomainKey) -> _Tree:
        return await self._tree(await self.inventory.get(domain))

    async def _find(self, snapshot: SnapshotKey) -> _Snapshot:
        return _KIND.known(await self._look(snapshot.domain), snapshot)

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
        _check_plain(config)
        name = _checked(config.name or str(int(time.time())))
        async with self.context.changing(domain) as machine:
            if name in await self._tree(machine):
                raise AlreadyExists(f"domain {domain.name!r} has a snapshot {name!r} already")
            quiesced = bool(flags & _Create.QUIESCE)
            memory = machine.power == ON and _keeps_memory(config, flags)
            words = (name, config.description or "", str(int(memory)), str(int(quiesced)))
            await self._change(
                machine, "vmsvc/snapshot.create", *words, verb=f"make snapshot {name!r}"
            )
            if name not in await self._tree(machine):
                raise RemoteError(
                    f"{self.host.where} made no snapshot {name!r} of domain {domain.name!r}",
                    hint="a host makes none of a machine that has not changed since the last one",
                )
            return SnapshotKey(machine.key, name)

    async def _change(self, machine: Machine, command: str, *words: str, verb: str) -> None:
        """Run a command about a machine's snapshots, which may move much data."""
        what = f"{verb} of domain {machine.key.name!r}"
        await self.host.vim(command, str(machine.vmid), *words, what=what, bound_s=LONG_S)

    async def snapshot_config(
        self, snapshot: SnapshotKey, *, secure: bool = False
    ) -> SnapshotConfig:
        """See `Snapshots.snapshot_config`; what the domain was is in the host's own files."""
        del secure  # the host tells no passwords of it
        return (await self._find(snapshot)).config()

    async def snapshots(
        self, domain: DomainKey, *, flags: DomainSnapshotListFlags | Literal[0] = 0
    ) -> Sequence[SnapshotKey]:
        """See `Snapshots.snapshots`."""
        return _listed(domain, await self._look(domain), None, flags)

    async def snapshot_children(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotListFlags | Literal[0] = 0
    ) -> Sequence[SnapshotKey]:
        """See `Snapshots.snapshot_children`."""
        tree = await self._look(snapshot.domain)
        found = _KIND.known(tree, snapshot)
        return _listed(snapshot.domain, tree, found.name, flags)

    async def find_snapshot(self, domain: DomainKey, name: str) -> SnapshotKey:
        """See `Snapshots.find_snapshot`."""
        found = SnapshotKey(domain, name)
        await self._find(found)
        return found

    async def has_current_snapshot(self, domain: DomainKey) -> bool:
        """See `Snapshots.has_current_snapshot`."""
        return any(each.current for each in (await self._look(domain)).values())

    async def current_snapshot(self, domain: DomainKey) -> SnapshotKey:
        """See `Snapshots.current_snapshot`."""
        for each in (await self._look(domain)).values():
            if each.current:
                return SnapshotKey(domain, each.name)
        raise _KIND.missing(domain, "no current snapshot")

    async def snapshot_parent(self, snapshot: SnapshotKey) -> SnapshotKey:
        """See `Snapshots.snapshot_parent`."""
        return _KIND.parent(await self._look(snapshot.domain), snapshot)

    async def snapshot_is_current(self, snapshot: SnapshotKey) -> bool:
        """See `Snapshots.snapshot_is_current`."""
        return (await self._find(snapshot)).current

    async def snapshot_has_metadata(self, snapshot: SnapshotKey) -> bool:
        """See `Snapshots.snapshot_has_metadata`: all is the host's."""
        await self._find(snapshot)
        return False

    async def revert_to_snapshot(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotRevertFlags | Literal[0] = 0
    ) -> None:
        """See `Snapshots.revert_to_snapshot`; with `RUNNING` it is started if it was off."""
        refuse_flags(DRIVER, "revert_to_snapshot", flags, _Revert.RUNNING | _Revert.FORCE)
        async with self.context.changing(snapshot.domain) as machine:
            found = _KIND.known(await self._tree(machine), snapshot)
            verb = f"go back to snapshot {snapshot.name!r}"
            words = (str(found.number), "0")
            await self._change(machine, "vmsvc/snapshot.revert", *words, verb=verb)
            now = await self.inventory.get(machine.key)
            if flags & _Revert.RUNNING and now.power != ON:
                now = await self._start(now)
            self._tell(machine, now)

    async def _start(self, machine: Machine) -> Machine:
        what = f"start domain {machine.key.name!r}"
        output = await self.host.link.run(
            f"vim-cmd vmsvc/power.on {machine.vmid}", what, bound_s=LONG_S
        )
        now = await self.inventory.get(machine.key)
        if now.power != ON:
            raise power_refusal(output, f"{self.host.where} did not {what}")
        return now

    def _tell(self, before: Machine, now: Machine) -> None:
        """Tell what reverting has done to the machine's state."""
        if before.power == OFF and now.power == OFF:
            return
        reason, detail = _REASONS[now.power]
        self.context.watcher.changed(now, now.power, reason, detail)

    async def delete_snapshot(
        self, snapshot: SnapshotKey, *, flags: DomainSnapshotDeleteFlags | Literal[0] = 0
    ) -> None:
        """See `Snapshots.delete_snapshot`."""
        known = _Delete.CHILDREN | _Delete.CHILDREN_ONLY
        refuse_flags(DRIVER, "delete_snapshot", flags, known)
        async with self.context.changing(snapshot.domain) as machine:
            tree = await self._tree(machine)
            _KIND.known(tree, snapshot)
            for name in doomed(tree, snapshot.name, flags):
                words = (str(tree[name].number), "0")
                verb = f"remove snapshot {name!r}"
                await self._change(machine, "vmsvc/snapshot.remove", *words, verb=verb)


def _checked(name: str) -> str:
    """A name that the host can hold.

    Raises:
        ConfigError: It cannot hold it.
    """
    why = unfit(name)
    if why is not None:
        raise ConfigError(f"the host cannot hold the name {name!r}: {why}", field="name")
    return name


def _keeps_memory(config: SnapshotConfig, flags: int) -> bool:
    """Whether the memory of a machine that runs is wanted."""
    return config.memory.snapshot != "no" and not flags & (_Create.DISK_ONLY | _Create.QUIESCE)


def _check_plain(config: SnapshotConfig) -> None:
    """See that a snapshot asks for nothing but what the host does anyway.

    Raises:
        Unsupported: It does.
    """
    if config.memory.snapshot == "external":
        raise Unsupported(DRIVER, "create_snapshot", "the host keeps the memory where it wants")
    if any(disk.snapshot not in {None, "internal"} for disk in config.disks):
        raise Unsupported(
            DRIVER, "create_snapshot", "the host takes all disks, in files of its own"
        )


def _read_tree(info: VimObject) -> Iterator[_Snapshot]:
    seen: set[str] = set()
    waiting: list[tuple[str | None, VimObject]] = [
        (None, each) for each in info.objects("rootSnapshotList")
    ]
    while waiting:
        parent, node = waiting.pop(0)
        found = _read_node(node, parent, info.reference("currentSnapshot"))
        if found.name in seen:
            found = replace(found, name=f"{found.name}#{found.number}")
        seen.add(found.name)
        yield found
        waiting += [(found.name, each) for each in node.objects("childSnapshotList")]


def _read_node(node: VimObject, parent: str | None, current: VimReference | None) -> _Snapshot:
    number = node.number("id") or 0
    return _Snapshot(
        number=number,
        name=node.text("name") or str(number),
        description=node.text("description") or "",
        created=_moment(node.text("createTime")),
        state=_STATES.get(node.text("state") or "", "shutoff"),
        parent=parent,
        current=current is not None and node.reference("snapshot") == current,
    )


def _moment(text: str | None) -> datetime:
    """A time as the vSphere API writes it; that of 1970 where there is none."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _listed(domain: DomainKey, tree: _Tree, top: str | None, flags: int) -> list[SnapshotKey]:
    sort = bool(flags & DomainSnapshotListFlags.TOPOLOGICAL)
    names = members(tree, top, flags, sort=sort)
    return [
        SnapshotKey(domain, name) for name in names if fits_snapshot(tree[name].config(), flags)
    ]
