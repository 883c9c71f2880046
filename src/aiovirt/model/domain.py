"""What a domain is and what state it is in. The words and their order are libvirt's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Literal, NoReturn, Protocol, final
from uuid import UUID

__all__ = [
    "Control",
    "ControlInfo",
    "ControlState",
    "DomainInfo",
    "DomainKey",
    "DomainRecord",
    "DomainState",
    "LifecycleAction",
    "LifecycleOccasion",
    "ShutdownMode",
    "StateReason",
    "state_reason",
]

ShutdownMode = Literal["acpi", "agent", "initctl", "signal", "paravirt"]
"""A way to ask a guest to end."""

LifecycleOccasion = Literal["poweroff", "reboot", "crash"]
LifecycleAction = Literal[
    "destroy", "restart", "rename-restart", "preserve", "coredump-destroy", "coredump-restart"
]


class _OnWire(Protocol):
    """How a wire names a domain."""

    @property
    def uuid(self) -> bytes: ...

    @property
    def name(self) -> str: ...


@final
class DomainKey:
    """What identifies a domain on its host: the UUID for ever, the name until it is renamed.

    It does not change, and is equal to another of the same UUID and name.  One that came along a
    wire makes its UUID when that is first asked for: lists of thousands hardly ever do.
    """

    __match_args__ = ("uuid", "name")
    __slots__ = ("_uuid", "name")

    name: str
    _uuid: UUID | bytes

    def __init__(self, uuid: UUID, name: str) -> None:
        _set_uuid(self, uuid)
        _set_name(self, name)

    @staticmethod
    def from_wire(wire: _OnWire) -> DomainKey:
        """The key of what has a UUID of 16 bytes, and a name."""
        made = _new(DomainKey)
        _set_uuid(made, wire.uuid)
        _set_name(made, wire.name)
        return made

    @property
    def uuid(self) -> UUID:
        """The UUID."""
        uuid = self._uuid
        if isinstance(uuid, bytes):
            uuid = UUID(bytes=uuid)
            _set_uuid(self, uuid)
        return uuid

    @property
    def uuid_bytes(self) -> bytes:
        """The UUID's 16 bytes, as a wire has them."""
        uuid = self._uuid
        return uuid if isinstance(uuid, bytes) else uuid.bytes

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a DomainKey does not change: {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a DomainKey does not change: {name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DomainKey):
            return NotImplemented
        return self.name == other.name and self.uuid == other.uuid

    def __hash__(self) -> int:
        return hash((self.uuid, self.name))

    def __repr__(self) -> str:
        return f"DomainKey(uuid={self.uuid!r}, name={self.name!r})"

    def __reduce__(self) -> tuple[type[DomainKey], tuple[UUID, str]]:
        return DomainKey, (self.uuid, self.name)


_new = object.__new__
_set_uuid, _set_name = vars(DomainKey)["_uuid"].__set__, vars(DomainKey)["name"].__set__


class DomainState(IntEnum):
    """libvirt's `virDomainState`, with its numbers."""

    NO_STATE = 0
    RUNNING = 1
    BLOCKED = 2
    PAUSED = 3
    SHUTDOWN = 4
    SHUTOFF = 5
    CRASHED = 6
    PM_SUSPENDED = 7

    @property
    def label(self) -> str:
        """The word virsh shows, such as ``shut off``."""
        return _LABELS[self]

    @property
    def active(self) -> bool:
        """Whether there is a running hypervisor process or its like behind it."""
        return self not in {DomainState.SHUTOFF, DomainState.CRASHED, DomainState.NO_STATE}


_LABELS = {
    DomainState.NO_STATE: "no state",
    DomainState.RUNNING: "running",
    DomainState.BLOCKED: "idle",
    DomainState.PAUSED: "paused",
    DomainState.SHUTDOWN: "in shutdown",
    DomainState.SHUTOFF: "shut off",
    DomainState.CRASHED: "crashed",
    DomainState.PM_SUSPENDED: "pmsuspended",
}


class StateReason(Enum):
    """Why a domain is in its state: the state, libvirt's number, and the word virsh shows.

    Source: the `virDomain*Reason` enumerations of libvirt-domain.h.
    """

    def __init__(self, state: DomainState, number: int, label: str) -> None:
        self.state = state
        self.number = number
        self.label = label

    NO_STATE = (DomainState.NO_STATE, 0, "unknown")

    RUNNING_UNKNOWN = (DomainState.RUNNING, 0, "unknown")
    RUNNING_BOOTED = (DomainState.RUNNING, 1, "booted")
    RUNNING_MIGRATED = (DomainState.RUNNING, 2, "migrated")
    RUNNING_RESTORED = (DomainState.RUNNING, 3, "restored")
    RUNNING_FROM_SNAPSHOT = (DomainState.RUNNING, 4, "from snapshot")
    RUNNING_UNPAUSED = (DomainState.RUNNING, 5, "unpaused")
    RUNNING_MIGRATION_CANCELED = (DomainState.RUNNING, 6, "migration canceled")
    RUNNING_SAVE_CANCELED = (DomainState.RUNNING, 7, "save canceled")
    RUNNING_WAKEUP = (DomainState.RUNNING, 8, "event wakeup")
    RUNNING_CRASHED = (DomainState.RUNNING, 9, "crashed")
    RUNNING_POSTCOPY = (DomainState.RUNNING, 10, "post-copy")
    RUNNING_POSTCOPY_FAILED = (DomainState.RUNNING, 11, "post-copy failed")

    BLOCKED_UNKNOWN = (DomainState.BLOCKED, 0, "unknown")

    PAUSED_UNKNOWN = (DomainState.PAUSED, 0, "unknown")
    PAUSED_USER = (DomainState.PAUSED, 1, "user")
    PAUSED_MIGRATION = (DomainState.PAUSED, 2, "migrating")
    PAUSED_SAVE = (DomainState.PAUSED, 3, "saving")
    PAUSED_DUMP = (DomainState.PAUSED, 4, "dumping")
    PAUSED_IO_ERROR = (DomainState.PAUSED, 5, "I/O error")
    PAUSED_WATCHDOG = (DomainState.PAUSED, 6, "watchdog")
    PAUSED_FROM_SNAPSHOT = (DomainState.PAUSED, 7, "from snapshot")
    PAUSED_SHUTTING_DOWN = (DomainState.PAUSED, 8, "shutting down")
    PAUSED_SNAPSHOT = (DomainState.PAUSED, 9, "creating snapshot")
    PAUSED_CRASHED = (DomainState.PAUSED, 10, "crashed")
    PAUSED_STARTING_UP = (DomainState.PAUSED, 11, "starting up")
    PAUSED_POSTCOPY = (DomainState.PAUSED, 12, "post-copy")
    PAUSED_POSTCOPY_FAILED = (DomainState.PAUSED, 13, "post-copy failed")
    PAUSED_API_ERROR = (DomainState.PAUSED, 14, "api error")

    SHUTDOWN_UNKNOWN = (DomainState.SHUTDOWN, 0, "unknown")
    SHUTDOWN_USER = (DomainState.SHUTDOWN, 1, "user")

    SHUTOFF_UNKNOWN = (DomainState.SHUTOFF, 0, "unknown")
    SHUTOFF_SHUTDOWN = (DomainState.SHUTOFF, 1, "shutdown")
    SHUTOFF_DESTROYED = (DomainState.SHUTOFF, 2, "destroyed")
    SHUTOFF_CRASHED = (DomainState.SHUTOFF, 3, "crashed")
    SHUTOFF_MIGRATED = (DomainState.SHUTOFF, 4, "migrated")
    SHUTOFF_SAVED = (DomainState.SHUTOFF, 5, "saved")
    SHUTOFF_FAILED = (DomainState.SHUTOFF, 6, "failed")
    SHUTOFF_FROM_SNAPSHOT = (DomainState.SHUTOFF, 7, "from snapshot")
    SHUTOFF_DAEMON = (DomainState.SHUTOFF, 8, "daemon")

    CRASHED_UNKNOWN = (DomainState.CRASHED, 0, "unknown")
    CRASHED_PANICKED = (DomainState.CRASHED, 1, "panicked")

    PM_SUSPENDED_UNKNOWN = (DomainState.PM_SUSPENDED, 0, "unknown")


_REASONS: dict[tuple[object, object], StateReason] = {
    (reason.state, reason.number): reason for reason in StateReason
}
_STATES: dict[object, DomainState] = {int(state): state for state in DomainState}


def state_reason(state: object, reason: object) -> StateReason:
    """The state with its reason, by libvirt's numbers; one that is not known is "unknown"."""
    known = _STATES.get(state, DomainState.NO_STATE)
    return _REASONS.get((known, reason)) or _REASONS[known, 0]


class Control(Enum):
    """Whether the hypervisor answers for a domain; libvirt's `virDomainControlState`."""

    OK = "ok"
    JOB = "job"
    OCCUPIED = "occupied"
    UNRESPONSIVE = "unresponsive"


@dataclass(frozen=True, slots=True)
class ControlInfo:
    """What libvirt tells of a domain's control interface.

    Attributes:
        control: Whether it can be used now.
        details: libvirt's number of the reason when it is unresponsive, else 0.
        duration_ms: For how long it has been occupied, in milliseconds.
    """

    control: Control
    details: int = 0
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class ControlState:
    """Whether a domain's hypervisor process answers, and if not, since when.

    Attributes:
        control: What is known.
        since: Unix time in seconds of the first call that went unanswered, or None.
        last_error: The text of the last error, or None.
    """

    control: Control = Control.OK
    since: float | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class DomainRecord:
    """One line of a listing: answered from what is known, without asking the domain.

    Attributes:
        key: UUID and name.
        id: The number of the running instance, or None when it is not active.
        reason: The state, with its reason.
        persistent: Whether its configuration stays after it stops.
        autostart: Whether it starts with the host.
        control: Whether the hypervisor answers for it.
    """

    key: DomainKey
    id: int | None
    reason: StateReason
    persistent: bool = True
    autostart: bool = False
    control: ControlState = ControlState()

    @property
    def state(self) -> DomainState:
        """The state without its reason."""
        return self.reason.state


@dataclass(frozen=True, slots=True)
class DomainInfo:
    """What `virDomainGetInfo` tells.

    Attributes:
        state: The state.
        max_memory: Memory that the guest may have, in bytes.
        memory: Memory that the guest has now, in bytes.
        vcpus: Virtual processors now.
        cpu_time_ns: Processor time used by the running instance, in nanoseconds.
    """

    state: DomainState
    max_memory: int
    memory: int
    vcpus: int
    cpu_time_ns: int
