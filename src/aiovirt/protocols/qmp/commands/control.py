"""Commands about the machine as a whole: its state, and the ways to change it."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import msgspec

from aiovirt.protocols.qmp.commands._base import Command, Empty, Value
from aiovirt.protocols.qmp.messages import Version

__all__ = [
    "Cont",
    "InjectNmi",
    "NameInfo",
    "QueryName",
    "QueryStatus",
    "QueryUuid",
    "QueryVersion",
    "Quit",
    "StatusInfo",
    "Stop",
    "SystemPowerdown",
    "SystemReset",
    "UuidInfo",
    "VersionInfo",
    "WatchdogSetAction",
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
    result: ClassVar[object] = StatusInfo


class VersionInfo(Value, frozen=True):
    """The result of `QueryVersion`."""

    qemu: Version
    package: str


class QueryVersion(Command[VersionInfo], frozen=True):
    """QEMU's version, as the greeting has it too."""

    qmp_name: ClassVar[str] = "query-version"
    result: ClassVar[object] = VersionInfo


class Stop(Command[Empty], frozen=True):
    """Pause the vCPUs; the event ``STOP`` follows when they ran."""

    qmp_name: ClassVar[str] = "stop"


class Cont(Command[Empty], frozen=True):
    """Let the vCPUs run; the event ``RESUME`` follows."""

    qmp_name: ClassVar[str] = "cont"


class SystemReset(Command[Empty], frozen=True):
    """Reset the machine as its button does; the event ``RESET`` follows."""

    qmp_name: ClassVar[str] = "system_reset"


class SystemPowerdown(Command[Empty], frozen=True):
    """Press the power button; the guest shuts down if it likes to. Event ``POWERDOWN``."""

    qmp_name: ClassVar[str] = "system_powerdown"


class Quit(Command[Empty], frozen=True):
    """End QEMU now; the event ``SHUTDOWN`` may come before the connection ends."""

    qmp_name: ClassVar[str] = "quit"


class InjectNmi(Command[Empty], frozen=True):
    """Inject a non-maskable interrupt into the guest."""

    qmp_name: ClassVar[str] = "inject-nmi"


class WatchdogSetAction(Command[Empty], frozen=True):
    """Set what happens when the guest's watchdog runs out, such as ``reset`` or ``pause``."""

    qmp_name: ClassVar[str] = "watchdog-set-action"
    action: str


class NameInfo(Value, frozen=True):
    """The result of `QueryName`: ``-name``, or None."""

    name: str | None = None


class QueryName(Command[NameInfo], frozen=True):
    """The name that the guest was started with."""

    qmp_name: ClassVar[str] = "query-name"
    result: ClassVar[object] = NameInfo


class UuidInfo(Value, frozen=True):
    """The result of `QueryUuid`."""

    uuid: UUID = msgspec.field(name="UUID")


class QueryUuid(Command[UuidInfo], frozen=True):
    """The UUID that the guest was started with; all zeros when none was given."""

    qmp_name: ClassVar[str] = "query-uuid"
    result: ClassVar[object] = UuidInfo
