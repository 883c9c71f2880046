"""Tickets that let programs at the consoles of domains."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from aiovirt.model.credentials import Secret

__all__ = ["ConsoleTicket", "TicketKind"]

TicketKind = Literal["webmks", "mks"]
"""VMware's words for whom it is: a browser's console by a WebSocket, or its own program's."""


@dataclass(frozen=True, slots=True)
class ConsoleTicket:
    """A ticket for a domain's console.

    Attributes:
        kind: For whom it is.
        ticket: What lets its bearer in.
        host: The host to connect to, as the server has named it.
        port: The port there.
        thumbprint: The SHA-1 of the host's certificate, or None where the server tells none.
        file: The domain's configuration file, which VMware's own console asks for.
    """

    kind: TicketKind
    ticket: Secret = field(repr=False)
    host: str
    port: int
    thumbprint: str | None
    file: str

    @property
    def url(self) -> Secret:
        """What a browser's console opens: ``wss://HOST:PORT/ticket/…``; the ticket is in it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return Secret(f"wss://{host}:{self.port}/ticket/{self.ticket.reveal()}")
