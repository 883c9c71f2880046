"""What all abilities of one host in memory share. It knows no kind of thing by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar, TypeVarTuple, Unpack
from uuid import NAMESPACE_URL, UUID, uuid5

from aiovirt._tasks import Broadcast
from aiovirt.drivers.test.faults import Faults
from aiovirt.drivers.test.files import HostFiles
from aiovirt.model.events import ConnectionEvent, Event, EventsLost

__all__ = ["Room", "Tasks", "World"]


class Room(Protocol):
    """Things of some kind, with what holds them together, made when first asked for."""

    def __init__(self, world: World) -> None:
        """Make it, empty."""


R = TypeVar("R", bound=Room)
Args = TypeVarTuple("Args")


class Tasks(Protocol):
    """Where tasks are started: a task group, or what stands for one."""

    def start_soon(
        self,
        func: Callable[[Unpack[Args]], Coroutine[Any, Any, Any]],
        *args: *Args,
        name: object = None,
    ) -> object:
        """Start a task."""


class World:
    """A host in memory.

    Attributes:
        tasks: Where what goes on by itself runs: jobs that progress, guests that boot.
        name: What the host is called.
        now: The clock: seconds since 1970.
        events: What happens; see `publish`.
        faults: What shall go wrong.
        watched: Whether calls are counted and may go wrong.
        files: The host's files.
    """

    def __init__(
        self,
        tasks: Tasks,
        *,
        name: str = "default",
        now: Callable[[], float] = time.time,
        faults: Faults | None = None,
    ) -> None:
        self.tasks = tasks
        self.name = name
        self.now = now
        self.events: Broadcast[Event] = Broadcast(self._lost)
        self.watched = faults is not None
        self.faults = Faults(counting=False) if faults is None else faults
        self.faults.on_connection = self._connection
        self.files = HostFiles()
        self._rooms: dict[type, object] = {}
        self._made = 0

    def _lost(self, count: int) -> Event:
        return EventsLost(time=self.now(), count=count)

    def _connection(self, lost: str | None) -> None:
        self.publish(ConnectionEvent(time=self.now(), connected=lost is None, error=lost))

    def publish(self, event: Event) -> None:
        """Tell all subscribers; it never waits."""
        self.events.publish(event)

    def room(self, kind: type[R]) -> R:
        """The host's only one of that kind."""
        found = self._rooms.get(kind)
        if not isinstance(found, kind):
            found = self._rooms[kind] = kind(self)
        return found

    def new_uuid(self) -> UUID:
        """A UUID that nothing here has yet: the same ones in the same order on every such host."""
        self._made += 1
        return uuid5(NAMESPACE_URL, f"test:///{self.name}#{self._made}")
