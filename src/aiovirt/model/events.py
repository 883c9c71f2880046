"""Events as values. Kinds and details bear libvirt's numbers; nothing here does I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum

from aiovirt.model.domain import DomainKey

__all__ = [
    "BalloonChangeEvent",
    "ControlEvent",
    "DeviceRemovedEvent",
    "DomainEvent",
    "Event",
    "EventsLost",
    "GraphicsEvent",
    "GraphicsPhase",
    "IOErrorAction",
    "IOErrorEvent",
    "LifecycleDetail",
    "LifecycleEvent",
    "LifecycleKind",
    "MonitorEvent",
    "RTCChangeEvent",
    "RebootEvent",
    "TrayChangeEvent",
    "WatchdogAction",
    "WatchdogEvent",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event has.

    Attributes:
        time: When it happened, Unix time in seconds; the hypervisor's own stamp where it has one.
        synthetic: True when it was not seen happening but concluded from a difference found
            later: after a reconnect, or when a new process adopts running guests.
    """

    time: float
    synthetic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsLost(Event):
    """The subscriber read too slowly: `count` events before this place were dropped."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent(Event):
    """Something happened to one domain."""

    domain: DomainKey


class LifecycleKind(IntEnum):
    """libvirt's `virDomainEventType`."""

    DEFINED = 0
    UNDEFINED = 1
    STARTED = 2
    SUSPENDED = 3
    RESUMED = 4
    STOPPED = 5
    SHUTDOWN = 6
    PM_SUSPENDED = 7
    CRASHED = 8


class LifecycleDetail(Enum):
    """Why a life cycle event happened: its kind, libvirt's number, the word virsh shows.

    Source: the `virDomainEvent*DetailType` enumerations of libvirt-domain.h.
    """

    def __init__(self, kind: LifecycleKind, number: int, label: str) -> None:
        self.kind = kind
        self.number = number
        self.label = label

    DEFINED_ADDED = (LifecycleKind.DEFINED, 0, "Added")
    DEFINED_UPDATED = (LifecycleKind.DEFINED, 1, "Updated")
    DEFINED_RENAMED = (LifecycleKind.DEFINED, 2, "Renamed")
    DEFINED_FROM_SNAPSHOT = (LifecycleKind.DEFINED, 3, "Snapshot")
    UNDEFINED_REMOVED = (LifecycleKind.UNDEFINED, 0, "Removed")
    UNDEFINED_RENAMED = (LifecycleKind.UNDEFINED, 1, "Renamed")
    STARTED_BOOTED = (LifecycleKind.STARTED, 0, "Booted")
    STARTED_MIGRATED = (LifecycleKind.STARTED, 1, "Migrated")
    STARTED_RESTORED = (LifecycleKind.STARTED, 2, "Restored")
    STARTED_FROM_SNAPSHOT = (LifecycleKind.STARTED, 3, "Snapshot")
    STARTED_WAKEUP = (LifecycleKind.STARTED, 4, "Event wakeup")
    SUSPENDED_PAUSED = (LifecycleKind.SUSPENDED, 0, "Paused")
    SUSPENDED_MIGRATED = (LifecycleKind.SUSPENDED, 1, "Migrated")
    SUSPENDED_IO_ERROR = (LifecycleKind.SUSPENDED, 2, "I/O Error")
    SUSPENDED_WATCHDOG = (LifecycleKind.SUSPENDED, 3, "Watchdog")
    SUSPENDED_RESTORED = (LifecycleKind.SUSPENDED, 4, "Restored")
    SUSPENDED_FROM_SNAPSHOT = (LifecycleKind.SUSPENDED, 5, "Snapshot")
    SUSPENDED_API_ERROR = (LifecycleKind.SUSPENDED, 6, "API error")
    SUSPENDED_POSTCOPY = (LifecycleKind.SUSPENDED, 7, "Post-copy")
    SUSPENDED_POSTCOPY_FAILED = (LifecycleKind.SUSPENDED, 8, "Post-copy Error")
    RESUMED_UNPAUSED = (LifecycleKind.RESUMED, 0, "Unpaused")
    RESUMED_MIGRATED = (LifecycleKind.RESUMED, 1, "Migrated")
    RESUMED_FROM_SNAPSHOT = (LifecycleKind.RESUMED, 2, "Snapshot")
    RESUMED_POSTCOPY = (LifecycleKind.RESUMED, 3, "Post-copy")
    RESUMED_POSTCOPY_FAILED = (LifecycleKind.RESUMED, 4, "Post-copy Error")
    STOPPED_SHUTDOWN = (LifecycleKind.STOPPED, 0, "Shutdown")
    STOPPED_DESTROYED = (LifecycleKind.STOPPED, 1, "Destroyed")
    STOPPED_CRASHED = (LifecycleKind.STOPPED, 2, "Crashed")
    STOPPED_MIGRATED = (LifecycleKind.STOPPED, 3, "Migrated")
    STOPPED_SAVED = (LifecycleKind.STOPPED, 4, "Saved")
    STOPPED_FAILED = (LifecycleKind.STOPPED, 5, "Failed")
    STOPPED_FROM_SNAPSHOT = (LifecycleKind.STOPPED, 6, "Snapshot")
    SHUTDOWN_FINISHED = (LifecycleKind.SHUTDOWN, 0, "Finished")
    SHUTDOWN_GUEST = (LifecycleKind.SHUTDOWN, 1, "Finished after guest request")
    SHUTDOWN_HOST = (LifecycleKind.SHUTDOWN, 2, "Finished after host request")
    PM_SUSPENDED_MEMORY = (LifecycleKind.PM_SUSPENDED, 0, "Memory")
    PM_SUSPENDED_DISK = (LifecycleKind.PM_SUSPENDED, 1, "Disk")
    CRASHED_PANICKED = (LifecycleKind.CRASHED, 0, "Panicked")
    CRASHED_CRASHLOADED = (LifecycleKind.CRASHED, 1, "Crashloaded")


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleEvent(DomainEvent):
    """A domain was defined, started, suspended, resumed, stopped or the like."""

    detail: LifecycleDetail

    @property
    def kind(self) -> LifecycleKind:
        """The event's kind, without its detail."""
        return self.detail.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class RebootEvent(DomainEvent):
    """The guest was reset, by itself or by us; the domain goes on running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RTCChangeEvent(DomainEvent):
    """The guest set its clock: `offset_s` seconds from the host's clock base."""

    offset_s: int


