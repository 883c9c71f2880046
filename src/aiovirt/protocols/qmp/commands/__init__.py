"""Typed QMP commands and their results: those that aiovirt itself uses."""

from __future__ import annotations

from aiovirt.protocols.qmp.commands._base import Command, Empty, Value
from aiovirt.protocols.qmp.commands.control import (
    Cont,
    QueryStatus,
    QueryVersion,
    Quit,
    StatusInfo,
    Stop,
    SystemPowerdown,
    SystemReset,
    VersionInfo,
)

__all__ = [
    "Command",
    "Cont",
    "Empty",
    "QueryStatus",
    "QueryVersion",
    "Quit",
    "StatusInfo",
    "Stop",
    "SystemPowerdown",
    "SystemReset",
    "Value",
    "VersionInfo",
]
