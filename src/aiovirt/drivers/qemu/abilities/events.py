"""Subscribing to what happens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from aiovirt.drivers.qemu.abilities.base import QemuAbility
from aiovirt.interfaces import Events, EventStream
from aiovirt.model.events import Event

__all__ = ["QemuEvents"]


class QemuEvents(QemuAbility, Events):
    """The engine's events. The first subscriber also gets those from before it could subscribe."""

    def subscribe(self, *, limit: int = 1024) -> AbstractAsyncContextManager[EventStream]:
        """See `Events.subscribe`."""
        return self._subscribe(limit)

    @asynccontextmanager
    async def _subscribe(self, limit: int) -> AsyncIterator[EventStream]:
        async with self._engine.events.subscribe(backlog=limit) as subscription:
            early = self._engine.take_early()
            yield _Early(early, subscription) if early else subscription


class _Early:
    """A subscription with some events put before it."""

    def __init__(self, early: Sequence[Event], rest: EventStream) -> None:
        self._early = iter(early)
        self._rest = rest

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        for event in self._early:
            return event
        return await self._rest.__anext__()
