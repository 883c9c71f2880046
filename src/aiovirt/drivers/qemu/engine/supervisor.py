"""One task per running domain: it follows QEMU's events and its end, and cleans up after it.

A supervisor lives as long as its QEMU or the driver, whichever ends first. When the driver is
closed it lets go of QEMU, which goes on running.
"""

from __future__ import annotations

import logging
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import anyio
from anyio.abc import TaskGroup, TaskStatus

from aiovirt._tasks import open_task_group
from aiovirt.clients.qmp import Event, connect_qmp
from aiovirt.drivers.qemu.engine.aftermath import AFTERMATH
from aiovirt.drivers.qemu.engine.autodumps import AFTER_DUMP, dump_crashed
from aiovirt.drivers.qemu.engine.channels import missed_changes
from aiovirt.drivers.qemu.engine.connect import learn_terminals, open_consoles
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.domain import ENDINGS, FollowUp, LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.jobrelics import catch_up_jobs
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.perf import start_counting
from aiovirt.drivers.qemu.engine.pins import part_threads
from aiovirt.drivers.qemu.engine.translate import (
    MISSED,
    STATES,
    Happening,
    note_follow_up,
    translate,
)
from aiovirt.drivers.qemu.process.beside import chip_states
from aiovirt.drivers.qemu.process.swtpm import forget_chips
from aiovirt.drivers.qemu.process.undo import clear_away
from aiovirt.drivers.qemu.store.settings import KILL_GRACE_S, START_BOUND_S
from aiovirt.drivers.qemu.store.status import MONITOR_SOCKET
from aiovirt.errors import AiovirtError, ConnectionLost, HostError, Unresponsive
from aiovirt.host.sockets import connect_unix
from aiovirt.model.domain import Control, ControlState, DomainState, StateReason
from aiovirt.model.events import ControlEvent, LifecycleDetail, MonitorEvent
from aiovirt.protocols.qmp.commands import QueryStatus

__all__ = ["Supervisor", "unannounced"]

log = logging.getLogger("aiovirt.qemu")

_DRAIN_BOUND_S = 1.0
"""How long events that QEMU sent before its end may take to be read after it."""

