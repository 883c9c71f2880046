"""From QEMU's events to ours, and to what must be done about them. No I/O.

One function an event; each changes the state of the domain it is given and yields our events. What
the supervisor must do then stands in the live domain's `follow_up`. Source of names and members:
QEMU's qapi/run-state.json, qapi/block-core.json, qapi/ui.json, qapi/misc.json, qapi/machine.json,
qapi/char.json.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.engine.channels import AGENT, set_state
from aiovirt.drivers.qemu.engine.domain import FollowUp, LiveDomain, ManagedDomain
from aiovirt.drivers.qemu.engine.nodes import disk_of_node, image_of
from aiovirt.model.constants import ConnectDomainEventAgentLifecycleReason as AgentReason
from aiovirt.model.constants import ConnectDomainEventAgentLifecycleState as AgentState
from aiovirt.model.domain import DomainKey, DomainState, StateReason
from aiovirt.model.events import (
    AgentLifecycleEvent,
    BalloonChangeEvent,
    DomainEvent,
    GraphicsEvent,
    GraphicsPhase,
    IOErrorAction,
    IOErrorEvent,
    LifecycleDetail,
    LifecycleEvent,
    MemoryDeviceSizeChangeEvent,
    MigrationIterationEvent,
    MonitorEvent,
    RebootEvent,
    RTCChangeEvent,
    TrayChangeEvent,
    WatchdogAction,
    WatchdogEvent,
)
from aiovirt.model.units import Bytes

__all__ = ["MISSED", "STATES", "Happening", "note_follow_up", "translate"]

STATES = {
    "running": StateReason.RUNNING_UNKNOWN,
    "paused": StateReason.PAUSED_USER,
    "prelaunch": StateReason.PAUSED_USER,
    "debug": StateReason.PAUSED_UNKNOWN,
    "internal-error": StateReason.PAUSED_UNKNOWN,
    "io-error": StateReason.PAUSED_IO_ERROR,
    "watchdog": StateReason.PAUSED_WATCHDOG,
    "suspended": StateReason.PM_SUSPENDED_UNKNOWN,
    "shutdown": StateReason.SHUTDOWN_USER,
    "guest-panicked": StateReason.CRASHED_PANICKED,
}
"""QEMU's run states (`RunState` in qapi/run-state.json) -> ours."""

MISSED: dict[DomainState, tuple[str, dict[str, object]]] = {
    DomainState.RUNNING: ("RESUME", {}),
    DomainState.PAUSED: ("STOP", {}),
    DomainState.PM_SUSPENDED: ("SUSPEND", {}),
    DomainState.SHUTDOWN: ("SHUTDOWN", {"guest": True, "reason": "guest-shutdown"}),
    DomainState.CRASHED: ("GUEST_PANICKED", {}),
}
"""The event of QEMU that must have been missed when a domain is found in this state."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of QEMU, and whom it happened to."""

    domain: ManagedDomain
    live: LiveDomain
    name: str
    data: Mapping[str, object]
    time: float

    @property
    def key(self) -> DomainKey:
        """The domain's key."""
        return self.domain.key

    def text(self, name: str) -> str:
        """A member that is a string; empty if it is missing."""
        value = self.data.get(name)
        return value if isinstance(value, str) else ""

    def lifecycle(self, detail: LifecycleDetail) -> LifecycleEvent:
        """A life cycle event at this time."""
        return LifecycleEvent(time=self.time, domain=self.key, detail=detail)


Outcome = Iterator[DomainEvent]


def translate(happening: Happening) -> Outcome:
    """Our events for one of QEMU's; one we have no word for passes as it is."""
    handler = _HANDLERS.get(happening.name)
    if handler is not None:
        return handler(happening)
    return iter([MonitorEvent(time=happening.time, domain=happening.key, name=happening.name, data=happening.data)])  # fmt: skip # noqa: E501


# --- the processors stop and go -----------------------------------------------------------------

_PAUSE_DETAILS = {
    StateReason.PAUSED_IO_ERROR: LifecycleDetail.SUSPENDED_IO_ERROR,
    StateReason.PAUSED_WATCHDOG: LifecycleDetail.SUSPENDED_WATCHDOG,
    StateReason.PAUSED_MIGRATION: LifecycleDetail.SUSPENDED_MIGRATED,
    StateReason.PAUSED_POSTCOPY: LifecycleDetail.SUSPENDED_POSTCOPY,
}
_RESUME_DETAILS = {
    StateReason.RUNNING_MIGRATED: LifecycleDetail.RESUMED_MIGRATED,
    StateReason.RUNNING_MIGRATION_CANCELED: LifecycleDetail.RESUMED_MIGRATED,
    StateReason.RUNNING_POSTCOPY: LifecycleDetail.RESUMED_POSTCOPY,
}


