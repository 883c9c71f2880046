"""A connected socket to a domain's graphical display, wherever it is served."""

from __future__ import annotations

from socket import socket

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
