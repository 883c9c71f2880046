"""Commands about the machine as a whole: its state, and what QEMU itself is."""

from __future__ import annotations

from typing import ClassVar

from aiovirt.protocols.qmp.commands._base import Command, Empty, Value
from aiovirt.protocols.qmp.messages import Version

__all__ = [
    "Cont",
    "QueryStatus",
    "QueryVersion",
    "Quit",
    "StatusInfo",
    "Stop",
    "SystemPowerdown",
    "SystemReset",
    "VersionInfo",
]


class StatusInfo(Value, frozen=True):
    """The result of `QueryStatus`.

    Attributes:
        status: QEMU's RunState, such as ``running``, ``paused``, ``prelaunch`` or ``shutdown``.
        running: Whether vCPUs run.
    """

    status: str
    running: bool


class QueryStatus(Command[StatusInfo], frozen=True):
    """Whether the guest runs, and why not."""

    qmp_name: ClassVar[str] = "query-status"
    result: ClassVar[type] = StatusInfo


class VersionInfo(Value, frozen=True):
    """The result of `QueryVersion`."""

    qemu: Version
    package: str


class QueryVersion(Command[VersionInfo], frozen=True):
    """QEMU's version, as the greeting has it too."""

    qmp_name: ClassVar[str] = "query-version"
    result: ClassVar[type] = VersionInfo


class Stop(Command[Empty], frozen=True):
    """Pause the vCPUs; the event ``STOP`` follows when they ran."""

    qmp_name: ClassVar[str] = "stop"
    result: ClassVar[type] = Empty


class Cont(Command[Empty], frozen=True):
    """Let the vCPUs run; the event ``RESUME`` follows."""

    qmp_name: ClassVar[str] = "cont"
    result: ClassVar[type] = Empty


class SystemReset(Command[Empty], frozen=True):
    """Reset the machine as its button does; the event ``RESET`` follows."""

    qmp_name: ClassVar[str] = "system_reset"
    result: ClassVar[type] = Empty


class SystemPowerdown(Command[Empty], frozen=True):
    """Press the power button; the guest shuts down if it likes to. Event ``POWERDOWN``."""

    qmp_name: ClassVar[str] = "system_powerdown"
    result: ClassVar[type] = Empty


class Quit(Command[Empty], frozen=True):
    """End QEMU now; the event ``SHUTDOWN`` may come before the connection ends."""

    qmp_name: ClassVar[str] = "quit"
    result: ClassVar[type] = Empty
