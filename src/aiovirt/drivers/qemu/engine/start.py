"""Starting a domain: everything made on the way is unmade if the start fails or is cancelled."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import anyio

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.engine.connect import learn_terminals
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.explain import explain, lost_ports
from aiovirt.drivers.qemu.engine.prepare import Launch, prepare
from aiovirt.drivers.qemu.engine.supervisor import Supervisor
from aiovirt.drivers.qemu.store.log import DomainLog
from aiovirt.drivers.qemu.store.settings import KILL_WAIT_S
from aiovirt.drivers.qemu.store.status import Status, write_status
from aiovirt.errors import (
    ConnectionLost,
    InvalidState,
    NotFound,
    ProtocolError,
    RemoteError,
    ResourceUnavailable,
    Unresponsive,
    XMLError,
)
from aiovirt.host.undo import undo_on_failure
from aiovirt.model.domain import StateReason
from aiovirt.model.events import LifecycleDetail
from aiovirt.processes import Stdio, start_daemon
from aiovirt.protocols.qmp.commands import Cont

__all__ = ["PORT_TRIES", "start"]

PORT_TRIES = 8
"""How often a start is tried for which other programs take the chosen ports first."""

_QEMU_ERRORS = (ConnectionLost, ProtocolError, RemoteError, Unresponsive)


@contextmanager
def _naming_document(name: str) -> Iterator[None]:
    """A block whose lines are those of the stored definition, not of what the user once gave."""
    try:
        yield
    except XMLError as error:
        raise error.within(f"the definition of {name!r}") from error


async def start(engine: Engine, domain: ManagedDomain, *, paused: bool) -> None:
    """Start a domain; see `aiovirt.interfaces.Lifecycle.start`."""
    async with domain.changes:
        if domain.live is not None:
            raise InvalidState(
                f"domain {domain.name!r} is running already", hint="reboot or reset begins it anew"
            )
        if domain.definition is None:
            raise NotFound(f"there is no domain {domain.name!r} any more")
        await _try_ports(engine, domain, domain.definition, paused=paused)
    engine.tell(domain, LifecycleDetail.STARTED_BOOTED)
    if paused:
        engine.tell(domain, LifecycleDetail.SUSPENDED_PAUSED)


async def _try_ports(
    engine: Engine, domain: ManagedDomain, definition: DomainConfig, *, paused: bool
) -> None:
    """Start it; anew, with other ports, when other programs took those that were chosen."""
    lost: set[int] = set()
    for tries in range(1, PORT_TRIES + 1):
        before = len(lost)
        try:
            await _try(engine, domain, definition, lost, paused=paused)
        except ResourceUnavailable:
            if len(lost) == before or tries == PORT_TRIES:
                raise
        else:
            return


async def _try(
    engine: Engine, domain: ManagedDomain, definition: DomainConfig, lost: set[int], *, paused: bool
) -> None:
    """Start it once. A failure unmakes all, and notes in `lost` the chosen ports others took."""
    log = DomainLog(engine.root.log(domain.name))
    async with undo_on_failure() as undo:
        with _naming_document(domain.name):
            launch = await prepare(engine, definition, undo, lost)
        live, said_from = await _spawn(launch, log)
        undo.push_async_callback(_abandon, domain, live)
        domain.live = live
        try:
            await _boot(engine, domain, live, launch, paused=paused)
        except _QEMU_ERRORS as error:
            said = log.since(said_from)
            lost.update(lost_ports(launch.config, said))
            raise explain(launch.config, said, error) from error
    engine.ports.difference_update(launch.ports)


async def _spawn(launch: Launch, log: DomainLog) -> tuple[LiveDomain, int]:
    """Execute QEMU; returns it, and the offset in the log where its words begin.

    QEMU's process waits before its exec until its status is on disk. So there is no moment in
    which it runs and a later process could not know of it; and if we die, it is not executed.
    """
    started_at = time.time()
    status = Status("starting", launch.id, launch.config.to_xml(secure=True), started_at)

    async def ready(_pid: int) -> None:
        await write_status(launch.folder, status)

    handle, said_from = log.open(f"starting id {launch.id}: {launch.command.render()}")
    try:
        process = await start_daemon(
            launch.command, stdout=handle, stderr=Stdio.STDOUT, handshake=ready
        )
    finally:
        os.close(handle)
        launch.close_descriptors()
    return LiveDomain(launch.id, launch.config, launch.folder, process, started_at), said_from


async def _abandon(domain: ManagedDomain, live: LiveDomain) -> None:
    """Undo a start from the moment QEMU was executed."""
    live.process.send_signal(signal.SIGKILL)
    with anyio.move_on_after(KILL_WAIT_S):
        await live.process.wait_exit()
        if live.supervised:
            await live.ended.wait()
    await live.process.aclose()
    domain.live = None
    domain.reason = StateReason.SHUTOFF_FAILED


async def _boot(
    engine: Engine, domain: ManagedDomain, live: LiveDomain, launch: Launch, *, paused: bool
) -> None:
    """Connect to the monitor, learn what QEMU chose, and let the guest go."""
    supervisor = Supervisor(engine, domain, live)
    await engine.tasks.start(supervisor.start, launch.connection)
    monitor = supervisor.monitor()
    for command, arguments in launch.after:
        await monitor.execute(command, arguments)
    await learn_terminals(monitor, live.config)
    supervisor.open_consoles()
    domain.reason = StateReason.PAUSED_USER if paused else StateReason.RUNNING_BOOTED
    if not paused:
        await monitor.call(Cont())
    await engine.save_status(domain, live)
    if live.ended.is_set():
        raise ConnectionLost("QEMU ended as soon as it was started", maybe_done=True)
    live.booted = True