def _stop(at: Happening) -> Outcome:
    if at.domain.state is not DomainState.RUNNING:
        return  # the stop that is part of a shutdown or a crash, which was told already
    at.domain.reason = at.live.pause
    at.live.pause = StateReason.PAUSED_USER
    detail = _PAUSE_DETAILS.get(at.domain.reason, LifecycleDetail.SUSPENDED_PAUSED)
    yield at.lifecycle(detail)


def _resume(at: Happening) -> Outcome:
    if at.domain.state is DomainState.RUNNING:
        return
    again = at.live.follow_up is FollowUp.BOOT_AGAIN
    asked = at.live.going_on or StateReason.RUNNING_UNPAUSED
    at.live.going_on = None
    at.domain.reason = StateReason.RUNNING_BOOTED if again else asked
    if at.live.follow_up is FollowUp.QUIT:
        at.live.ending = None  # somebody let it go on all the same
    at.live.follow_up = None
    if at.live.booted:
        detail = _RESUME_DETAILS.get(at.domain.reason, LifecycleDetail.RESUMED_UNPAUSED)
        yield at.lifecycle(detail)


def _pm_suspend(at: Happening) -> Outcome:
    at.domain.reason = StateReason.PM_SUSPENDED_UNKNOWN
    yield at.lifecycle(LifecycleDetail.PM_SUSPENDED_MEMORY)


def _wakeup(at: Happening) -> Outcome:
    at.domain.reason = StateReason.RUNNING_WAKEUP
    yield at.lifecycle(LifecycleDetail.STARTED_WAKEUP)


def _pm_suspend_disk(at: Happening) -> Outcome:
    yield at.lifecycle(LifecycleDetail.PM_SUSPENDED_DISK)


# --- the end ------------------------------------------------------------------------------------

# on_poweroff, on_reboot and on_crash -> what to do when QEMU stands still after the guest's end.
_AFTER = {
    "destroy": FollowUp.QUIT,
    "restart": FollowUp.BOOT_AGAIN,
    "rename-restart": FollowUp.BOOT_AGAIN,
    "preserve": None,
    "coredump-destroy": FollowUp.DUMP_AND_QUIT,
    "coredump-restart": FollowUp.DUMP_AND_BOOT,
}


def _shutdown(at: Happening) -> Outcome:
    cause = at.text("reason")
    if cause == "guest-panic" or at.live.ending is not None:
        return  # GUEST_PANICKED told it, or we end it ourselves
    at.domain.reason = StateReason.SHUTDOWN_USER
    guest = bool(at.data.get("guest"))
    yield at.lifecycle(LifecycleDetail.SHUTDOWN_GUEST if guest else LifecycleDetail.SHUTDOWN_HOST)
    action = FollowUp.BOOT_AGAIN if at.live.rebooting else _after(at.live.config, cause)
    at.live.rebooting = False
    note_follow_up(at.live, action, StateReason.SHUTOFF_SHUTDOWN)


def note_follow_up(live: LiveDomain, action: FollowUp | None, ending: StateReason) -> None:
    """Note what is to be done when a guest stands still, and what its end then was."""
    live.follow_up = action
    if action is FollowUp.QUIT:
        live.ending = ending


def _after(config: DomainConfig, cause: str) -> FollowUp | None:
    wanted = config.on_reboot if cause == "guest-reset" else config.on_poweroff
    return _AFTER.get(wanted or "destroy", FollowUp.QUIT)


def _reset(at: Happening) -> Outcome:
    yield RebootEvent(time=at.time, domain=at.key)


def _panicked(at: Happening) -> Outcome:
    at.domain.reason = StateReason.CRASHED_PANICKED
    yield at.lifecycle(LifecycleDetail.CRASHED_PANICKED)
    action = _AFTER.get(at.live.config.on_crash or "destroy", FollowUp.QUIT)
    note_follow_up(at.live, action, StateReason.SHUTOFF_CRASHED)


# --- devices ------------------------------------------------------------------------------------

_WATCHDOG_ACTIONS = {
    "none": WatchdogAction.NONE,
    "pause": WatchdogAction.PAUSE,
    "reset": WatchdogAction.RESET,
    "poweroff": WatchdogAction.POWEROFF,
    "shutdown": WatchdogAction.SHUTDOWN,
    "debug": WatchdogAction.DEBUG,
    "inject-nmi": WatchdogAction.INJECT_NMI,
}


def _watchdog(at: Happening) -> Outcome:
    action = _WATCHDOG_ACTIONS.get(at.text("action"), WatchdogAction.NONE)
    if action is WatchdogAction.PAUSE:
        at.live.pause = StateReason.PAUSED_WATCHDOG
    yield WatchdogEvent(time=at.time, domain=at.key, action=action)


_IO_ERROR_ACTIONS = {
    "ignore": IOErrorAction.NONE,
    "report": IOErrorAction.REPORT,
    "stop": IOErrorAction.PAUSE,
}


