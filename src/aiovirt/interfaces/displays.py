"""A connected socket to a domain's graphical display, wherever it is served."""

from __future__ import annotations

from socket import socket
from typing import Literal

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey

__all__ = ["Displays"]


class Displays(Ability):
    """Displays as sockets: no port, and no password if one may skip it."""

    @operation
    async def open_graphics(
        self, domain: DomainKey, *, index: int = 0, skip_auth: bool = False
    ) -> socket:
        """A socket of which the hypervisor has the other end; it is the caller's to close.

        Args:
            domain: Which domain.
            index: Which of its displays, from 0.
            skip_auth: Need no password.

        Raises:
            Unsupported: The host is not on this machine.
            NotFound: It has no such display.
            InvalidState: It does not run.
        """
        raise NotImplementedError

    @operation
    async def attach_graphics(
        self, domain: DomainKey, descriptor: int, *, index: int = 0, skip_auth: bool = False
    ) -> None:
        """Hand one end of a socket pair to the display; the descriptor stays the caller's.

        Raises as `open_graphics`, which is the newer way.
        """
        raise NotImplementedError

    @operation
    async def reload_graphics(
        self, domain: DomainKey, *, protocol: Literal["any", "vnc"] = "any"
    ) -> None:
        """Let displays read their certificates anew, without ending who looks (libvirt 10.2).

        Args:
            domain: Which domain.
            protocol: Which of its displays.

        Raises:
            InvalidState: It does not run.
            NotFound: It has no such display.
        """
        raise NotImplementedError
