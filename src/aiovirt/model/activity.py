"""What goes on at a server: the alarms that its objects have set off, and its tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["AlarmChange", "AlarmStatus", "HostAlarm", "HostTask", "TaskState"]


class AlarmStatus(StrEnum):
    """The colour of an alarm."""

    GRAY = "gray"
    """It is not known how things are."""
    GREEN = "green"
    """All is well."""
    YELLOW = "yellow"
    """There may be something wrong."""
    RED = "red"
    """Something is wrong."""


class AlarmChange(StrEnum):
    """What has become of an alarm."""

    TRIGGERED = "triggered"
    """Something has set it off."""
    CHANGED = "changed"
    """It was red or yellow, and is the other now."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody has taken note of it."""
    CLEARED = "cleared"
    """It is not set off any more."""


@dataclass(frozen=True, slots=True)
class HostAlarm:
    """An alarm that an object of a server has set off.

    Attributes:
        key: What it is meant by; the same alarm of the same object has the same again.
        name: What is watched for, such as ``Host memory usage``.
        description: More about that.
        target: The name of the object.
        target_kind: What that is, in libvirt's words where it has one: ``domain``, ``host``.
        status: Its colour.
        time: When it got that.
        acknowledged: Whether somebody has taken note of it.
        acknowledged_by: Who has.
        acknowledged_time: When.
    """

    key: str
    name: str
    description: str
    target: str
    target_kind: str
    status: AlarmStatus
    time: datetime
    acknowledged: bool = False
    acknowledged_by: str | None = None
    acknowledged_time: datetime | None = None


class TaskState(StrEnum):
    """How a task of a server stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self in {TaskState.SUCCESS, TaskState.ERROR}


@dataclass(frozen=True, slots=True)
class HostTask:
    """Something that a server does, or has done of late, whoever has asked for it.

    Attributes:
        key: What it is meant by.
        operation: What is done, in the server's words, such as ``VirtualMachine.clone``.
        target: The name of the object that it is done to, or None.
        target_kind: What that is: ``domain``, ``host``, or None.
        state: How it stands.
        progress: Percent of it that are done, or None where that is not told.
        cancelable: Whether it can be cancelled.
        cancelled: Whether somebody has asked for that.
        user: Who has asked for it; None for the server itself.
        queued: When it was asked for.
        started: When it began, or None.
        ended: When it ended, or None.
        error: Why it has failed, or None.
    """

    key: str
    operation: str
    target: str | None
    target_kind: str | None
    state: TaskState
    progress: int | None
    cancelable: bool
    cancelled: bool
    user: str | None
    queued: datetime
    started: datetime | None = None
    ended: datetime | None = None
    error: str | None = None
