"""Events: see `aiovirt.drivers.esxssh.watcher`."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from aiovirt.drivers.esxssh.context import EsxAbility
from aiovirt.interfaces import Events, EventStream

__all__ = ["EsxEvents"]


class EsxEvents(EsxAbility, Events):
    """See `Events`; what others did is told at the next look, as `synthetic`."""

    def subscribe(self, *, limit: int = 1024) -> AbstractAsyncContextManager[EventStream]:
        """See `Events.subscribe`."""
        return self.context.watcher.subscribe(limit)
