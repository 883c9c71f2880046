"""Work on a guest that an earlier process was killed amid: it is ended, or taken back.

A monitor that is reached anew leads here too: what this process itself is at is left alone.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from anyio import to_thread

from aiovirt.config import DomainConfig, SnapshotConfig
from aiovirt.drivers.qemu.engine.blockjobs import live_links
from aiovirt.drivers.qemu.engine.chains import mirror_links
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.graph import ask_graph
from aiovirt.drivers.qemu.engine.moves import stop_sending
from aiovirt.drivers.qemu.engine.nodes import find_disk
from aiovirt.drivers.qemu.engine.overlays import Overlay, remove_files, write_down
from aiovirt.drivers.qemu.engine.snapshots import drop_internal
from aiovirt.drivers.qemu.engine.stop import end
from aiovirt.drivers.qemu.engine.worknotes import WorkNote, forget_work, read_work
from aiovirt.drivers.qemu.store.points import PointStore
from aiovirt.errors import AiovirtError, NotFound
from aiovirt.host.files import host_error
from aiovirt.model.domain import DomainState, StateReason
from aiovirt.protocols.qmp.commands import Cont

__all__ = ["take_back_work", "take_up_work"]

log = logging.getLogger("aiovirt.qemu")


async def take_up_work(engine: Engine, domain: ManagedDomain, live: LiveDomain) -> WorkNote | None:
    """Learn where the disks are after work that broke off; gives what is to be taken back of it.

    Raises:
        AiovirtError: QEMU does not answer, or the disk is full.
    """
    note = await read_work(live)
    if note is None:
        return None
    graph = await ask_graph(domain.monitor())
    overlays: list[Overlay] = []
    for each in note.images:
        with suppress(NotFound):  # such a disk was pulled out
            alias = find_disk(live.config, each.target).alias or ""
            if each.number in graph.chain(alias):
                overlays.append(Overlay(each.target, each.path, each.kind, each.number, each.type))
    await write_down(engine, domain, live, overlays)
    return note


async def take_back_work(
    engine: Engine, domain: ManagedDomain, live: LiveDomain, note: WorkNote
) -> None:
    """Take back what was not finished, and let the guest go on, or end as it was to."""
    try:
        async with domain.changes:
            if domain.live is not live or await read_work(live) != note:
                return  # it was this process's own, and has come to its end meanwhile
            log.warning("domain %s: what an earlier process was at is cleared away", domain.name)
            await _take_back(engine, domain, live, note)
            forget_work(live)
    except AiovirtError as error:
        log.warning("domain %s: %s", domain.name, error)


async def _take_back(
    engine: Engine, domain: ManagedDomain, live: LiveDomain, note: WorkNote
) -> None:
    await stop_sending(domain.monitor())
    if note.commits is not None and await to_thread.run_sync(_is_gone, note.commits):
        await end(engine, domain, ending=StateReason.SHUTOFF_SAVED)
        return
    if note.snapshot is None or note.snapshot not in _snapshots(engine, domain):
        if note.snapshot is not None and note.inside:
            await drop_internal(domain, note.snapshot)
        await remove_files(await to_thread.run_sync(_unused, live.config, note.files))
    if note.ran and domain.state is not DomainState.RUNNING:
        with suppress(AiovirtError):  # one that is still being dumped goes on by itself
            await domain.monitor().call(Cont())


def _snapshots(engine: Engine, domain: ManagedDomain) -> PointStore[SnapshotConfig]:
    if domain.snapshots is None:
        folder = engine.root.points("snapshots", domain.key.uuid)
        domain.snapshots = PointStore(folder, SnapshotConfig)
    return domain.snapshots


def _unused(config: DomainConfig, files: Sequence[str]) -> list[str]:
    """Those of the files that no disk is on, or is copied to, by whatever path."""
    used = {
        os.path.realpath(link.path)
        for disk in config.disks
        for link in (*live_links(config, disk), *mirror_links(disk))
        if link.path
    }
    return [path for path in files if os.path.realpath(path) not in used]


def _is_gone(path: str) -> bool:
    """Whether a file is there no more.

    Raises:
        HostError: Its storage does not tell.
    """
    try:
        Path(path).lstat()
    except FileNotFoundError:
        return True
    except OSError as error:
        raise host_error(error, f"cannot look at {path}") from error
    return False
