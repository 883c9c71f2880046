"""All rows of events: by the message that came, by the event, and by what a client asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiovirt.bindings.events import domain, host
from aiovirt.bindings.events.row import EventRow, Registration
from aiovirt.model.events import Event
from aiovirt.protocols.libvirt.procedure import EventKind
from aiovirt.protocols.xdr import Struct, codec

__all__ = ["BY_MESSAGE", "ROWS", "read_event", "row_registered", "rows_of"]

ROWS: tuple[EventRow, ...] = (*domain.ROWS, *host.ROWS)

BY_MESSAGE: Mapping[tuple[int, int], tuple[EventKind[Any], EventRow]] = {
    (int(kind.program), kind.number): (kind, row) for row in ROWS for kind in row.kinds
}
"""Program and number of each message that is an event."""

_BY_EVENT: Mapping[type[Event], tuple[EventRow, ...]] = {
    kind: tuple(row for row in ROWS if row.event is kind) for kind in {row.event for row in ROWS}
}
_BY_REGISTRATION = {
    (type(row.registration), int(row.registration)): row
    for row in ROWS
    if row.registration is not None
}


def read_event(program: int, procedure: int, payload: bytes) -> Event | None:
    """The event of a message, or None for a message that is no such event.

    Raises:
        ProtocolError: The message cannot be read.
    """
    found = BY_MESSAGE.get((program, procedure))
    if found is None:
        return None
    kind, row = found
    struct: type[Struct] = kind.msg
    return row.read(codec(struct).decode(payload))


def rows_of(event: Event) -> tuple[EventRow, ...]:
    """The rows that tell an event: several where libvirt tells it in several ways, or none."""
    rows = _BY_EVENT.get(type(event), ())
    return tuple(row for row in rows if row.fields.told(event))


def row_registered(kind: type[Registration], number: int) -> EventRow | None:
    """The row that a client asks for by a number, or None when there is none."""
    return _BY_REGISTRATION.get((kind, number))
