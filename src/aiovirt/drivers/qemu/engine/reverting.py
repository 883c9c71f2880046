"""Bringing a domain back to a snapshot, which its images keep or other ones do."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

import anyio

from aiovirt.config import DomainConfig, SnapshotConfig
from aiovirt.drivers.common.points import is_external
from aiovirt.drivers.qemu.devices import drop_live
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.externals import new_images, on_images, remove_unused
from aiovirt.drivers.qemu.engine.moves import Work, at_work
from aiovirt.drivers.qemu.engine.nodes import find_disk
from aiovirt.drivers.qemu.engine.saving import go_on, restore_in_turn
from aiovirt.drivers.qemu.engine.snapshots import go_back, internal_disks, load_internal
from aiovirt.drivers.qemu.engine.start import Launching, start_in_turn
from aiovirt.drivers.qemu.engine.stop import end, goes_on, halt
from aiovirt.drivers.qemu.store.points import PointStore
from aiovirt.drivers.qemu.store.saved import read_head
from aiovirt.errors import InvalidState, QMPCommandError
from aiovirt.interfaces import refuse_flags
from aiovirt.model.constants import DomainJobOperation
from aiovirt.model.domain import DomainState, StateReason
from aiovirt.model.events import LifecycleDetail
from aiovirt.protocols.qmp.commands import Cont

__all__ = ["revert"]

RUNNING, PAUSED, FORCE = 0x1, 0x2, 0x4
"""Of `DomainSnapshotRevertFlags`."""
_ACTIVE: Final = ("running", "paused")


async def revert(
    engine: Engine,
    domain: ManagedDomain,
    point: SnapshotConfig,
    points: PointStore[SnapshotConfig],
    flags: int,
) -> None:
    """Bring a domain, whose turn the caller has, back to what it was.

    Raises:
        HostError: QEMU or an image cannot.
        InvalidState: That would harm another snapshot, or what it kept is not there any more.
    """
    refuse_flags("QEMU", "revert_to_snapshot", flags, RUNNING | PAUSED | FORCE)
    with_memory = point.state in _ACTIVE
    paused = bool(flags & PAUSED) or (not flags & RUNNING and point.state != "running")
    async with at_work(domain, Work(DomainJobOperation.SNAPSHOT_REVERT)):
        if is_external(point):
            await _revert_external(engine, domain, point, points, flags)
            return
        _check_images(domain, point)
        if with_memory:
            await _revert_memory(engine, domain, point, paused=paused)
        else:
            await _revert_off(engine, domain, point, flags, paused=paused)


async def _revert_memory(
    engine: Engine, domain: ManagedDomain, point: SnapshotConfig, *, paused: bool
) -> None:
    if domain.live is not None and not _same_machine(domain, point):
        await _end_other(engine, domain, point)
    if domain.live is None:
        await _take_definition(engine, domain, point)
        how = Launching(
            _kept(domain, point) or domain.definition,
            paused=paused,
            before_first_step=partial(load_internal, domain, point),
            reason_running=StateReason.RUNNING_FROM_SNAPSHOT,
            reason_paused=StateReason.PAUSED_FROM_SNAPSHOT,
        )
        await start_in_turn(engine, domain, how)
        _tell_started(engine, domain, paused=paused)
        return
    await _load_live(engine, domain, point, paused=paused)


async def _load_live(
    engine: Engine, domain: ManagedDomain, point: SnapshotConfig, *, paused: bool
) -> None:
    """Bring a running machine back: who gives up has it as it was, or as QEMU then loaded it."""
    ran = domain.state is DomainState.RUNNING
    finish = partial(_loaded, engine, domain, point, paused=paused)
    begun, monitor = anyio.Event(), domain.monitor()
    try:
        await halt(domain, StateReason.PAUSED_FROM_SNAPSHOT)
        await load_internal(domain, point, monitor, done_all_the_same=finish, begun=begun)
    except BaseException as error:
        if not begun.is_set() or isinstance(error, QMPCommandError):  # QEMU refused to begin
            with anyio.CancelScope(shield=True):
                await go_on(domain, ran=ran)
        raise
    with anyio.CancelScope(shield=True):
        await finish()


async def _loaded(
    engine: Engine, domain: ManagedDomain, point: SnapshotConfig, *, paused: bool
) -> None:
    """Write down that a machine is back, and let it go on."""
    await _take_definition(engine, domain, point)
    if paused:
        domain.reason = StateReason.PAUSED_FROM_SNAPSHOT
        return
    await domain.monitor().call(Cont())
    await goes_on(domain)
    domain.reason = StateReason.RUNNING_FROM_SNAPSHOT
    engine.tell(domain, LifecycleDetail.RESUMED_FROM_SNAPSHOT)


def _same_machine(domain: ManagedDomain, point: SnapshotConfig) -> bool:
    """Whether the running machine is the one whose memory was kept: QEMU loads no other's."""
    kept = _kept(domain, point)
    if kept is None:
        return True  # its record does not tell
    now = domain.config().copy()
    drop_live(now)
    for config in (kept, now):
        config.title = config.description = config.metadata = None
    return kept.to_xml(secure=True) == now.to_xml(secure=True)


