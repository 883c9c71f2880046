"""Subscribing to what happens."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from aiovirt.drivers.libvirt.abilities import LibvirtAbility
from aiovirt.interfaces import Events, EventStream

__all__ = ["LibvirtEvents"]


class LibvirtEvents(LibvirtAbility, Events):
    """See `aiovirt.drivers.libvirt.abilities`."""

    def subscribe(self, *, limit: int = 1024) -> AbstractAsyncContextManager[EventStream]:
        """See `Events.subscribe`."""
        return self._link.hub.subscribe(limit)
