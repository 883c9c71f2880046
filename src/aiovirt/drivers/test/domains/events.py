"""Subscribing to what happens on the host in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from aiovirt.drivers.test.hooks import TestAbility
from aiovirt.interfaces import Events, EventStream

__all__ = ["TestEvents"]


class TestEvents(TestAbility, Events):
    """The events of all that is there."""

    __test__ = False

    def subscribe(self, *, limit: int = 1024) -> AbstractAsyncContextManager[EventStream]:
        """See `Events.subscribe`."""
        return self._subscribe(limit)

    @asynccontextmanager
    async def _subscribe(self, limit: int) -> AsyncIterator[EventStream]:
        async with self.world.events.subscribe(backlog=limit) as subscription:
            yield subscription
