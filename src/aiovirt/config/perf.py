"""What is counted of a domain while it runs, and which states of sleep it may take."""

from __future__ import annotations

from aiovirt.config._children import Many, children
from aiovirt.config._laws import Always
from aiovirt.config._scalars import Switch, Text, text, yes_no
from aiovirt.config._view import View
from aiovirt.model.tuning import PERF_EVENTS

__all__ = ["Perf", "PerfEvent", "PowerManagement"]


class PerfEvent(View, tag="event"):
    """Whether one kind of event is counted (perf_event_open(2))."""

    name: Text = text("@name", known=PERF_EVENTS, required=True)
    enabled: Switch = yes_no("@enabled", required=True)


class Perf(View, tag="perf"):
    """What is counted."""

    events: Many[PerfEvent] = children("event", PerfEvent)

    _laws_ = (Always(("events",)),)


class PowerManagement(View, tag="pm"):
    """Whether the guest's firmware offers sleep in memory (S3) and on disk (S4)."""

    suspend_to_mem: Switch = yes_no("suspend-to-mem/@enabled")
    suspend_to_disk: Switch = yes_no("suspend-to-disk/@enabled")