async def _end_other(engine: Engine, domain: ManagedDomain, point: SnapshotConfig) -> None:
    """End a machine that is another than the one that was kept.

    Raises:
        InvalidState: It would be gone then.
    """
    if domain.definition is None:
        raise InvalidState(
            f"domain {domain.name!r} has other devices than in snapshot {point.name!r}, and would "
            "be gone when it is ended",
            hint="define it, or plug the devices in or out",
        )
    await _end(engine, domain)


async def _end(engine: Engine, domain: ManagedDomain) -> None:
    """End QEMU; who gives up finds the domain off, and not about to be."""
    with anyio.CancelScope(shield=True):
        await end(engine, domain, ending=StateReason.SHUTOFF_FROM_SNAPSHOT)


async def _revert_off(
    engine: Engine, domain: ManagedDomain, point: SnapshotConfig, flags: int, *, paused: bool
) -> None:
    """Go back to a moment at which it was off."""
    if domain.live is not None:
        await _end(engine, domain)
    disks = internal_disks(_stored(domain, point) or domain.config(), point)
    # An image that cannot go back leaves those before it back and the definition as it is: what
    # they were can be had no more, and to revert once more goes on from there.
    with anyio.CancelScope(shield=True):
        await go_back(point.name or "", disks)
        await _take_definition(engine, domain, point)
    if flags & (RUNNING | PAUSED):
        await start_in_turn(engine, domain, Launching(domain.definition, paused=paused))
        engine.tell(domain, LifecycleDetail.STARTED_FROM_SNAPSHOT)
    elif domain.state is not DomainState.SHUTOFF:
        domain.reason = StateReason.SHUTOFF_FROM_SNAPSHOT


def _check_images(domain: ManagedDomain, point: SnapshotConfig) -> None:
    """See that the disks are on the images that keep the snapshot inside.

    Raises:
        InvalidState: One is on another, over that: it would not be what it was above it.
    """
    for row in point.disks:
        if row.snapshot != "internal" or not point.domain:
            continue
        kept = find_disk(point.domain, row.name or "").path
        now = {disk.target.dev: disk.path for disk in domain.config().disks}
        if now.get(row.name, kept) != kept:
            raise InvalidState(
                f"snapshot {point.name!r} is inside of {kept}, and disk {row.name} is on "
                f"{now[row.name]} now: others may be made over that",
                hint="delete the external snapshots that were taken since",
            )


async def _revert_external(
    engine: Engine,
    domain: ManagedDomain,
    point: SnapshotConfig,
    points: PointStore[SnapshotConfig],
    flags: int,
) -> None:
    """Go on over the images that a snapshot kept, with the memory if that is in a file."""
    memory = point.memory.file if point.memory.snapshot == "external" else None
    if memory is not None:
        await anyio.to_thread.run_sync(read_head, Path(memory))
    overlays = await new_images(domain, point, points)
    kept = on_images(_named(domain, point.domain.copy()), overlays)
    stored = kept
    if point.inactive:
        stored = on_images(_named(domain, point.inactive.plain()), overlays)
    with anyio.CancelScope(shield=True):
        if domain.live is not None:
            await _end(engine, domain)
        await _define(engine, domain, stored)
    await remove_unused(domain, points)
    if memory is not None:
        wanted = bool(flags & PAUSED) or (not flags & RUNNING and point.state != "running")
        await restore_in_turn(engine, domain, Path(memory), config=kept, paused=wanted)
        _tell_started(engine, domain, paused=wanted)
    elif flags & (RUNNING | PAUSED):
        paused = bool(flags & PAUSED)
        await start_in_turn(engine, domain, Launching(kept, paused=paused))
        _tell_started(engine, domain, paused=paused)


def _tell_started(engine: Engine, domain: ManagedDomain, *, paused: bool) -> None:
    domain.reason = (
        StateReason.PAUSED_FROM_SNAPSHOT if paused else StateReason.RUNNING_FROM_SNAPSHOT
    )
    engine.tell(domain, LifecycleDetail.STARTED_FROM_SNAPSHOT)
    if paused:
        engine.tell(domain, LifecycleDetail.SUSPENDED_FROM_SNAPSHOT)


async def _define(engine: Engine, domain: ManagedDomain, config: DomainConfig) -> None:
    if domain.definition is None:
        return
    async with engine.defining:
        await engine.root.save_definition(config)
        domain.definition = config


async def _take_definition(engine: Engine, domain: ManagedDomain, point: SnapshotConfig) -> None:
    """Make what was stored when the snapshot was taken the definition again."""
    config = _stored(domain, point)
    if config is not None:
        await _define(engine, domain, config)


def _stored(domain: ManagedDomain, point: SnapshotConfig) -> DomainConfig | None:
    """What was stored when the snapshot was taken, if its record tells."""
    return _named(domain, point.inactive.plain()) if point.inactive else _kept(domain, point)


def _kept(domain: ManagedDomain, point: SnapshotConfig) -> DomainConfig | None:
    """How the domain was when the snapshot was taken, if it tells."""
    return _named(domain, point.domain.copy()) if point.domain else None


def _named(domain: ManagedDomain, config: DomainConfig) -> DomainConfig:
    """The configuration under the name that the domain has now."""
    config.name = domain.name
    return config
