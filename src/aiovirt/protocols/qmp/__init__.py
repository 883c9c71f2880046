"""QMP, QEMU's machine protocol: the core of both ends, without I/O, and typed commands."""

from __future__ import annotations

from aiovirt.protocols.qmp.connection import (
    DEFAULT_MAX_MESSAGE,
    NEGOTIATE,
    Connection,
    Message,
    Phase,
    Role,
)
from aiovirt.protocols.qmp.messages import (
    UNREADABLE,
    Disconnected,
    Event,
    Failure,
    Greeting,
    MessageId,
    Request,
    Success,
    Version,
)

__all__ = [
    "DEFAULT_MAX_MESSAGE",
    "NEGOTIATE",
    "UNREADABLE",
    "Connection",
    "Disconnected",
    "Event",
    "Failure",
    "Greeting",
    "Message",
    "MessageId",
    "Phase",
    "Request",
    "Role",
    "Success",
    "Version",
]
