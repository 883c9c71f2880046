"""What must have happened between two looks at a domain, as details of life cycle events."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.model.domain import DomainRecord, DomainState, StateReason
from aiovirt.model.events import LifecycleDetail

__all__ = ["between"]

_STARTED = {
    StateReason.RUNNING_MIGRATED: LifecycleDetail.STARTED_MIGRATED,
    StateReason.RUNNING_RESTORED: LifecycleDetail.STARTED_RESTORED,
    StateReason.RUNNING_FROM_SNAPSHOT: LifecycleDetail.STARTED_FROM_SNAPSHOT,
    StateReason.RUNNING_WAKEUP: LifecycleDetail.STARTED_WAKEUP,
    StateReason.PAUSED_MIGRATION: LifecycleDetail.STARTED_MIGRATED,
    StateReason.PAUSED_FROM_SNAPSHOT: LifecycleDetail.STARTED_FROM_SNAPSHOT,
}
_SUSPENDED = {
    StateReason.PAUSED_MIGRATION: LifecycleDetail.SUSPENDED_MIGRATED,
    StateReason.PAUSED_IO_ERROR: LifecycleDetail.SUSPENDED_IO_ERROR,
    StateReason.PAUSED_WATCHDOG: LifecycleDetail.SUSPENDED_WATCHDOG,
    StateReason.PAUSED_FROM_SNAPSHOT: LifecycleDetail.SUSPENDED_FROM_SNAPSHOT,
    StateReason.PAUSED_API_ERROR: LifecycleDetail.SUSPENDED_API_ERROR,
    StateReason.PAUSED_POSTCOPY: LifecycleDetail.SUSPENDED_POSTCOPY,
    StateReason.PAUSED_POSTCOPY_FAILED: LifecycleDetail.SUSPENDED_POSTCOPY_FAILED,
}
_STOPPED = {
    StateReason.SHUTOFF_DESTROYED: LifecycleDetail.STOPPED_DESTROYED,
    StateReason.SHUTOFF_CRASHED: LifecycleDetail.STOPPED_CRASHED,
    StateReason.SHUTOFF_MIGRATED: LifecycleDetail.STOPPED_MIGRATED,
    StateReason.SHUTOFF_SAVED: LifecycleDetail.STOPPED_SAVED,
    StateReason.SHUTOFF_FAILED: LifecycleDetail.STOPPED_FAILED,
    StateReason.SHUTOFF_FROM_SNAPSHOT: LifecycleDetail.STOPPED_FROM_SNAPSHOT,
}
_PAUSED = (DomainState.PAUSED, DomainState.PM_SUSPENDED)


def between(old: DomainRecord | None, new: DomainRecord | None) -> Iterator[LifecycleDetail]:
    """The events, in the order in which they must have come; None is a domain that is not there.

    A domain that runs with another number than before has been stopped and started.
    """
    if new is not None and new.persistent and (old is None or not old.persistent):
        yield LifecycleDetail.DEFINED_ADDED
    yield from _running(old, new)
    if old is not None and old.persistent and (new is None or not new.persistent):
        yield LifecycleDetail.UNDEFINED_REMOVED


def _running(old: DomainRecord | None, new: DomainRecord | None) -> Iterator[LifecycleDetail]:
    before = old if old is not None and old.state.active else None
    after = new if new is not None and new.state.active else None
    if before is not None and after is not None and before.id == after.id:
        yield from _paused(after, was=before.state in _PAUSED)
        return
    if before is not None:
        yield _STOPPED.get(new.reason, _ENDED) if new is not None else _ENDED
    if after is not None:
        yield _STARTED.get(after.reason, LifecycleDetail.STARTED_BOOTED)
        yield from _paused(after, was=False)


_ENDED = LifecycleDetail.STOPPED_SHUTDOWN


def _paused(new: DomainRecord, *, was: bool) -> Iterator[LifecycleDetail]:
    """From standing still, or not, to what is now."""
    if new.state in _PAUSED and not was:
        slept = new.state is DomainState.PM_SUSPENDED
        paused = _SUSPENDED.get(new.reason, LifecycleDetail.SUSPENDED_PAUSED)
        yield LifecycleDetail.PM_SUSPENDED_MEMORY if slept else paused
    if new.state not in _PAUSED and was:
        yield LifecycleDetail.RESUMED_UNPAUSED
