"""What one client asked to be told, and whether it may be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from aiovirt.bindings.events import EventRow
from aiovirt.daemon.events.hub import events_at
from aiovirt.daemon.service.checking import may
from aiovirt.errors import CallerError
from aiovirt.model.constants import (
    DomainEventID,
    NetworkEventID,
    NodeDeviceEventID,
    SecretEventID,
    StoragePoolEventID,
)

if TYPE_CHECKING:
    from aiovirt.daemon.service.session import Session

__all__ = ["ClientEvents", "Wish", "check_name", "events_of"]

MAX_WISHES = 10_000
"""What one client may ask to be told at most: all kinds of events of some hundred objects."""

MAX_NAME = 1024
"""Characters of what a registration keeps of the name that it is about."""

MAX_ASKED = 1024
"""Events of one client that wait for polkit at most."""

_PERMISSIONS: Mapping[type[Any], str] = {
    DomainEventID: "domain:getattr",
    NetworkEventID: "network:getattr",
    StoragePoolEventID: "storage_pool:getattr",
    NodeDeviceEventID: "node_device:getattr",
    SecretEventID: "secret:getattr",
}
"""What a client must be allowed of an object to be told what happens to it."""


class Wish:
    """One registration.

    Args:
        client: Whose.
        row: What it wants to be told.
        callback_id: The number that it knows it by, or None for one in the way of old clients.
        about: The key of the one object that it is about, or None for all.

    Raises:
        CallerError: That has a name that none has.
    """

    __slots__ = ("_about", "callback_id", "client", "permission", "row")

    def __init__(
        self, client: ClientEvents, row: EventRow, callback_id: int | None, about: object = None
    ) -> None:
        self.client = client
        self.row = row
        self.callback_id = callback_id
        self.permission = _PERMISSIONS.get(type(row.registration))
        self._about = None if about is None else _identity(about)
        if isinstance(self._about, str):
            check_name(self._about)

    def wants(self, about: object) -> bool:
        """Whether it is about this object, too."""
        return self._about is None or self._about == _identity(about)


def check_name(name: str) -> None:
    """Refuse a name that is too long to be kept. Raises CallerError."""
    if len(name) > MAX_NAME:
        raise CallerError(f"a name of {len(name)} characters: nothing has one of over {MAX_NAME}")


def _identity(key: Any) -> object:  # noqa: ANN401 - a key of any kind
    """What stays when an object is renamed, where there is such."""
    return getattr(key, "uuid", None) or key.name


class ClientEvents:
    """The registrations of one client; `events_of` gives them."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.numbered: dict[int, Wish] = {}
        self.plain: dict[EventRow, Wish] = {}
        self.monitors: dict[int, anyio.CancelScope] = {}
        self._last = 0
        self._asking: MemoryObjectSendStream[tuple[Wish, bytes, object]] | None = None
        session.on_close(self.drop_all)

    def next_id(self) -> int:
        """A number for a registration.

        Raises:
            CallerError: There are too many.
        """
        if len(self.numbered) + len(self.monitors) >= MAX_WISHES:
            raise CallerError(f"a client may have {MAX_WISHES} callbacks, and has them already")
        self._last += 1
        return self._last

    def add(self, wish: Wish) -> None:
        """Keep a registration, and let the host's events come."""
        if wish.callback_id is None:
            self.plain[wish.row] = wish
        else:
            self.numbered[wish.callback_id] = wish
        events_at(self.session.opened_host()).add(wish)

    def remove(self, wish: Wish) -> None:
        """Take a registration back."""
        if wish.callback_id is None:
            self.plain.pop(wish.row, None)
        else:
            self.numbered.pop(wish.callback_id, None)
        events_at(self.session.opened_host()).remove(wish)

    async def drop_all(self) -> None:
        """The client has gone, or has closed what it opened."""
        for wish in (*self.numbered.values(), *self.plain.values()):
            self.remove(wish)
        for scope in self.monitors.values():
            scope.cancel()
        self.session.data.pop(ClientEvents, None)

    # --- telling --------------------------------------------------------------------------------

    def tell(self, wish: Wish, packet: bytes, about: object) -> None:
        """Send a message, if the client may know of what it is about."""
        grants = self.session.grants
        if wish.permission is None or grants.everything:
            self.session.send(packet)
        elif grants.asks:
            self._ask(wish, packet, about)
        elif grants.allows(wish.permission, about):
            self.session.send(packet)

    def _ask(self, wish: Wish, packet: bytes, about: object) -> None:
        """Let polkit decide, one after the other, so that they stay in order."""
        if self._asking is None:
            self._asking, receive = anyio.create_memory_object_stream[tuple[Wish, bytes, object]](
                MAX_ASKED
            )
            self.session.tasks.start_soon(self._tell_allowed, self._asking, receive)
        try:
            self._asking.send_nowait((wish, packet, about))
        except anyio.WouldBlock:
            self.session.drop(f"{MAX_ASKED} events wait for polkit to say whether it may have them")

    async def _tell_allowed(
        self,
        send: MemoryObjectSendStream[tuple[Wish, bytes, object]],
        receive: MemoryObjectReceiveStream[tuple[Wish, bytes, object]],
    ) -> None:
        session = self.session
        async with send, receive:
            async for wish, packet, about in receive:
                if await may(session, wish.permission or "", about):
                    session.send(packet)


def events_of(session: Session) -> ClientEvents:
    """The registrations of a client."""
    found = session.data.get(ClientEvents)
    if found is None:
        found = session.data[ClientEvents] = ClientEvents(session)
    client: ClientEvents = found
    return client
