"""The life of a domain as events; kinds and details bear libvirt's numbers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from aiovirt.model.events.base import DomainEvent

__all__ = [
    "LifecycleDetail",
    "LifecycleEvent",
    "LifecycleKind",
]


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
