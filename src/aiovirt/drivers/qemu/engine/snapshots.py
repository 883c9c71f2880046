"""Making snapshots inside of images, going back to them, and deleting them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final, TypeAlias

import anyio
import anyio.lowlevel

from aiovirt.config import Disk, DomainConfig, SnapshotConfig
from aiovirt.drivers.qemu.engine.blockjobs import own_node
from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.drivers.qemu.engine.images import qemu_img
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.nodes import find_disk
from aiovirt.drivers.qemu.engine.qemujobs import run_job
from aiovirt.drivers.qemu.engine.stop import gone_on
from aiovirt.drivers.qemu.engine.transient import refuse_transient
from aiovirt.errors import ConfigError, InvalidState
from aiovirt.model.domain import DomainState, StateReason

__all__ = [
    "check_idle",
    "delete_internal",
    "drop_internal",
    "go_back",
    "internal",
    "internal_disks",
    "load_internal",
    "snapshot_disks",
    "wants_external",
]

_EXTERNAL: Final = "external"

Then: TypeAlias = Callable[[], Awaitable[object]]


def wants_external(config: SnapshotConfig, *, disk_only: bool) -> bool:
    """Whether a snapshot is to be outside of the images."""
    disks = [disk for disk in config.disks if disk.snapshot != "no"]
    return (
        disk_only
        or config.memory.snapshot == _EXTERNAL
        or any(disk.snapshot == _EXTERNAL or disk.source for disk in disks)
    )


def snapshot_disks(config: DomainConfig) -> list[Disk]:
    """The disks that a snapshot is of, unless it says otherwise."""
    return [
        disk
        for disk in config.disks
        if disk.path is not None and not disk.readonly and disk.device in {None, "disk", "lun"}
    ]


# --- inside of the images -------------------------------------------------------------------------


def internal_disks(config: DomainConfig, snapshot: SnapshotConfig) -> list[Disk]:
    """The disks whose images keep the snapshot themselves.

    Raises:
        ConfigError: One of them cannot, or there is none.
    """
    refuse_transient(config, "no snapshot can be made of it")
    left = {disk.name for disk in snapshot.disks if disk.snapshot in {"no", "manual"}}
    disks = [d for d in snapshot_disks(config) if d.target.dev not in left and d.path not in left]
    for disk in disks:
        if disk.driver.type != "qcow2":
            raise ConfigError(
                f"disk {disk.target.dev} cannot keep a snapshot: its format is {disk.driver.type}",
                field="disk/driver",
                hint="only qcow2 can; make one of the disks alone (--disk-only)",
            )
    if not disks:
        raise ConfigError("the domain has no disk that keeps a snapshot", field="disks")
    return disks


async def internal(domain: ManagedDomain, name: str, disks: Sequence[Disk]) -> None:
    """Have the images keep a snapshot, of a running domain with its memory.

    Raises:
        HostError: One cannot; none then does.

    Cancellation: none does, as soon as QEMU has come to its end; the guest goes on then.
    """
    live = domain.live
    if live is None:
        await _keep_all(name, disks)
        return
    monitor = domain.monitor()
    nodes = [own_node(live.config, disk) for disk in disks]
    ran = domain.state is DomainState.RUNNING
    if ran:
        live.pause = StateReason.PAUSED_SNAPSHOT
    arguments = {"tag": name, "vmstate": nodes[0], "devices": nodes}
    try:
        await run_job(
            monitor,
            "snapshot-save",
            f"save-{_plain(name)}",
            arguments,
            done_all_the_same=partial(_delete_from, monitor, name, nodes),
        )
    finally:
        await gone_on(domain, ran=ran)


async def _delete_from(
    monitor: BoundedMonitor, name: str, nodes: Sequence[str], then: Then | None = None
) -> None:
    arguments = {"tag": name, "devices": nodes}
    await run_job(
        monitor, "snapshot-delete", f"delete-{_plain(name)}", arguments, done_all_the_same=then
    )


async def drop_internal(domain: ManagedDomain, name: str) -> None:
    """Have the images of a running domain forget a snapshot that was not finished.

    Raises:
        HostError: QEMU cannot.
    """
    config, monitor = domain.config(), domain.monitor()
    disks = [disk for disk in snapshot_disks(config) if disk.driver.type == "qcow2"]
    nodes = [own_node(config, disk) for disk in disks]
    await _delete_from(monitor, name, nodes)


async def _keep_all(name: str, disks: Sequence[Disk]) -> None:
    done: list[Disk] = []
    try:
        for disk in disks:
            await _on_image("-c", name, disk)
            done.append(disk)
            await anyio.lowlevel.checkpoint_if_cancelled()
    except BaseException:
        for disk in done:
            await _on_image("-d", name, disk)
        raise


async def _on_image(what: str, name: str, disk: Disk) -> None:
    """Change an image's own list of snapshots: whole, since nobody takes half of it back."""
    with anyio.CancelScope(shield=True):
        await qemu_img("snapshot", what, name, disk.path or "")


