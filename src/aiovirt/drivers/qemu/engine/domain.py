"""One domain as the driver keeps it: its definition, and what is known while it runs.

State only: nothing here talks to QEMU or to the disk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import anyio

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.engine.console import ConsoleHub
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.errors import InvalidState
from aiovirt.model.domain import ControlState, DomainKey, DomainRecord, DomainState, StateReason
from aiovirt.model.events import LifecycleDetail
from aiovirt.processes import DaemonProcess

__all__ = ["ENDINGS", "FollowUp", "LiveDomain", "ManagedDomain"]


class FollowUp(Enum):
    """What is done after an event."""

    QUIT = "quit"
    """Let QEMU end: the guest is off."""
    BOOT_AGAIN = "boot-again"
    """Reset the machine and let it go on."""


ENDINGS = {
    StateReason.SHUTOFF_SHUTDOWN: LifecycleDetail.STOPPED_SHUTDOWN,
    StateReason.SHUTOFF_DESTROYED: LifecycleDetail.STOPPED_DESTROYED,
    StateReason.SHUTOFF_CRASHED: LifecycleDetail.STOPPED_CRASHED,
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
        monitor: QEMU's monitor; None until it is connected.
        control: Whether its QEMU answers.
        consoles: The open consoles, by alias.
        late_pictures: Screenshots that QEMU may write though nobody waits for them any more.
        ending: What its end will have been, once that is known: one of `ENDINGS`.
        follow_up: What is still to be done about the guest's end.
        pause: Why the next stop of its processors will have happened.
        rebooting: Whether the next shutdown of the guest is the first half of a reboot.
        booted: Whether the start has succeeded.
        guessed: Whether its configuration is the inactive one, for want of its own.
        supervised: Whether its supervisor has begun.
        ended: Set when its supervisor has left: it is gone and all it had on the host is cleaned
            away, unless the start has not succeeded, which then cleans up itself.
    """

    id: int
    config: DomainConfig
    folder: Path
    process: DaemonProcess
    started_at: float
    monitor: BoundedMonitor | None = None
    control: ControlState = field(default_factory=ControlState)
    consoles: dict[str, ConsoleHub] = field(default_factory=dict)
    late_pictures: list[Path] = field(default_factory=list)
    ending: StateReason | None = None
    follow_up: FollowUp | None = None
    pause: StateReason = StateReason.PAUSED_USER
    rebooting: bool = False
    booted: bool = False
    guessed: bool = False
    supervised: bool = False
    ended: anyio.Event = field(default_factory=anyio.Event)


class ManagedDomain:
    """A domain: persistent, running, or both.

    Attributes:
        key: UUID and name.
        definition: The inactive configuration; None for a transient domain.
        autostart: Whether it starts with the host.
        live: The running instance, or None.
        changes: Changes to the domain queue here, first come first served.
    """

    def __init__(
        self, key: DomainKey, definition: DomainConfig | None, *, autostart: bool = False
    ) -> None:
        self.key = key
        self.definition = definition
        self.autostart = autostart
        self.live: LiveDomain | None = None
        self.changes = anyio.Lock()
        self._reason = StateReason.SHUTOFF_UNKNOWN
        self._watchers: set[anyio.Event] = set()

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
