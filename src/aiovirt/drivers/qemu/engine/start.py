"""Starting a domain: everything made on the way is unmade if the start fails or is cancelled."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import anyio
from anyio import to_thread

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.engine.channels import close_all
from aiovirt.drivers.qemu.engine.connect import learn_terminals
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.explain import explain, lost_ports
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor, QemuEnded
from aiovirt.drivers.qemu.engine.pins import apply_to_threads
from aiovirt.drivers.qemu.engine.prepare import Launch, prepare
from aiovirt.drivers.qemu.engine.supervisor import Supervisor
from aiovirt.drivers.qemu.engine.vcpus import plug_enabled
from aiovirt.drivers.qemu.process.devices import STAGE
from aiovirt.drivers.qemu.process.helpers import last_words
from aiovirt.drivers.qemu.store.log import DomainLog
from aiovirt.drivers.qemu.store.settings import KILL_WAIT_S
from aiovirt.drivers.qemu.store.status import Status, text_of, write_status
from aiovirt.errors import (
    ConnectionLost,
    InvalidState,
    NotFound,
    ProtocolError,
    QMPCommandError,
    RemoteError,
    ResourceUnavailable,
    Unresponsive,
    XMLError,
)
from aiovirt.host.namespaces import make_dev
from aiovirt.host.undo import undo_on_failure
from aiovirt.model.domain import StateReason
from aiovirt.model.events import LifecycleDetail
from aiovirt.processes import Stdio, start_daemon
from aiovirt.protocols.qmp.commands import Cont

__all__ = ["PORT_TRIES", "Launching", "start", "start_in_turn"]

PORT_TRIES = 8
"""How often a start is tried for which other programs take the chosen ports first."""

_QEMU_ERRORS = (ConnectionLost, ProtocolError, QemuEnded, RemoteError, Unresponsive)


@dataclass(frozen=True)
class Launching:
    """How a domain is started.

    Attributes:
        config: What is started; None if there is nothing.
        paused: Whether it stands still before its first step.
        before_first_step: What brings its memory in; None lets it boot.
        incoming: Whether QEMU is to wait for that memory.
        reason_running: The state that it is in then.
        reason_paused: The same of one that stands still.
    """

    config: DomainConfig | None
    paused: bool = False
    before_first_step: Callable[[BoundedMonitor], Awaitable[None]] | None = None
    incoming: bool = False
    reason_running: StateReason = StateReason.RUNNING_BOOTED
    reason_paused: StateReason = StateReason.PAUSED_USER


@contextmanager
def _naming_document(name: str) -> Iterator[None]:
    """A block whose lines are those of the stored definition, not of what the user once gave."""
    try:
        yield
    except XMLError as error:
        raise error.within(f"the definition of {name!r}") from error


async def start(
    engine: Engine, domain: ManagedDomain, *, paused: bool, config: DomainConfig | None = None
) -> None:
    """Boot a domain; see `aiovirt.interfaces.Lifecycle.start`.

    Args:
        engine: The driver.
        domain: Which domain.
        paused: Let it stand still before its first step.
        config: What is started in place of the definition.
    """
    async with domain.changes:
        await start_in_turn(engine, domain, Launching(config or domain.definition, paused=paused))
    engine.tell(domain, LifecycleDetail.STARTED_BOOTED)
    if paused:
        engine.tell(domain, LifecycleDetail.SUSPENDED_PAUSED)


async def start_in_turn(engine: Engine, domain: ManagedDomain, how: Launching) -> None:
    """Start a domain whose turn the caller has, and tell nobody yet; errors as `start`."""
    if domain.live is not None:
        raise InvalidState(
            f"domain {domain.name!r} is running already", hint="reboot or reset begins it anew"
        )
    if how.config is None:
        raise NotFound(f"there is no domain {domain.name!r} any more")
    await _try_ports(engine, domain, how.config, how)


async def _try_ports(
    engine: Engine, domain: ManagedDomain, definition: DomainConfig, how: Launching
) -> None:
    """Start it; anew, with other ports, when other programs took those that were chosen."""
    lost: set[int] = set()
    for tries in range(1, PORT_TRIES + 1):
        before = len(lost)
        try:
            await _try(engine, domain, definition, lost, how)
        except ResourceUnavailable:
            if len(lost) == before or tries == PORT_TRIES:
                raise
        else:
            return


async def _try(
    engine: Engine,
    domain: ManagedDomain,
    definition: DomainConfig,
    lost: set[int],
    how: Launching,
) -> None:
    """Start it once. A failure unmakes all, and notes in `lost` the chosen ports others took."""
    log = DomainLog(engine.root.log(domain.name))
    times = [time.perf_counter()]
    async with undo_on_failure() as undo:
        with _naming_document(domain.name):
            launch = await prepare(engine, definition, undo, lost, incoming=how.incoming)
        times.append(time.perf_counter())
        live, said_from = await _spawn(launch, log)
        times.append(time.perf_counter())
        undo.push_async_callback(_abandon, domain, live)
        domain.live = live
        try:
            await _boot(engine, domain, live, launch, how)
        except _QEMU_ERRORS as error:
            helper = await last_words(launch.folder)
            said = helper or log.since(said_from)
            lost.update(lost_ports(launch.config, said))
            if isinstance(error, QMPCommandError) and not helper:
                said = error.description
            raise explain(launch.config, said, error) from error
    engine.ports.difference_update(launch.ports)
    log.note(f"started id {launch.id}, pid {live.process.pid}: {_durations(times)}")


def _durations(times: list[float]) -> str:
    """How long the parts of a start took that has just succeeded."""
    moments = [*times, time.perf_counter()]
    spans = [1000 * (end - begin) for begin, end in pairwise(moments)]
    return ", ".join(f"{part} {span:.0f} ms" for part, span in zip(_PARTS, spans, strict=True))


_PARTS = ("prepared in", "executed in", "answered and set up in")


async def _spawn(launch: Launch, log: DomainLog) -> tuple[LiveDomain, int]:
    """Execute QEMU; returns it, and the offset in the log where its words begin.

    QEMU's process waits before its exec until its status is on disk. So there is no moment in
    which it runs and a later process could not know of it; and if we die, it is not executed.
    """
    started_at = time.time()
    status = Status("starting", launch.id, text_of(launch.config), started_at)

    async def ready(pid: int) -> None:
        await write_status(launch.folder, status)
        if launch.devices is not None:
            stage = launch.folder / STAGE
            await to_thread.run_sync(make_dev, pid, stage, launch.devices, launch.owner)

    handle, said_from = log.open(f"starting id {launch.id}: {launch.command.render()}")
    try:
        process = await start_daemon(
            launch.command, stdout=handle, stderr=Stdio.STDOUT, handshake=ready
        )
    finally:
        os.close(handle)
        launch.close_descriptors()
    live = LiveDomain(
        launch.id,
        launch.config,
        launch.folder,
        process,
        started_at,
        group=launch.group,
        profile=launch.profile,
    )
    return live, said_from


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
    engine: Engine, domain: ManagedDomain, live: LiveDomain, launch: Launch, how: Launching
) -> None:
    """Connect to the monitor, learn what QEMU chose, and let the guest go."""
    supervisor = Supervisor(engine, domain, live)
    await engine.tasks.start(supervisor.start, launch.connection)
    monitor = supervisor.monitor()
    for command, arguments in launch.after:
        await monitor.execute(command, arguments)
    await plug_enabled(monitor, live.config)
    await learn_terminals(monitor, live.config)
    close_all(live.config)
    domain.touched()
    supervisor.open_consoles()
    await apply_to_threads(monitor, live)
    if how.before_first_step is not None:
        await how.before_first_step(monitor)
    domain.reason = how.reason_paused if how.paused else how.reason_running
    if not how.paused:
        await monitor.call(Cont())
    await engine.save_status(domain, live)
    if live.ended.is_set():
        raise ConnectionLost("QEMU ended as soon as it was started", maybe_done=True)
    live.booted = True
    supervisor.part_threads()
