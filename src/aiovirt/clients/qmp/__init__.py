"""The QMP client: one QEMU, spoken to by any number of tasks."""

from __future__ import annotations

from aiovirt.clients.qmp._client import EVENTS_LOST, ConnectionEnd, EventStream, QMPClient
from aiovirt.clients.qmp._connect import CHECK_VARIABLE, NEGOTIATE_TIMEOUT_S, connect_qmp
from aiovirt.protocols.qmp import Event, Greeting, Version

__all__ = [
    "CHECK_VARIABLE",
    "EVENTS_LOST",
    "NEGOTIATE_TIMEOUT_S",
    "ConnectionEnd",
    "Event",
    "EventStream",
    "Greeting",
    "QMPClient",
    "Version",
    "connect_qmp",
]
