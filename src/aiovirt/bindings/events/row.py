"""What a row of an event is: its class, its messages, and how the one becomes the other.

An event has up to two messages: the one of clients that registered without callbacks, as all did
before libvirt 1.3.3, and the one that begins with the number of the callback that it is for.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from aiovirt.bindings.values import (
    DOMAIN,
    NETWORK,
    NODE_DEVICE,
    PLAIN,
    POOL,
    SECRET,
    Value,
)
from aiovirt.errors import ProtocolError
from aiovirt.model.constants import (
    DomainEventID,
    NetworkEventID,
    NodeDeviceEventID,
    SecretEventID,
    StoragePoolEventID,
)
from aiovirt.model.events import Event
from aiovirt.protocols.libvirt.packets import HEADER_SIZE, PacketStatus, PacketType, encode_parts
from aiovirt.protocols.libvirt.procedure import EventKind
from aiovirt.protocols.libvirt.tables.programs import PROGRAM_VERSION
from aiovirt.protocols.libvirt.tables.structs import Domain
from aiovirt.protocols.xdr import Struct, codec

__all__ = ["SUBJECTS", "EventRow", "Fields", "Registration", "addressed", "as_fields"]

Registration: TypeAlias = (
    DomainEventID | NetworkEventID | StoragePoolEventID | NodeDeviceEventID | SecretEventID
)
"""By which number, and of which kind of thing, clients ask for an event."""


class Subject(NamedTuple):
    """What events of one kind are about.

    Attributes:
        attribute: The event's attribute that names it.
        wire: The field that does, of the message and of the call that asks for the events.
        value: How it is sent.
    """

    attribute: str
    wire: str
    value: Value


SUBJECTS: Mapping[type[Any], Subject] = {
    DomainEventID: Subject("domain", "dom", DOMAIN),
    NetworkEventID: Subject("network", "net", NETWORK),
    StoragePoolEventID: Subject("pool", "pool", POOL),
    NodeDeviceEventID: Subject("device", "dev", NODE_DEVICE),
    SecretEventID: Subject("secret", "secret", SECRET),
}
"""By the kind of registration."""

_CALLBACK = struct.Struct(">i")
_AFTER_CALLBACK = HEADER_SIZE + _CALLBACK.size


@dataclass(frozen=True, slots=True)
class Fields:
    """How the attributes of an event are the fields of a message, its subject aside.

    Attributes:
        read: From the message to the attributes.
        write: From the event to the fields.
        told: Whether the message can tell this event at all.
    """

    read: Callable[[Any], dict[str, Any]]
    write: Callable[[Any], dict[str, Any]]
    told: Callable[[Any], bool] = lambda _event: True


def as_fields(
    *,
    always: Mapping[str, object] | None = None,
    unused: Mapping[str, object] | None = None,
    **names: str | tuple[str, Value],
) -> Fields:
    """Attributes that are one field each.

    Args:
        always: Attributes that the message stands for by being this message.
        unused: Fields that tell nothing, and what is sent in them.
        names: For each other attribute the field, and how it is sent unless it is the same.
    """
    implied, idle = dict(always or {}), dict(unused or {})
    pairs = [
        (attribute, *(item if isinstance(item, tuple) else (item, PLAIN)))
        for attribute, item in names.items()
    ]

    def read(msg: Struct) -> dict[str, Any]:
        return implied | {name: value.read(getattr(msg, wire)) for name, wire, value in pairs}

    def write(event: Event) -> dict[str, Any]:
        return idle | {wire: value.send(getattr(event, name)) for name, wire, value in pairs}

    def told(event: Event) -> bool:
        return all(getattr(event, name) == value for name, value in implied.items())

    return Fields(read, write, told)


@dataclass(frozen=True, slots=True)
class EventRow:
    """One row.

    Attributes:
        event: The event's class.
        registration: By which a client asks for it; None for what is asked for in its own way.
        plain: The message without a callback's number, or None.
        callback: The message with one, or None.
        fields: How attributes are fields.
    """

    event: type[Event]
    registration: Registration | None
    plain: EventKind[Any] | None
    callback: EventKind[Any] | None
    fields: Fields = field(default_factory=as_fields)

    @property
    def kinds(self) -> tuple[EventKind[Any], ...]:
        """The messages that there are."""
        return tuple(kind for kind in (self.plain, self.callback) if kind is not None)

    def subject(self, event: Event) -> Any:  # noqa: ANN401 - a key of any kind
        """The key of what the event is about, or None."""
        if self.registration is None:
            return None
        return getattr(event, SUBJECTS[type(self.registration)].attribute)

    def read(self, told: Any) -> Event:  # noqa: ANN401 - a struct of any of its messages
        """The event of a message.

        Raises:
            ProtocolError: It tells what there is no word for.
        """
        msg = getattr(told, "msg", told)
        common: dict[str, Any] = {"time": time.time()}
        if self.registration is not None:
            attribute, wire, value = SUBJECTS[type(self.registration)]
            common[attribute] = value.read(getattr(msg, wire))
        try:
            return self.event(**common, **self.fields.read(msg))
        except ValueError as error:
            name = self.event.__name__
            raise ProtocolError(f"{name}: the server tells what is not known: {error}") from error

    def message(self, event: Event, callback_id: int | None = None, *, number: int = -1) -> Struct:
        """The message of an event.

        Args:
            event: The event.
            callback_id: The callback's number, or None for the plain message.
            number: The number of the domain that it is about, or -1 when it does not run.

        Raises:
            KeyError: There is no such message.
        """
        body = self.fields.write(event)
        if self.registration is not None:
            attribute, wire, value = SUBJECTS[type(self.registration)]
            key = getattr(event, attribute)
            domain = value is DOMAIN
            body[wire] = Domain(key.name, key.uuid_bytes, number) if domain else value.send(key)
        kind: type[Struct] = self._kind(with_callback=callback_id is not None).msg
        if callback_id is None:
            return kind(**body)
        if self.plain is None:
            return kind(**{"callback_id": callback_id, **body})
        parts = {"callback_id": callback_id, "msg": self.plain.msg(**body)}
        # The reasons of going to sleep and waking up: libvirt has only one, and never tells it.
        idle = {name: 0 for name in kind.__struct_fields__ if name not in parts}
        return kind(**parts, **idle)

    def packet(self, event: Event, *, with_callback: bool, number: int = -1) -> bytes:
        """The packet of an event; for a client, `addressed` puts its callback's number in.

        Args:
            event: The event.
            with_callback: Whether it is the message that names a callback.
            number: As for `message`.

        Raises:
            EncodeError: It tells what does not fit.
            KeyError: There is no such message.
        """
        kind = self._kind(with_callback=with_callback)
        msg = self.message(event, 0 if with_callback else None, number=number)
        return encode_parts(
            kind.program,
            PROGRAM_VERSION,
            kind.number,
            PacketType.MESSAGE,
            0,
            PacketStatus.OK,
            codec(kind.msg).encode(msg),
        )

    def _kind(self, *, with_callback: bool) -> EventKind[Any]:
        kind = self.callback if with_callback else self.plain
        if kind is None:
            raise KeyError(f"{self.event.__name__} has no such message")
        return kind


def addressed(packet: bytes, callback_id: int) -> bytes:
    """A packet of `EventRow.packet` for a callback: its number stands first in all of them."""
    return packet[:HEADER_SIZE] + _CALLBACK.pack(callback_id) + packet[_AFTER_CALLBACK:]
