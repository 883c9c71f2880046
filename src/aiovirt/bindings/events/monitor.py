"""Events of a hypervisor's own monitor: one message, for the registration that it names."""

from __future__ import annotations

import json
from typing import Any

from aiovirt.bindings.values import DOMAIN
from aiovirt.errors import ProtocolError
from aiovirt.model.events import MonitorEvent
from aiovirt.protocols.libvirt.tables.qemu import DOMAIN_MONITOR_EVENT, DomainMonitorEventMsg

__all__ = ["MONITOR_EVENT", "monitor_message", "read_monitor_event"]

MONITOR_EVENT = DOMAIN_MONITOR_EVENT
"""The message."""

MICROSECONDS = 1_000_000


def read_monitor_event(told: DomainMonitorEventMsg) -> MonitorEvent:
    """The event of a message.

    Raises:
        ProtocolError: Its data is no JSON object.
    """
    return MonitorEvent(
        time=told.seconds + told.micros / MICROSECONDS,
        domain=DOMAIN.read(told.dom),
        name=told.event,
        data=_data(told.details),
    )


def monitor_message(event: MonitorEvent, callback_id: int) -> DomainMonitorEventMsg:
    """The message of an event, for a registration; without data it tells none."""
    seconds, micros = divmod(round(event.time * MICROSECONDS), MICROSECONDS)
    details = json.dumps(event.data, separators=(",", ":")) if event.data else None
    dom = DOMAIN.send(event.domain)
    return DomainMonitorEventMsg(callback_id, dom, event.name, seconds, micros, details)


def _data(details: str | None) -> dict[str, Any]:
    try:
        data = json.loads(details) if details else {}
    except ValueError as error:
        raise ProtocolError(f"an event of the monitor has data that is no JSON: {error}") from error
    if not isinstance(data, dict):
        raise ProtocolError("an event of the monitor has data that is no JSON object")
    return data