def _plain(name: str) -> str:
    """A name as it may stand in the id of a job."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


async def load_internal(
    domain: ManagedDomain,
    point: SnapshotConfig,
    monitor: BoundedMonitor,
    *,
    done_all_the_same: Then | None = None,
    begun: anyio.Event | None = None,
) -> None:
    """Bring memory and disks of a running QEMU back to a snapshot; it stands still then.

    Args:
        domain: Which domain.
        point: The snapshot.
        monitor: QEMU's.
        done_all_the_same: Called when that is done though its caller has given up.
        begun: Set when it can be taken back no more.

    Raises:
        HostError: QEMU cannot.
    """
    config, name = domain.config(), point.name or ""
    disks = internal_disks(config, point)
    nodes = [own_node(config, disk) for disk in disks]
    arguments = {"tag": name, "vmstate": nodes[0], "devices": nodes}
    await run_job(
        monitor,
        "snapshot-load",
        f"load-{_plain(name)}",
        arguments,
        done_all_the_same=done_all_the_same,
        begun=begun,
    )


async def go_back(name: str, disks: Iterable[Disk]) -> None:
    """Bring the images of a domain that is off back to a snapshot."""
    for disk in disks:
        await _on_image("-a", name, disk)


async def delete_internal(domain: ManagedDomain, point: SnapshotConfig, then: Then) -> None:
    """Have the images forget a snapshot; one that has none is no error.

    Args:
        domain: Which domain.
        point: The snapshot.
        then: What follows as soon as they have, also when that was given up meanwhile.

    Raises:
        InvalidState: The domain runs, and is on images over those that have it.

    Cancellation: all have it, or none.
    """
    name, disks = point.name or "", list(_keepers(domain, point))
    here = {} if domain.live is None else {each.target.dev: each for each in domain.config().disks}
    others = [disk for disk in disks if disk.target.dev not in here]
    kept = [disk for disk in others if name in await _kept(disk.path or "")]

    async def finish() -> None:
        """Go to the end: an image that has forgotten it cannot have it back."""
        for disk in kept:
            await _on_image("-d", name, disk)
        await then()

    plugged = [disk for disk in disks if disk.target.dev in here]
    if plugged:
        nodes = [_node(domain, name, disk, here[disk.target.dev]) for disk in plugged]
        await _delete_from(domain.monitor(), name, nodes, finish)
    with anyio.CancelScope(shield=True):
        await finish()


def _node(domain: ManagedDomain, name: str, disk: Disk, current: Disk) -> str:
    """The block node of an image that keeps a snapshot, of a running domain."""
    if current.path != disk.path:
        raise InvalidState(
            f"snapshot {name!r} is inside of {disk.path}, and the running domain is on an image "
            "over that",
            hint="shut the domain down, or delete the external snapshots since then",
        )
    return own_node(domain.config(), current)


def _keepers(domain: ManagedDomain, point: SnapshotConfig) -> Iterator[Disk]:
    """The disks whose images keep a snapshot, as its record tells; else those that can."""
    for row in point.disks if point.domain else ():
        if row.snapshot == "internal":
            yield find_disk(point.domain, row.name or "")
    if not point.domain or not point.disks:
        yield from (d for d in snapshot_disks(domain.config()) if d.driver.type == "qcow2")


async def _kept(path: str) -> set[str]:
    """The names of the snapshots in an image: the second column of the list."""
    said = (await qemu_img("snapshot", "-l", "-U", path)).decode(errors="replace")
    rows = [line.split() for line in said.splitlines()]
    return {row[1] for row in rows if len(row) > 1 and row[0].isdecimal()}


def check_idle(domain: ManagedDomain) -> None:
    """See that no other long work is done for the domain.

    Raises:
        InvalidState: There is.
    """
    if domain.job is not None:
        raise InvalidState(f"domain {domain.name!r} is at another job")