def _io_error(at: Happening) -> Outcome:
    action = _IO_ERROR_ACTIONS.get(at.text("action"), IOErrorAction.NONE)
    if action is IOErrorAction.PAUSE:
        at.live.pause = StateReason.PAUSED_IO_ERROR
    source, alias = _disk(at.live.config, at.text("node-name"))
    yield IOErrorEvent(
        time=at.time,
        domain=at.key,
        source=source,
        alias=alias,
        action=action,
        reason="enospc" if at.data.get("nospace") else at.text("reason"),
    )


def _disk(config: DomainConfig, node: str) -> tuple[str, str]:
    """Image and alias of the disk whose block node that is; empty where there is none."""
    disk = disk_of_node(config, node)
    return (image_of(disk), disk.alias or "") if disk else ("", "")


def _rtc_change(at: Happening) -> Outcome:
    offset = at.data.get("offset")
    yield RTCChangeEvent(
        time=at.time, domain=at.key, offset_s=offset if isinstance(offset, int) else 0
    )


def _told_when_done(_at: Happening) -> Outcome:
    """What comes of it is told when the driver has followed it: see `engine.aftermath`."""
    return iter(())


def _memory_resized(at: Happening) -> Outcome:
    size = at.data.get("size")
    yield MemoryDeviceSizeChangeEvent(
        time=at.time,
        domain=at.key,
        alias=at.text("id"),
        size=size if isinstance(size, int) else 0,
    )


def _tray_moved(at: Happening) -> Outcome:
    alias = at.text("id") or at.text("device")
    yield TrayChangeEvent(
        time=at.time, domain=at.key, alias=alias, opened=bool(at.data.get("tray-open"))
    )


def _port_changed(at: Happening) -> Outcome:
    opened = bool(at.data.get("open"))
    channel = set_state(at.live.config, at.text("id"), opened=opened)
    if channel is None:
        return  # it was so already, or it is no channel
    at.domain.touched()
    if channel.target.name == AGENT:
        state = AgentState.CONNECTED if opened else AgentState.DISCONNECTED
        yield AgentLifecycleEvent(
            time=at.time, domain=at.key, state=state, reason=AgentReason.CHANNEL
        )


def _next_pass(at: Happening) -> Outcome:
    number = at.data.get("pass")
    if isinstance(number, int):
        yield MigrationIterationEvent(time=at.time, domain=at.key, iteration=number)


def _balloon_change(at: Happening) -> Outcome:
    actual = at.data.get("actual")
    size = actual if isinstance(actual, int) else 0
    if size:
        at.live.config.current_memory = Bytes(size)
        at.domain.touched()
    yield BalloonChangeEvent(time=at.time, domain=at.key, actual=size)


def _graphics(protocol: str, phase: GraphicsPhase) -> Callable[[Happening], Outcome]:
    """A handler for one phase of one protocol."""

    def handler(at: Happening) -> Outcome:
        client = _member(at.data, "client")
        identity = {
            name: str(client[name]) for name in ("sasl_username", "x509_dname") if name in client
        }
        yield GraphicsEvent(
            time=at.time,
            domain=at.key,
            phase=phase,
            protocol=protocol,
            local=_end(_member(at.data, "server")),
            remote=_end(client),
            identity=identity,
        )

    return handler


def _member(data: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = data.get(name)
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def _end(data: Mapping[str, object]) -> tuple[str, str]:
    service = data.get("service", data.get("port", ""))
    return str(data.get("host", "")), str(service)


_HANDLERS: dict[str, Callable[[Happening], Outcome]] = {
    "STOP": _stop,
    "RESUME": _resume,
    "SUSPEND": _pm_suspend,
    "SUSPEND_DISK": _pm_suspend_disk,
    "WAKEUP": _wakeup,
    "SHUTDOWN": _shutdown,
    "RESET": _reset,
    "GUEST_PANICKED": _panicked,
    "WATCHDOG": _watchdog,
    "BLOCK_IO_ERROR": _io_error,
    "RTC_CHANGE": _rtc_change,
    "DEVICE_DELETED": _told_when_done,
    "DEVICE_UNPLUG_GUEST_ERROR": _told_when_done,
    "MEM_UNPLUG_ERROR": _told_when_done,
    "MEMORY_DEVICE_SIZE_CHANGE": _memory_resized,
    "DEVICE_TRAY_MOVED": _tray_moved,
    "BALLOON_CHANGE": _balloon_change,
    "MIGRATION_PASS": _next_pass,
    "VSERPORT_CHANGE": _port_changed,
    "VNC_CONNECTED": _graphics("vnc", GraphicsPhase.CONNECT),
    "VNC_INITIALIZED": _graphics("vnc", GraphicsPhase.INITIALIZE),
    "VNC_DISCONNECTED": _graphics("vnc", GraphicsPhase.DISCONNECT),
    "SPICE_CONNECTED": _graphics("spice", GraphicsPhase.CONNECT),
    "SPICE_INITIALIZED": _graphics("spice", GraphicsPhase.INITIALIZE),
    "SPICE_DISCONNECTED": _graphics("spice", GraphicsPhase.DISCONNECT),
}