class WatchdogAction(IntEnum):
    """libvirt's `virDomainEventWatchdogAction`."""

    NONE = 0
    PAUSE = 1
    RESET = 2
    POWEROFF = 3
    SHUTDOWN = 4
    DEBUG = 5
    INJECT_NMI = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchdogEvent(DomainEvent):
    """The guest's watchdog ran out, and this was done about it."""

    action: WatchdogAction


class IOErrorAction(IntEnum):
    """libvirt's `virDomainEventIOErrorAction`."""

    NONE = 0
    PAUSE = 1
    REPORT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class IOErrorEvent(DomainEvent):
    """A disk request failed.

    Attributes:
        source: The path of the disk's image, or an empty string when it has none.
        alias: The device's alias.
        action: What was done about it.
        reason: ``enospc`` when the disk is full, else QEMU's text.
    """

    source: str
    alias: str
    action: IOErrorAction
    reason: str


class GraphicsPhase(IntEnum):
    """libvirt's `virDomainEventGraphicsPhase`."""

    CONNECT = 0
    INITIALIZE = 1
    DISCONNECT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphicsEvent(DomainEvent):
    """A VNC or SPICE client came or went.

    Attributes:
        phase: Connected, initialised or disconnected.
        protocol: ``vnc`` or ``spice``.
        local: Host and service of the server's end.
        remote: Host and service of the client's end.
        identity: SASL name or TLS name of the client, where known.
    """

    phase: GraphicsPhase
    protocol: str
    local: tuple[str, str]
    remote: tuple[str, str]
    identity: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRemovedEvent(DomainEvent):
    """The guest released a device; it is gone. `alias` is its alias."""

    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrayChangeEvent(DomainEvent):
    """The guest opened or closed the tray of a removable disk."""

    alias: str
    opened: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BalloonChangeEvent(DomainEvent):
    """The guest has `actual` bytes of memory now."""

    actual: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlEvent(DomainEvent):
    """The hypervisor process stopped answering for a domain, or answers again."""

    responsive: bool
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorEvent(DomainEvent):
    """An event of the hypervisor itself, as it came (QMP's name and data)."""

    name: str
    data: Mapping[str, object]
