"""Displays of domains of the host in memory: whoever looks finds that nothing is shown."""

from __future__ import annotations

import os
import socket
from typing import Literal

from aiovirt.config import Graphics
from aiovirt.drivers.test.domains.base import DomainAbility
from aiovirt.drivers.test.numbers import no_such_part
from aiovirt.interfaces import Displays
from aiovirt.model.domain import DomainKey

__all__ = ["TestDisplays"]

GREETINGS = {"vnc": b"RFB 003.008\n"}
"""What a display says first."""


class TestDisplays(DomainAbility, Displays):
    """A display says its greeting and ends."""

    __test__ = False

    async def open_graphics(
        self, domain: DomainKey, *, index: int = 0, skip_auth: bool = False
    ) -> socket.socket:
        """See `Displays.open_graphics`."""
        del skip_auth
        greeting = _greeting(self._display(domain, index))
        ours, theirs = socket.socketpair()
        with ours:
            ours.sendall(greeting)
        return theirs

    async def attach_graphics(
        self, domain: DomainKey, descriptor: int, *, index: int = 0, skip_auth: bool = False
    ) -> None:
        """See `Displays.attach_graphics`."""
        del skip_auth
        greeting = _greeting(self._display(domain, index))
        with socket.socket(fileno=os.dup(descriptor)) as ours:
            ours.send(greeting, socket.MSG_DONTWAIT)

    async def reload_graphics(
        self, domain: DomainKey, *, protocol: Literal["any", "vnc"] = "any"
    ) -> None:
        """See `Displays.reload_graphics`."""
        displays = self.running(domain).config.graphics
        if not any(protocol in {"any", each.type} for each in displays):
            raise no_such_part(f"domain {domain.name!r} has no such display")

    def _display(self, domain: DomainKey, index: int) -> Graphics:
        displays = self.running(domain).config.graphics
        if not 0 <= index < len(displays):
            raise no_such_part(f"domain {domain.name!r} has {len(displays)} displays; no {index}")
        return displays[index]


def _greeting(display: Graphics) -> bytes:
    return GREETINGS.get(display.type or "", b"")
