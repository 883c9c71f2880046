"""The QMP client: one QEMU, spoken to by any number of tasks."""

from __future__ import annotations

from aiovirt.clients.qmp._client import ConnectionEnd, EventStream, QMPClient, connect_qmp
from aiovirt.protocols.qmp import Event, Greeting, Version

__all__ = [
    "ConnectionEnd",
    "Event",
    "EventStream",
    "Greeting",
    "QMPClient",
    "Version",
    "connect_qmp",
]
