"""Events bound to messages: one row for each kind, from which both ends of the wire run.

The client's driver reads by the rows, the daemon writes by them.  Nothing here does I/O.

row         what a row is: from an event to a message, and back
domain      the rows of domains
host        the rows of networks, pools, devices, secrets, and of the connection
monitor     events of a hypervisor's own monitor, which are asked for in another way
table       all rows, by the message and by the event
"""

from __future__ import annotations

from aiovirt.bindings.events.monitor import MONITOR_EVENT, monitor_message, read_monitor_event
from aiovirt.bindings.events.row import SUBJECTS, EventRow, Registration, addressed
from aiovirt.bindings.events.table import read_event, row_registered, rows_of

__all__ = [
    "MONITOR_EVENT",
    "SUBJECTS",
    "EventRow",
    "Registration",
    "addressed",
    "monitor_message",
    "read_event",
    "read_monitor_event",
    "row_registered",
    "rows_of",
]
