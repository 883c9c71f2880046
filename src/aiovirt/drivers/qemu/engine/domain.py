"""One domain as the driver keeps it: its definition, and what is known while it runs.

State only: nothing here talks to QEMU or to the disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Protocol

import anyio

from aiovirt.config import CheckpointConfig, DomainConfig, SnapshotConfig
from aiovirt.drivers.qemu.devices import drop_live
from aiovirt.drivers.qemu.engine.console import ConsoleHub
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.numbers import numbered
from aiovirt.drivers.qemu.engine.steps import Step
from aiovirt.drivers.qemu.process.ownprofile import GuestProfile
from aiovirt.drivers.qemu.store.points import PointStore
from aiovirt.drivers.qemu.store.settings import TURN_BOUND_S
from aiovirt.errors import Busy, ConnectionLost, InvalidState, NotFound
from aiovirt.host.cgroups import Group
from aiovirt.host.perf import PerfCounters
from aiovirt.host.procfs import process_time_ns
from aiovirt.model.constants import ErrorNumber
from aiovirt.model.domain import ControlState, DomainKey, DomainRecord, DomainState, StateReason
from aiovirt.model.events import LifecycleDetail
from aiovirt.model.jobs import JobStats
from aiovirt.processes import DaemonProcess

__all__ = ["ENDINGS", "FollowUp", "Job", "LiveDomain", "ManagedDomain", "MovePhase", "Sizes"]


class FollowUp(Enum):
    """What is done after an event."""

    QUIT = "quit"
    """Let QEMU end: the guest is off."""
    BOOT_AGAIN = "boot-again"
    """Reset the machine and let it go on."""
    DUMP_AND_QUIT = "dump-and-quit"
    """Write the guest's memory into a file first."""
    DUMP_AND_BOOT = "dump-and-boot-again"
    """The same."""


class MovePhase(Enum):
    """How far a running domain is on its way to another host, or to this one."""

    AWAITED = "awaited"
    """Here is its destination, and it is not here yet: without who awaits it, it is ended."""
    LEAVING = "leaving"
    """Here is its source, and it may still go on here: without who moves it, it does."""
    SWITCHING = "switching"
    """The same, but post-copy was asked for: QEMU knows whether it may still go on here."""
    LEFT = "left"
    """All has moved, and only the destination knows whether it runs there."""


_POSTCOPY = (StateReason.PAUSED_POSTCOPY, StateReason.PAUSED_POSTCOPY_FAILED)

ENDINGS = {
    StateReason.SHUTOFF_SHUTDOWN: LifecycleDetail.STOPPED_SHUTDOWN,
    StateReason.SHUTOFF_DESTROYED: LifecycleDetail.STOPPED_DESTROYED,
    StateReason.SHUTOFF_CRASHED: LifecycleDetail.STOPPED_CRASHED,
    StateReason.SHUTOFF_SAVED: LifecycleDetail.STOPPED_SAVED,
    StateReason.SHUTOFF_FROM_SNAPSHOT: LifecycleDetail.STOPPED_FROM_SNAPSHOT,
    StateReason.SHUTOFF_MIGRATED: LifecycleDetail.STOPPED_MIGRATED,
    StateReason.SHUTOFF_FAILED: LifecycleDetail.STOPPED_FAILED,
}
"""What an end can be that is known before it comes -> its event."""


