"""What a guest or its hypervisor does, as events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from aiovirt.model.events.base import DomainEvent
from aiovirt.model.params import ParamValue

if TYPE_CHECKING:
    from aiovirt.model.constants import (
        ConnectDomainEventAgentLifecycleReason,
        ConnectDomainEventAgentLifecycleState,
        DomainMemoryFailureActionType,
        DomainMemoryFailureFlags,
        DomainMemoryFailureRecipientType,
        DomainMetadataType,
    )

__all__ = [
    "AgentLifecycleEvent",
    "BalloonChangeEvent",
    "ControlEvent",
    "GraphicsEvent",
    "GraphicsPhase",
    "JobCompletedEvent",
    "MemoryFailureEvent",
    "MetadataChangeEvent",
    "MigrationIterationEvent",
    "MonitorEvent",
    "PowerEvent",
    "RTCChangeEvent",
    "RebootEvent",
    "TunableEvent",
    "WatchdogAction",
    "WatchdogEvent",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RebootEvent(DomainEvent):
    """The guest was reset, by itself or by us; the domain goes on running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RTCChangeEvent(DomainEvent):
    """The guest set its clock: `offset_s` seconds from the host's clock base."""

    offset_s: int


class WatchdogAction(IntEnum):
    """libvirt's `virDomainEventWatchdogAction`."""

    NONE = 0
    PAUSE = 1
    RESET = 2
    POWEROFF = 3
    SHUTDOWN = 4
    DEBUG = 5
    INJECT_NMI = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchdogEvent(DomainEvent):
    """The guest's watchdog ran out, and this was done about it."""

    action: WatchdogAction


class GraphicsPhase(IntEnum):
    """libvirt's `virDomainEventGraphicsPhase`."""

    CONNECT = 0
    INITIALIZE = 1
    DISCONNECT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphicsEvent(DomainEvent):
    """A VNC or SPICE client came or went.

    Attributes:
        phase: Connected, initialised or disconnected.
        protocol: ``vnc`` or ``spice``.
        local: Host and service of the server's end.
        remote: Host and service of the client's end.
        identity: SASL name or TLS name of the client, where known.
    """

    phase: GraphicsPhase
    protocol: str
    local: tuple[str, str]
    remote: tuple[str, str]
    identity: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BalloonChangeEvent(DomainEvent):
    """The guest has `actual` bytes of memory now."""

    actual: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlEvent(DomainEvent):
    """The hypervisor process stopped answering for a domain, or answers again."""

    responsive: bool
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorEvent(DomainEvent):
    """An event of the hypervisor itself, as it came (QMP's name and data)."""

    name: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerEvent(DomainEvent):
    """The guest went to sleep, or woke up (PMSUSPEND, PMSUSPEND_DISK, PMWAKEUP).

    Attributes:
        target: ``memory`` or ``disk`` for where it sleeps, or None when it woke up.
    """

    target: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TunableEvent(DomainEvent):
    """Tuning parameters were changed; `params` has the new values by libvirt's names."""

    params: Mapping[str, ParamValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLifecycleEvent(DomainEvent):
    """The guest agent came or went.

    Attributes:
        state: Connected or disconnected.
        reason: Because the domain started, or because the channel changed.
    """

    state: ConnectDomainEventAgentLifecycleState | int
    reason: ConnectDomainEventAgentLifecycleReason | int


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationIterationEvent(DomainEvent):
    """The migration of a domain began its next pass over the memory."""

    iteration: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCompletedEvent(DomainEvent):
    """A job of a domain ended; `params` has its statistics by libvirt's names."""

    params: Mapping[str, ParamValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataChangeEvent(DomainEvent):
    """The description, the title or the metadata of a namespace were changed.

    Attributes:
        type: Which of them.
        uri: The namespace, or None.
    """

    type: DomainMetadataType | int
    uri: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryFailureEvent(DomainEvent):
    """The host's memory failed below a guest.

    Attributes:
        recipient: Who was affected: the hypervisor or the guest.
        action: What was done about it.
        flags: Whether action is required, and whether it happened before.
    """

    recipient: DomainMemoryFailureRecipientType | int
    action: DomainMemoryFailureActionType | int
    flags: DomainMemoryFailureFlags | int
