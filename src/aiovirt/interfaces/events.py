"""What happens on a host, as an async iterator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.events import Event

__all__ = ["EventStream", "Events"]


class EventStream(Protocol):
    """The events of a host since the subscription was made."""

    def __aiter__(self) -> AsyncIterator[Event]:
        """Iterate until the subscription ends."""
        raise NotImplementedError

    async def __anext__(self) -> Event:
        """Wait for the next event.

        Raises:
            StopAsyncIteration: The driver was closed.
        """
        raise NotImplementedError


class Events(Ability):
    """Subscribing."""

    @operation
    def subscribe(self, *, limit: int = 1024) -> AbstractAsyncContextManager[EventStream]:
        """All events from the moment the block is entered.

        Args:
            limit: How many events may wait to be read. Beyond it the oldest are dropped, and an
                `EventsLost` that counts them stands in their place.
        """
        raise NotImplementedError