@dataclass(eq=False, slots=True)
class LiveDomain:
    """A running instance of a domain.

    Attributes:
        id: Its number: unique while the driver is open.
        config: The live configuration.
        folder: Its folder below the root's `run`.
        process: QEMU's process.
        started_at: Unix time in seconds.
        group: Its control group, or None where none could be made.
        profile: The profile of AppArmor that was made for it, or None.
        monitor: QEMU's monitor; None until it is connected.
        control: Whether its QEMU answers.
        consoles: The open consoles, by alias.
        late_pictures: Screenshots that QEMU may write though nobody waits for them any more.
        ending: What its end will have been, once that is known: one of `ENDINGS`.
        follow_up: What is still to be done about the guest's end.
        pause: Why the next stop of its processors will have happened.
        going_on: Why they will go on the next time; None for that somebody asked for it.
        move: How far it is on its way from host to host, or None.
        ran: Whether it ran when its move began.
        made: The images that were made for its arrival: they go with it if that fails.
        rebooting: Whether the next shutdown of the guest is the first half of a reboot.
        booted: Whether the start has succeeded.
        guessed: Whether its configuration is the inactive one, for want of its own.
        supervised: Whether its supervisor has begun.
        placing: Held while QEMU's threads are looked up and put into their control groups.
        agent: Held while the guest's agent is asked: its channel has one place.
        job_ends: For each block job under way what is set at its end or the guest's, by the job's
            id.
        vcpu_threads: The threads of the processors, by their numbers, once they were asked for.
        perf: The performance events that are counted of its QEMU.
        ports: The aliases of the channels on sockets that somebody has open.
        arrivals: For each memory device that the guest may not have noticed yet what is set when it
            has, by its alias.
        departures: For each device that was asked to go what is set when it has, by its alias.
        kept: The aliases of those that the guest has refused to let go.
        closings: For each device whose end is waited for what made what stands behind it.
        ended: Set when its supervisor has left: it is gone and all it had on the host is cleaned
            away, unless the start has not succeeded, which then cleans up itself.
    """

    id: int
    config: DomainConfig
    folder: Path
    process: DaemonProcess
    started_at: float
    group: Group | None = None
    profile: GuestProfile | None = None
    monitor: BoundedMonitor | None = None
    control: ControlState = field(default_factory=ControlState)
    consoles: dict[str, ConsoleHub] = field(default_factory=dict)
    late_pictures: list[Path] = field(default_factory=list)
    ending: StateReason | None = None
    follow_up: FollowUp | None = None
    pause: StateReason = StateReason.PAUSED_USER
    going_on: StateReason | None = None
    move: MovePhase | None = None
    ran: bool = False
    made: list[Path] = field(default_factory=list)
    rebooting: bool = False
    booted: bool = False
    guessed: bool = False
    supervised: bool = False
    placing: anyio.Lock = field(default_factory=anyio.Lock)
    agent: anyio.Lock = field(default_factory=anyio.Lock)
    job_ends: dict[str, anyio.Event] = field(default_factory=dict)
    perf: PerfCounters = field(default_factory=PerfCounters)
    ports: set[str] = field(default_factory=set)
    arrivals: dict[str, anyio.Event] = field(default_factory=dict)
    departures: dict[str, anyio.Event] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    closings: dict[str, Sequence[Step]] = field(default_factory=dict)
    vcpu_threads: Mapping[int, int] | None = None
    ended: anyio.Event = field(default_factory=anyio.Event)

    def has_disks(self) -> bool:
        """Whether it has any."""
        return bool(self.config.disks)

    def connected(self) -> BoundedMonitor:
        """QEMU's monitor: to be taken once for work that hangs together.

        Raises:
            ConnectionLost: It was closed, or is not open yet.
        """
        if self.monitor is None:
            raise ConnectionLost("the monitor was closed", maybe_done=False)
        return self.monitor

    def cpu_time_ns(self) -> int:
        """The processor time of its QEMU, in nanoseconds; 0 when it has just ended."""
        try:
            return process_time_ns(self.process.pid)
        except NotFound:
            return 0


class Job(Protocol):
    """Long work that is done for a domain."""

    async def stats(self) -> JobStats:
        """How far it is."""
        raise NotImplementedError

    async def abort(self) -> None:
        """Ask for its end; whoever waits for it gets an error."""


class Sizes(NamedTuple):
    """What a domain may have and has: bytes of memory, and numbers of processors."""

    memory: int
    current_memory: int
    vcpus: int
    current_vcpus: int


