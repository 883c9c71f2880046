"""Subscribing to what happens to the machines of a server."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from aiovirt.drivers.esx.session import EsxAbility
from aiovirt.interfaces import Events, EventStream

__all__ = ["EsxEvents"]


class EsxEvents(EsxAbility, Events):
    """The events of all machines that the connection is about."""

    def subscribe(self, *, limit: int = 1024) -> AbstractAsyncContextManager[EventStream]:
        """See `Events.subscribe`; alarms are watched from then on."""
        if self.session.alarms is not None:
            self.session.alarms.begin()
        return self.session.watcher.subscribe(limit)
