"""Making a snapshot: what of it is kept where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from posixpath import splitext
from typing import Final

from aiovirt.config import Disk, DomainConfig, SnapshotConfig
from aiovirt.config.snapshot import InactiveDomain, SnapshotDisk
from aiovirt.drivers.test.domains.images import Images, disk_of, source_of
from aiovirt.drivers.test.domains.living import drop_live
from aiovirt.drivers.test.domains.machine import Machine, Snapshot
from aiovirt.drivers.test.world import World
from aiovirt.errors import CallerError, ConfigError, Unsupported
from aiovirt.model.domain import DomainState, StateReason

__all__ = ["redefined", "take"]

_DISK_ONLY: Final = 0x10
_REUSE: Final = 0x20

STATES: Final[Mapping[DomainState, str]] = {
    DomainState.RUNNING: "running",
    DomainState.BLOCKED: "blocked",
    DomainState.PAUSED: "paused",
    DomainState.SHUTDOWN: "shutdown",
    DomainState.SHUTOFF: "shutoff",
    DomainState.CRASHED: "crashed",
    DomainState.PM_SUSPENDED: "paused",
}
"""What a snapshot's document calls a domain's state."""


def redefined(machine: Machine, config: SnapshotConfig) -> Snapshot:
    """A snapshot of a document that was read of one before.

    Raises:
        ConfigError: The document does not say all.
    """
    if not config.name or config.state is None or not config.domain:
        raise ConfigError(
            "a snapshot that is defined anew has a name, a state and a domain",
            field="domainsnapshot",
            hint="use a document that was read of a snapshot",
        )
    if config.domain.uuid not in {None, machine.uuid}:
        raise ConfigError(
            f"snapshot {config.name!r} is of the domain {config.domain.uuid}", field="domain/uuid"
        )
    parent, seen = config.parent, {config.name}
    while parent in machine.snapshots:
        if parent in seen:
            raise CallerError(f"snapshot {config.name!r} would be made from itself")
        seen.add(parent)
        parent = machine.snapshots[parent].parent
    reason = next((r for r in _REASONS if STATES[r.state] == config.state), _REASONS[-1])
    return Snapshot(config.name, config.parent, config, reason)


_REASONS: Final = (
    StateReason.RUNNING_FROM_SNAPSHOT,
    StateReason.PAUSED_FROM_SNAPSHOT,
    StateReason.SHUTOFF_FROM_SNAPSHOT,
)


def take(world: World, machine: Machine, config: SnapshotConfig, name: str, flags: int) -> Snapshot:
    """Make a snapshot; `config` is completed.

    Raises:
        NotFound: It names a disk that is not there.
        Unsupported: A disk cannot be kept so.
    """
    disk_only = bool(flags & _DISK_ONLY)
    config.name = name
    config.state = "disk-snapshot" if disk_only else STATES[machine.reason.state]
    config.created = datetime.fromtimestamp(int(world.now()), UTC)
    config.parent = machine.snapshot
    kept = machine.config.copy()
    drop_live(kept)
    stored = machine.definition if machine.live is not None else None
    config.inactive = None if stored is None else InactiveDomain.of(stored)
    _memory(world, machine, config, disk_only=disk_only)
    _disks(world, machine, config, name, flags)
    config.domain = kept
    return Snapshot(name, machine.snapshot, config, machine.reason)


def _memory(world: World, machine: Machine, config: SnapshotConfig, *, disk_only: bool) -> None:
    """Say where the memory is kept."""
    memory = config.memory
    if machine.live is None or disk_only:
        memory.snapshot, memory.file = "no", None
        return
    if memory.snapshot is None:
        memory.snapshot = "external" if memory.file else "internal"
    if memory.file:
        world.files.write(memory.file, machine.live.config.to_xml(secure=True).encode())


def _disks(world: World, machine: Machine, config: SnapshotConfig, name: str, flags: int) -> None:
    """Say of each disk how it is kept, and let the domain go on in new images where it must."""
    given = {_target(machine.config, each): each.copy() for each in config.disks}
    usual = "external" if flags & _DISK_ONLY or config.memory.file else "internal"
    all_disks = []
    for disk in machine.config.disks:
        kept = given.get(disk.target.dev or "") or SnapshotDisk(name=disk.target.dev)
        kept.name = disk.target.dev
        if kept.snapshot is None:
            kept.snapshot = "external" if kept.source else _usual(disk, usual)
        if kept.snapshot == "external":
            _name_image(disk, kept, name)
        all_disks.append(kept)
    config.disks = all_disks
    for kept in all_disks:
        if kept.snapshot == "external":
            _move(world, machine, kept, reuse=bool(flags & _REUSE))


def _target(config: DomainConfig, kept: SnapshotDisk) -> str:
    return disk_of(config, kept.name or "").target.dev or ""


def _usual(disk: Disk, usual: str) -> str:
    if source_of(disk) is None or disk.readonly:
        return "no"
    return disk.snapshot or usual


def _name_image(disk: Disk, kept: SnapshotDisk, name: str) -> None:
    kept.type = kept.type or "file"
    kept.format = kept.format or "qcow2"
    if kept.source.file or kept.source.dev or kept.type == "network":
        return
    path = source_of(disk)
    if path is None or not path.startswith("/"):
        raise Unsupported(
            "TEST", f"an external snapshot of disk {disk.target.dev!r} without a path"
        )
    kept.source.file = f"{splitext(path)[0]}.{name}"


def _move(world: World, machine: Machine, kept: SnapshotDisk, *, reuse: bool) -> None:
    """Let a disk go on in a new image over the one that it had."""
    path = kept.source.file or kept.source.dev or kept.source.name or ""
    images = world.room(Images)
    for config in _both(machine):
        disk = disk_of(config, kept.name or "")
        old = source_of(disk)
        if old is not None and not reuse and old != path:
            images.put_over(path, old)
        disk.source = kept.source.copy()
        disk.type, disk.driver.type = kept.type, kept.format


def _both(machine: Machine) -> list[DomainConfig]:
    found = [machine.live.config] if machine.live else []
    return found + ([machine.definition] if machine.definition is not None else [])