class Turns:
    """The queue of the changes to a domain: ``async with`` it; whoever waits too long is told."""

    def __init__(self, domain: ManagedDomain) -> None:
        self._domain = domain
        self._lock = anyio.Lock()
        self._closed: str | None = None

    def close(self, why: str) -> None:
        """Refuse changes from now on, until `reopen`; whoever has the turn keeps it."""
        self._closed = why

    def reopen(self) -> None:
        """Let changes be made again. Doing it twice is no error."""
        self._closed = None

    async def __aenter__(self) -> None:
        """Wait for the turn.

        Raises:
            Busy: Those before take too long.
            InvalidState: No changes may be made for a while.
        """
        self._check()
        with anyio.move_on_after(TURN_BOUND_S):
            await self._lock.acquire()
            try:
                self._check()
            except InvalidState:
                self._lock.release()
                raise
            return
        error = Busy(
            f"another change to domain {self._domain.name!r} has not finished within "
            f"{TURN_BOUND_S:g} s",
            hint="look at domjobinfo and domcontrol; destroy ends a domain in any case",
        )
        raise numbered(error, ErrorNumber.ERR_OPERATION_TIMEOUT)

    async def __aexit__(self, *_error: object) -> None:
        self._lock.release()

    def _check(self) -> None:
        if self._closed is not None:
            raise InvalidState(
                f"domain {self._domain.name!r} may not be changed now: {self._closed}",
                hint="wait for the end of that, or give it up with domjobabort",
            )

    @property
    def closed(self) -> bool:
        """Whether no changes may be made."""
        return self._closed is not None

    def taken(self) -> bool:
        """Whether a change is under way, or none may be made."""
        return self._lock.locked() or self.closed


