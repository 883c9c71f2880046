"""What every event has, and the events of no domain."""

from __future__ import annotations

from dataclasses import dataclass

from aiovirt.model.domain import DomainKey

__all__ = [
    "ConnectionEvent",
    "DomainEvent",
    "Event",
    "EventsLost",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event has.

    Attributes:
        time: When it happened, Unix time in seconds; the hypervisor's own stamp where it has one.
        synthetic: True when it was not seen happening but concluded from a difference found
            later: after a reconnect, or when a new process adopts running guests.
    """

    time: float
    synthetic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsLost(Event):
    """The subscriber read too slowly: `count` events before this place were dropped."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent(Event):
    """Something happened to one domain."""

    domain: DomainKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEvent(Event):
    """The connection to the host was lost, or is there again.

    After a loss, what changed meanwhile follows as events that are `synthetic`, and then this.

    Attributes:
        connected: Whether it is there again.
        error: Why it was lost, or None.
    """

    connected: bool
    error: str | None = None
