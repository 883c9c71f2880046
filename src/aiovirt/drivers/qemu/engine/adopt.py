"""Taking over the domains that an earlier process of this root left running.

QEMU's pidfile is locked by QEMU itself for as long as it lives, so the kernel, not a file, tells
which process is a domain's.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import anyio

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.supervisor import CRASHED, Supervisor
from aiovirt.drivers.qemu.store.root import remove_run_folder
from aiovirt.drivers.qemu.store.status import PIDFILE, Status, read_status
from aiovirt.errors import AiovirtError, ConfigError, NotFound, ProtocolError
from aiovirt.model.domain import DomainKey, StateReason
from aiovirt.processes import DaemonProcess, adopt_pidfile

__all__ = ["adopt_all"]

log = logging.getLogger("aiovirt.qemu")

_ADOPT_BOUND_S = 1.0
"""How long opening the driver waits for one adopted QEMU to answer; it goes on trying after."""


async def adopt_all(engine: Engine) -> None:
    """Adopt each running guest of the root, and tell of those that died meanwhile.

    Returns when each guest answers, or is marked as one that does not.
    """
    async with anyio.create_task_group() as tasks:
        for folder in engine.root.run_folders():
            tasks.start_soon(_adopt_or_leave, engine, folder)


async def _adopt_or_leave(engine: Engine, folder: Path) -> None:
    """Adopt what runs in a folder; one that cannot be keeps nobody from the others."""
    try:
        await _adopt_one(engine, folder)
    except (AiovirtError, OSError) as error:
        log.warning("what runs in %s is not adopted: %s", folder, error)


async def _adopt_one(engine: Engine, folder: Path) -> None:
    """Adopt what runs in a folder, or clean it away."""
    process = adopt_pidfile(folder / PIDFILE)
    try:
        status = read_status(folder)
        config = DomainConfig.parse(status.xml) if status else None
    except (ProtocolError, ConfigError) as error:
        log.warning("%s: %s", folder, error)
        status = config = None
    domain = _domain(engine, folder, status, config)
    if process is None:
        remove_run_folder(folder)
        if domain is not None and status is not None and status.phase == "running":
            _died(engine, domain)
        return
    if domain is None or config is None or status is None or status.phase == "starting":
        log.warning("%s: ending the QEMU of an unfinished start (pid %d)", folder, process.pid)
        await process.terminate(grace_s=0)
        await process.aclose()
        remove_run_folder(folder)
        return
    await _take_over(engine, domain, status, config, process)


def _domain(
    engine: Engine, folder: Path, status: Status | None, config: DomainConfig | None
) -> ManagedDomain | None:
    """The domain of a folder; a transient one is made anew from its status."""
    with suppress(NotFound, ValueError):
        return engine.registry.by_uuid(UUID(folder.name))
    if status is None or config is None or config.uuid is None or status.phase == "starting":
        return None
    domain = ManagedDomain(DomainKey(config.uuid, config.name or ""), None)
    engine.registry.add(domain)
    return domain


def _died(engine: Engine, domain: ManagedDomain) -> None:
    """Tell of a domain that ended while nobody watched."""
    reason, detail = CRASHED
    domain.reason = reason
    if domain.definition is None:
        engine.registry.remove(domain)
    engine.tell(domain, detail, synthetic=True)


async def _take_over(
    engine: Engine,
    domain: ManagedDomain,
    status: Status,
    config: DomainConfig,
    process: DaemonProcess,
) -> None:
    """Follow a running QEMU as if we had started it."""
    live = LiveDomain(
        id=status.id,
        config=config,
        folder=engine.root.run_folder(domain.key.uuid),
        process=process,
        started_at=status.started_at,
        rebooting=status.rebooting,
        booted=True,
    )
    domain.live = live
    domain.reason = getattr(StateReason, status.reason, StateReason.RUNNING_UNKNOWN)
    engine.registry.keep_id(status.id)
    supervisor = Supervisor(engine, domain, live)
    engine.tasks.start_soon(supervisor.adopt)
    await supervisor.connected(_ADOPT_BOUND_S)