_RECONNECT_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""The pauses between attempts to reach the monitor of a QEMU that lives; the last repeats."""

_CRASHED = (StateReason.SHUTOFF_CRASHED, LifecycleDetail.STOPPED_FAILED)
"""What an end was that nobody announced: as libvirt, a crash."""


class Supervisor:
    """Follows one running domain. `start` and `adopt` are the two ways to begin."""

    def __init__(self, engine: Engine, domain: ManagedDomain, live: LiveDomain) -> None:
        self._engine = engine
        self._domain = domain
        self._live = live
        self._exited = False
        self._drained = anyio.Event()
        self._answered = False
        self._first = anyio.Event()
        self._tasks: TaskGroup | None = None

    def monitor(self) -> BoundedMonitor:
        """The monitor.

        Raises:
            ConnectionLost: It is not connected, or not any more.
        """
        if self._live.monitor is None:
            raise ConnectionLost(
                f"the monitor of domain {self._domain.name!r} is closed", maybe_done=True
            )
        return self._live.monitor

    def open_consoles(self) -> None:
        """Open the domain's consoles; they are read until it ends.

        Raises:
            HostError: A terminal cannot be opened.
        """
        if self._tasks is not None:
            open_consoles(self._domain, self._live, self._tasks)

    def part_threads(self) -> None:
        """Have QEMU's threads put into their groups, beside what is done next: that can wait."""
        if self._tasks is not None and self._live.monitor is not None:
            self._tasks.start_soon(part_threads, self._live)

    @asynccontextmanager
    async def _watching(self) -> AsyncIterator[None]:
        """The tasks of this supervisor; they end with QEMU."""
        self._live.supervised = True
        start_counting(self._live)
        try:
            async with open_task_group() as tasks:
                self._tasks = tasks
                tasks.start_soon(self._until_exit, tasks)
                yield
        finally:
            await self._let_go()

    async def start(
        self,
        connection: socket.socket,
        *,
        task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        """Follow a QEMU that is just being started; started when its monitor answers.

        Raises:
            AiovirtError: Before it is started: QEMU ended, or does not speak QMP.
        """
        async with self._watching():
            await self._follow_first(connection, task_status)
            await anyio.sleep(_RECONNECT_S[0])  # mostly its process ends now, which ends this
            await self._reconnect()
        if not self._answered:  # its end was seen before that of its monitor
            raise ConnectionLost(
                f"QEMU of domain {self._domain.name!r} ended before its monitor answered",
                maybe_done=True,
            )

    async def adopt(self) -> None:
        """Follow a QEMU that an earlier process started; `connected` tells when it answers."""
        async with self._watching():
            try:
                self.open_consoles()
            except HostError as error:
                log.warning("consoles of domain %s: %s", self._domain.name, error)
            await self._reconnect()

    async def connected(self, bound_s: float) -> bool:
        """Wait for the monitor's first answer, or QEMU's end; mark one that gives neither."""
        with anyio.move_on_after(bound_s):
            await self._first.wait()
            return True
        self._failed(Unresponsive(f"QEMU of domain {self._domain.name!r} does not answer"))
        return False

    # --- the monitor --------------------------------------------------------------------------

    async def _follow_first(self, connection: socket.socket, task_status: TaskStatus[None]) -> None:
        """Follow the first connection; an error is the caller's until it is connected."""
        try:
            await self._follow(connection, task_status)
        except AiovirtError as error:
            if not self._answered:
                raise
            await self._unless_it_ends(error)

    async def _reconnect(self) -> None:
        """Reach the monitor of a living QEMU, again and again, until it ends."""
        attempt = 0
        while not self._exited:
            try:
                connection = connect_unix(self._live.folder / MONITOR_SOCKET)
                await self._follow(connection, catch_up=True)
                attempt = 0
            except (AiovirtError, OSError) as error:  # OSError: no descriptor is left, say
                await self._unless_it_ends(error)
            await anyio.sleep(_RECONNECT_S[min(attempt, len(_RECONNECT_S) - 1)])
            attempt += 1

    async def _follow(
        self,
        connection: socket.socket,
        task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
        *,
        catch_up: bool = False,
    ) -> None:
        """Follow the events of one connection to the monitor until it ends."""
        name = self._domain.name
        self._drained = anyio.Event()
        async with (
            connect_qmp(connection, name=name, negotiate_timeout_s=START_BOUND_S) as qmp,
            qmp.events() as events,
        ):
            self._live.monitor = BoundedMonitor(qmp, name, self._control_changed)
            if self._live.profile is not None:
                self._live.monitor.permit = self._live.profile.permit
            try:
                if catch_up:
                    await self._catch_up(self._live.monitor)
                self._control_changed(ControlState())
                self._answered = True
                self._first.set()
                task_status.started()
                async for event in events:
                    await self._happened(event)
            finally:
                self._live.monitor = None
                self._drained.set()

    async def _unless_it_ends(self, error: AiovirtError | OSError) -> None:
        """Report a broken line; the usual cause, that QEMU ends, cancels this first."""
        ends = self._live.ending is not None  # it was told to: on a busy host that takes longer
        await anyio.sleep(KILL_GRACE_S if ends else _RECONNECT_S[0])
        self._failed(error)

    def _failed(self, error: AiovirtError | OSError) -> None:
        """The line to the monitor is broken though QEMU lives."""
        if self._live.control.control is Control.OK:
            log.warning("monitor of domain %s: %s", self._domain.name, error)
        self._control_changed(ControlState(Control.UNRESPONSIVE, time.time(), str(error)))

    def _control_changed(self, control: ControlState) -> None:
        """Note whether QEMU answers, and tell when that changed."""
        before, self._live.control = self._live.control, control
        responsive = control.control is Control.OK
        if not responsive and self._live.monitor is not None and self._tasks is not None:
            self._tasks.start_soon(self._until_it_answers, self._live.monitor)
        if responsive is not (before.control is Control.OK):
            self._engine.publish(
                ControlEvent(
                    time=time.time(),
                    domain=self._domain.key,
                    responsive=responsive,
                    error=control.last_error,
                )
            )

    async def _until_it_answers(self, monitor: BoundedMonitor) -> None:
        with suppress(AiovirtError):  # whatever it answers: it harms no other domain
            await monitor.until_it_answers()

    async def _catch_up(self, monitor: BoundedMonitor) -> None:
        """Ask for the state, and handle what happened while nobody listened as if it did now."""
        status = await monitor.call(QueryStatus())
        if self._live.guessed:
            await self._learn(monitor)
        found = STATES.get(status.status, self._domain.reason)
        if self._live.follow_up is not None and found.state is not DomainState.RUNNING:
            await self._finish()
        elif found.state is not self._domain.state:
            if found.state is DomainState.PAUSED:
                self._live.pause = found
            name, data = MISSED[found.state]
            await self._happened(Event(name, data), synthetic=True)
        for name, data in await missed_changes(monitor, self._live.config):
            await self._happened(Event(name, data), synthetic=True)
        await catch_up_jobs(self._engine, self._domain, self._live)
        self.part_threads()

    async def _learn(self, monitor: BoundedMonitor) -> None:
        """Find the consoles of a QEMU whose status was lost, and write what is known of it."""
        await learn_terminals(monitor, self._live.config)
        self._domain.touched()
        self._live.guessed = False
        try:
            self.open_consoles()
        except HostError as error:
            log.warning("consoles of domain %s: %s", self._domain.name, error)
        await self._save()

    async def _happened(self, event: Event, *, synthetic: bool = False) -> None:
        """Handle one event: change the state, tell, act."""
        stamp = event.timestamp or time.time()
        if not synthetic:
            self._engine.heard.publish(
                MonitorEvent(time=stamp, domain=self._domain.key, name=event.name, data=event.data)
            )
        follow = AFTERMATH.get(event.name)
        if follow is not None and self._tasks is not None:
            self._tasks.start_soon(follow, self._engine, self._domain, self._live, event)
        happening = Happening(self._domain, self._live, event.name, event.data, stamp)
        before = self._domain.reason, self._live.follow_up
        for outcome in list(translate(happening)):
            self._engine.publish(replace(outcome, synthetic=synthetic))
        if (self._domain.reason, self._live.follow_up) == before:
            return
        if self._live.follow_up is not None:
            await self._finish()
        else:
            await self._save()

    async def _save(self) -> None:
        if not self._live.booted:
            return  # its start will, if it succeeds
        try:
            await self._engine.save_status(self._domain, self._live)
        except HostError as error:
            log.warning("status of domain %s: %s", self._domain.name, error)

    async def _finish(self) -> None:
        """Carry the follow-up of the guest's end out; a QEMU that refuses is ended.

        It is noted first, for the next process to do should this one die. The host's closing waits
        for it: whoever saw the event may close at once, and the guest must not stay half way.
        """
        with anyio.CancelScope(shield=True):
            await self._save()
            if self._live.follow_up in AFTER_DUMP:
                if self._tasks is not None:
                    self._tasks.start_soon(self._dump_first)
                return
            try:
                await self._act(self.monitor())
            except AiovirtError as error:
                log.debug("%s of %s: %s", self._live.follow_up, self._domain.name, error)
                self._insist_on_its_end()

    async def _dump_first(self) -> None:
        """Dump the guest, then do what is to follow; closing the driver leaves both to the next."""
        asked, monitor = self._live.follow_up, self._live.monitor
        await dump_crashed(self._engine, self._domain)
        if monitor is None or self._live.monitor is not monitor:
            return  # it broke amid the dump, which begins anew when the monitor is reached again
        if asked is not None and self._live.follow_up is asked:
            note_follow_up(self._live, AFTER_DUMP[asked], StateReason.SHUTOFF_CRASHED)
            await self._finish()

    async def _act(self, monitor: BoundedMonitor) -> None:
        if self._live.follow_up is FollowUp.BOOT_AGAIN:
            await monitor.execute("system_reset", bound_s=KILL_GRACE_S)
            await monitor.execute("cont", bound_s=KILL_GRACE_S)  # RESUME then ends the follow-up
            return
        await monitor.execute("quit", bound_s=KILL_GRACE_S)
        self._insist_on_its_end()

    def _insist_on_its_end(self) -> None:
        if self._tasks is not None:
            self._tasks.start_soon(self._insist)

    async def _insist(self) -> None:
        """Kill a QEMU that does not quit in time; its end cancels this."""
        await anyio.sleep(KILL_GRACE_S)
        self._live.process.send_signal(signal.SIGKILL)

    # --- the end ------------------------------------------------------------------------------

    async def _until_exit(self, tasks: TaskGroup) -> None:
        """Wait for the process; then end the other tasks when they have read what was sent."""
        await self._live.process.wait_exit()
        self._exited = True
        if self._live.monitor is not None:
            with anyio.move_on_after(_DRAIN_BOUND_S):
                await self._drained.wait()
        for console in self._live.consoles.values():
            console.note_end()
        tasks.cancel_scope.cancel()

    async def _let_go(self) -> None:
        """Clean up if QEMU ended; else leave all to the next process, or to the failed start."""
        live = self._live
        live.perf.close()
        if live.booted:
            with anyio.CancelScope(shield=True):
                await live.process.aclose()
                if self._exited:
                    await clear_away(live.folder)
            if self._exited:
                self._clean_up()
        live.ended.set()
        for ended in live.job_ends.values():
            ended.set()
        self._first.set()  # nobody waits for an answer any more

    def _clean_up(self) -> None:
        live, domain = self._live, self._domain
        known = live.ending
        reason, detail = (known, ENDINGS[known]) if known else unannounced(domain.reason)
        if reason is _CRASHED[0]:
            words = "domain %s: its QEMU (pid %d) has ended unexpectedly; %s may say why"
            log.warning(words, domain.name, live.process.pid, self._engine.root.log(domain.name))
        domain.live = None
        domain.reason = reason
        if domain.definition is None:
            # Its name and UUID are free only then: whoever takes them begins without records.
            self._engine.root.remove_points(domain.key.uuid)
            forget_chips(live.config, chip_states(self._engine.root.path, domain.key.uuid))
            self._engine.handed.drop(domain.key.uuid)
            self._engine.registry.remove(domain)
        self._engine.tell(domain, detail)


def unannounced(before: StateReason) -> tuple[StateReason, LifecycleDetail]:
    """What an end was that we did not bring about, after that state."""
    if before.state is DomainState.SHUTDOWN:
        return StateReason.SHUTOFF_SHUTDOWN, LifecycleDetail.STOPPED_SHUTDOWN
    return _CRASHED
