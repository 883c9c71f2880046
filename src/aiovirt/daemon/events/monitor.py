"""Events of the hypervisors' own monitors: each registration is a subscription of its own."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import TaskStatus

from aiovirt.bindings.events import MONITOR_EVENT, monitor_message
from aiovirt.bindings.values import DOMAIN
from aiovirt.daemon.events.client import ClientEvents, check_name, events_of
from aiovirt.daemon.service.checking import may
from aiovirt.daemon.service.handler import Handler
from aiovirt.errors import AiovirtError, CallerError
from aiovirt.interfaces import EventStream, Monitor
from aiovirt.model.constants import ConnectDomainQemuMonitorEventRegisterFlags
from aiovirt.model.events import EventsLost, MonitorEvent
from aiovirt.protocols.libvirt.procedure import Empty, Procedure
from aiovirt.protocols.libvirt.tables import qemu as p
from aiovirt.protocols.xdr import EncodeError, Struct

if TYPE_CHECKING:
    from aiovirt.daemon.service.session import Session

__all__ = ["HANDLERS"]

log = logging.getLogger("aiovirt.daemon.events")


async def _register(session: Session, args: p.ConnectDomainMonitorEventRegisterArgs) -> Struct:
    check_name(args.event or "")
    check_name("" if args.dom is None else args.dom.name)
    events = session.ability(Monitor).monitor_events(
        None if args.dom is None else DOMAIN.read(args.dom),
        args.event,
        flags=ConnectDomainQemuMonitorEventRegisterFlags(args.flags),
    )
    client = events_of(session)
    number = client.next_id()
    await session.tasks.start(_tell, client, number, events)
    return p.ConnectDomainMonitorEventRegisterRet(number)


async def _deregister(session: Session, args: p.ConnectDomainMonitorEventDeregisterArgs) -> Struct:
    scope = events_of(session).monitors.get(args.callback_id)
    if scope is None:
        raise CallerError(f"monitor event callback {args.callback_id} is not registered")
    scope.cancel()
    return Empty()


async def _tell(
    client: ClientEvents,
    number: int,
    events: AbstractAsyncContextManager[EventStream],
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Tell the client until it wants no more; an error before it has begun is the call's."""
    begun = False
    with anyio.CancelScope() as scope:
        try:
            async with events as stream:
                client.monitors[number] = scope
                begun = True
                task_status.started()
                await _tell_all(client.session, number, stream)
        except AiovirtError as error:
            if not begun:
                raise
            log.warning("events of a monitor for client %d ended: %s", client.session.id, error)
        finally:
            client.monitors.pop(number, None)


async def _tell_all(session: Session, number: int, stream: EventStream) -> None:
    async for event in stream:
        if isinstance(event, MonitorEvent):
            await _send(session, number, event)
        elif isinstance(event, EventsLost):
            log.warning("%d events of monitors were lost", event.count)


async def _send(session: Session, number: int, event: MonitorEvent) -> None:
    if await may(session, "domain:getattr", event.domain):
        try:
            packet = session.core.message(MONITOR_EVENT, monitor_message(event, number))
        except EncodeError as error:
            log.warning("the event %s cannot be told: %s", event.name, error)
            return
        session.send(packet)


HANDLERS: Mapping[Procedure[Any, Any], Handler] = {
    p.CONNECT_DOMAIN_MONITOR_EVENT_REGISTER: _register,
    p.CONNECT_DOMAIN_MONITOR_EVENT_DEREGISTER: _deregister,
}
"""What answers the procedures about monitors' events."""