class ManagedDomain:
    """A domain: persistent, running, or both.

    Attributes:
        key: UUID and name.
        autostart: Whether it starts with the host.
        autostart_once: Whether it does so the next time only.
        updated: Whether its configuration was changed since it was defined or started.
        snapshots: The records of its snapshots, once they were asked for.
        checkpoints: The same of its checkpoints.
        max_speed: The most bytes in a second that it is moved by; None is no limit.
        agent_timeout_s: How long its agent may take, as `Guest.set_agent_timeout` has it.
        job: The long work that is done for it now, or None.
        ended_job: The figures of the last one, until somebody asked for them.
        changes: Changes to the domain queue here, first come first served.
    """

    def __init__(
        self, key: DomainKey, definition: DomainConfig | None, *, autostart: bool = False
    ) -> None:
        self.key = key
        self._definition = definition
        self.autostart = autostart
        self.autostart_once = False
        self.updated = False
        self.snapshots: PointStore[SnapshotConfig] | None = None
        self.checkpoints: PointStore[CheckpointConfig] | None = None
        self.max_speed: int | None = None
        self.agent_timeout_s = -1
        self.job: Job | None = None
        self.ended_job: JobStats | None = None
        self._live: LiveDomain | None = None
        self._texts: dict[tuple[bool, bool], str] = {}
        self._sizes: Sizes | None = None
        self.changes = Turns(self)
        self._reason = StateReason.SHUTOFF_UNKNOWN
        self._watchers: set[anyio.Event] = set()

    @property
    def definition(self) -> DomainConfig | None:
        """The inactive configuration; None for a transient domain."""
        return self._definition

    @definition.setter
    def definition(self, definition: DomainConfig | None) -> None:
        self._definition = definition
        self.touched()

    @property
    def live(self) -> LiveDomain | None:
        """The running instance, or None."""
        return self._live

    @live.setter
    def live(self, live: LiveDomain | None) -> None:
        if live is None:
            self.changes.reopen()  # what kept them off has ended with it
        self._live = live
        self.touched()

    def touched(self) -> None:
        """Forget what was derived from the configurations: one of them was changed."""
        self._texts.clear()
        self._sizes = None

    def config(self, *, inactive: bool = False) -> DomainConfig:
        """The driver's own live configuration of a domain that runs, else its definition.

        Raises:
            NotFound: It is just disappearing.
        """
        live = self._live
        if live is not None and (not inactive or self._definition is None):
            return live.config
        if self._definition is None:
            raise NotFound(f"domain {self.name!r} is just disappearing")
        return self._definition

    def text(self, *, inactive: bool = False, secure: bool = False) -> str:
        """A configuration as XML, which is made once for each change."""
        text = self._texts.get((inactive, secure))
        if text is None:
            config = self.config(inactive=inactive)
            if inactive and self._definition is None:
                config = config.copy()
                drop_live(config)  # a transient domain has none but its live one
            text = self._texts[inactive, secure] = config.to_xml(secure=secure)
        return text

    def sizes(self) -> Sizes:
        """How much memory and how many processors it has; read once for each change."""
        if self._sizes is None:
            config = self.config()
            self._sizes = Sizes(
                memory=int(config.memory or 0),
                current_memory=int(config.current_memory or config.memory or 0),
                vcpus=config.vcpus or 1,
                current_vcpus=config.vcpu.current or config.vcpus or 1,
            )
        return self._sizes

    @property
    def reason(self) -> StateReason:
        """The state with its reason."""
        return self._reason

    @reason.setter
    def reason(self, reason: StateReason) -> None:
        self._reason = reason
        for watcher in self._watchers:
            watcher.set()
        self._watchers.clear()

    async def until(self, *states: DomainState) -> None:
        """Wait until it is in one of these states. The caller sets the bound."""
        while self.state not in states:
            watcher = anyio.Event()
            self._watchers.add(watcher)
            try:
                await watcher.wait()
            finally:
                self._watchers.discard(watcher)

    @property
    def name(self) -> str:
        """The name."""
        return self.key.name

    @property
    def state(self) -> DomainState:
        """The state without its reason."""
        return self.reason.state

    @property
    def control(self) -> ControlState:
        """Whether its QEMU answers."""
        return self.live.control if self.live else ControlState()

    def give_up_move(self) -> bool:
        """Let a domain be changed again that has left, and nobody says whether it has arrived.

        Returns:
            Whether it is such a one.
        """
        left = self.changes.closed and self._live is not None
        if not left or self._live is None or self._live.move is not MovePhase.LEFT:
            return False
        self.changes.reopen()
        return True

    @property
    def runs_elsewhere(self) -> bool:
        """Whether its post-copy was begun: it goes on nowhere but at its destination."""
        left = self._live is not None and self._live.move is MovePhase.LEFT
        return left and self.reason in _POSTCOPY

    def refuse_two(self) -> None:
        """See that a domain does not go on here whose post-copy was begun.

        Raises:
            InvalidState: It runs at its destination, wholly or in part.
        """
        if self.runs_elsewhere:
            raise InvalidState(
                f"domain {self.name!r} runs at its destination",
                hint="go on with a move that broke (--postcopy-resume), or destroy what is here",
            )

    def record(self) -> DomainRecord:
        """Its line of the listing."""
        return DomainRecord(
            key=self.key,
            id=self.live.id if self.live else None,
            reason=self.reason,
            persistent=self.definition is not None,
            autostart=self.autostart,
            control=self.control,
        )

    def running(self) -> LiveDomain:
        """The running instance.

        Raises:
            InvalidState: There is none.
        """
        if self.live is None or not self.live.booted:
            raise InvalidState(
                f"domain {self.name!r} is not running",
                hint=f"start it first (it is {self.state.label}: {self.reason.label})",
            )
        return self.live

    def monitor(self) -> BoundedMonitor:
        """The monitor of the running instance.

        Raises:
            InvalidState: It is not running, or its monitor is not connected (any more).
        """
        monitor = self.running().monitor
        if monitor is None:
            raise InvalidState(f"domain {self.name!r} is just stopping")
        return monitor
