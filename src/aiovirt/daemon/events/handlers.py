"""The procedures by which clients ask to be told of events, in all the ways that libvirt has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiovirt.bindings.events import SUBJECTS, EventRow, Registration, row_registered
from aiovirt.daemon.events.client import Wish, events_of
from aiovirt.daemon.events.hub import begin
from aiovirt.daemon.service.handler import Handler
from aiovirt.errors import CallerError
from aiovirt.model.constants import (
    DomainEventID,
    NetworkEventID,
    NodeDeviceEventID,
    SecretEventID,
    StoragePoolEventID,
)
from aiovirt.protocols.libvirt.procedure import Empty, Procedure
from aiovirt.protocols.libvirt.tables import connect as p
from aiovirt.protocols.libvirt.tables import domain_events as d
from aiovirt.protocols.xdr import Struct

if TYPE_CHECKING:
    from aiovirt.daemon.service.session import Session

__all__ = ["HANDLERS"]


def _row(kind: type[Registration], number: int) -> EventRow:
    row = row_registered(kind, number)
    if row is None:
        raise CallerError(f"unsupported event ID {number}")
    return row


# --- with callbacks -------------------------------------------------------------------------------


def _register(kind: type[Registration], procedure: Procedure[Any, Any]) -> Handler:
    subject = SUBJECTS[kind]

    async def register(session: Session, args: Any) -> Struct:  # noqa: ANN401 - of any of them
        row = _row(kind, args.event_id)
        wire = getattr(args, subject.wire)
        await begin(session)
        client = events_of(session)
        number = client.next_id()
        client.add(Wish(client, row, number, None if wire is None else subject.value.read(wire)))
        reply: Struct = procedure.ret(number)
        return reply

    return register


def _deregister(kind: type[Registration], what: str) -> Handler:
    async def deregister(session: Session, args: Any) -> Struct:  # noqa: ANN401 - of any of them
        client = events_of(session)
        wish = client.numbered.get(args.callback_id)
        if wish is None or not isinstance(wish.row.registration, kind):
            raise CallerError(f"{what} event callback {args.callback_id} is not registered")
        client.remove(wish)
        return Empty()

    return deregister


# --- as old clients do it: one registration of a kind, without a number ---------------------------


async def _register_plain(session: Session, number: int) -> None:
    row = _row(DomainEventID, number)
    if row.plain is None:
        raise CallerError(f"the event ID {number} is told only to clients with callbacks")
    client = events_of(session)
    if row in client.plain:
        raise CallerError(f"domain event {number} already registered")
    await begin(session)
    client.add(Wish(client, row, None))


def _deregister_plain(session: Session, number: int) -> None:
    client = events_of(session)
    wish = client.plain.get(_row(DomainEventID, number))
    if wish is None:
        raise CallerError(f"domain event {number} not registered")
    client.remove(wish)


async def _register_any(session: Session, args: d.ConnectDomainEventRegisterAnyArgs) -> Struct:
    await _register_plain(session, args.event_id)
    return Empty()


async def _deregister_any(session: Session, args: d.ConnectDomainEventDeregisterAnyArgs) -> Struct:
    _deregister_plain(session, args.event_id)
    return Empty()


async def _register_lifecycle(session: Session, _args: Empty) -> Struct:
    await _register_plain(session, DomainEventID.LIFECYCLE)
    return d.ConnectDomainEventRegisterRet(1)


async def _deregister_lifecycle(session: Session, _args: Empty) -> Struct:
    _deregister_plain(session, DomainEventID.LIFECYCLE)
    return d.ConnectDomainEventDeregisterRet(0)


_KINDS: tuple[tuple[type[Registration], str, Procedure[Any, Any], Procedure[Any, Any]], ...] = (
    (
        DomainEventID,
        "domain",
        d.CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY,
        d.CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY,
    ),
    (
        NetworkEventID,
        "network",
        p.CONNECT_NETWORK_EVENT_REGISTER_ANY,
        p.CONNECT_NETWORK_EVENT_DEREGISTER_ANY,
    ),
    (
        StoragePoolEventID,
        "storage pool",
        p.CONNECT_STORAGE_POOL_EVENT_REGISTER_ANY,
        p.CONNECT_STORAGE_POOL_EVENT_DEREGISTER_ANY,
    ),
    (
        NodeDeviceEventID,
        "node device",
        p.CONNECT_NODE_DEVICE_EVENT_REGISTER_ANY,
        p.CONNECT_NODE_DEVICE_EVENT_DEREGISTER_ANY,
    ),
    (
        SecretEventID,
        "secret",
        p.CONNECT_SECRET_EVENT_REGISTER_ANY,
        p.CONNECT_SECRET_EVENT_DEREGISTER_ANY,
    ),
)

HANDLERS: Mapping[Procedure[Any, Any], Handler] = {
    d.CONNECT_DOMAIN_EVENT_REGISTER: _register_lifecycle,
    d.CONNECT_DOMAIN_EVENT_DEREGISTER: _deregister_lifecycle,
    d.CONNECT_DOMAIN_EVENT_REGISTER_ANY: _register_any,
    d.CONNECT_DOMAIN_EVENT_DEREGISTER_ANY: _deregister_any,
    **{ask: _register(kind, ask) for kind, _, ask, _ in _KINDS},
    **{end: _deregister(kind, what) for kind, what, _, end in _KINDS},
}
"""What answers the procedures about events."""
